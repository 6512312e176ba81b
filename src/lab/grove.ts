import type { RingView } from '../memory/record.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { Recovery, Report, StoryLine, VitalSigns } from './report.ts';

export type GrovePhase = 'idle' | 'spawning' | 'running' | 'paused' | 'stopped' | 'failed';

/** A thing the visitor can break. Durations in milliseconds. */
export type Fault =
  | { readonly type: 'kill'; readonly node: number }
  | { readonly type: 'pause'; readonly node: number; readonly forMs: number }
  | {
      readonly type: 'link';
      readonly from: number;
      readonly to: number;
      /** Chance in [0, 1] that a frame is lost. */
      readonly loss: number;
      readonly delayMs: number;
      readonly forMs: number;
    }
  | {
      readonly type: 'provider';
      /** Latencies are multiplied by this (>= 1). */
      readonly slowdown: number;
      /** Chance in [0, 1] that a request fails with a 503. */
      readonly failing: number;
      readonly forMs: number;
    };

export interface NodeView {
  readonly id: number;
  readonly region: string;
  readonly state: 'spawning' | 'planting' | 'up' | 'suspect' | 'paused' | 'dead';
  readonly incarnation: number;
  readonly agents: readonly string[];
  /** Messages accepted and not yet dealt with. */
  readonly inbox: number;
  readonly memories: number;
  /** Answers given so far by agents of this node. */
  readonly answers: number;
}

/** Messages that crossed a link since the last snapshot. Node 0 is the gate, where questions enter. */
export interface LinkActivity {
  readonly from: number;
  readonly to: number;
  readonly messages: number;
}

/** One second of the run. Counts are of that second; percentiles in ms, null where nothing was measured. */
export interface SeriesPoint {
  /** Second of the run, from 0. */
  readonly second: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  /** Questions that arrived and answers given. */
  readonly asked: number;
  readonly answered: number;
  readonly failed: number;
  /** Bus messages delivered. */
  readonly messages: number;
  /** Use of each limit in [0, 1], averaged over the last minute, in the order of `ProviderView.limits`. */
  readonly limitUse: readonly number[];
  readonly cacheHits: number;
  readonly cacheMisses: number;
}

export interface ProviderView {
  readonly profile: string;
  readonly limits: readonly {
    /** e.g. `requests/min`. */
    readonly name: string;
    readonly limit: number;
    /** Charged over the last 60 s (for concurrency: in flight now). */
    readonly used: number;
  }[];
  /** Requests waiting for the quota. */
  readonly queued: number;
  readonly inFlight: number;
  readonly cacheHits: number;
  readonly cacheMisses: number;
}

/** All that the page draws, taken at one moment. Plain data, structured-cloneable. */
export interface GroveSnapshot {
  readonly phase: GrovePhase;
  /** Why, when `failed`: what happened, why, what to do next. */
  readonly problem: string | null;
  readonly atMs: number;
  /** Questions a second that the gate sends now. */
  readonly ratePerS: number;
  readonly corpus: { readonly name: string; readonly credit: string; readonly documents: number };
  /** Whether this grove came back from crash memory, and how much came with it. */
  readonly resumed: { readonly memories: number; readonly messages: number } | null;
  readonly progress: {
    readonly workersUp: number;
    readonly workersWanted: number;
    readonly agentsReady: number;
    readonly agentsWanted: number;
    readonly memories: number;
  };
  readonly startUp: Report['startUp'];
  readonly vitalSigns: VitalSigns;
  readonly nodes: readonly NodeView[];
  readonly links: readonly LinkActivity[];
  /** At most the last 180 seconds, oldest first. */
  readonly series: readonly SeriesPoint[];
  readonly provider: ProviderView;
  /** At most the last 200 lines, oldest first. */
  readonly story: readonly StoryLine[];
  readonly recoveries: readonly Recovery[];
  /** Questions under way and answered, newest last, at most 20. Automatic ones are sampled; the visitor's are all here. */
  readonly interactions: readonly InteractionView[];
}

/** One passage an answer rests on. */
export interface CitationView {
  /** The [n] that the answer's text uses. */
  readonly index: number;
  readonly agent: string;
  readonly node: number;
  readonly speaker: string;
  readonly date: string;
  readonly ring: string;
  readonly source: string;
  readonly text: string;
}

/** One leg of a question's way; times in ms since the question's intended send time. */
export interface LegView {
  readonly name:
    'to the agent' | 'own memory' | 'asking others' | 'waiting for quota' | 'model' | 'remembering' | 'back';
  readonly fromMs: number;
  readonly toMs: number;
  /** e.g. `a017, a044 and a061 were asked; 9 memories came back`. */
  readonly detail: string;
}

export interface InteractionView {
  readonly id: string;
  readonly byVisitor: boolean;
  readonly question: string;
  readonly agent: string;
  readonly node: number;
  readonly askedAgents: readonly { readonly agent: string; readonly node: number; readonly hits: number }[];
  readonly state: 'travelling' | 'answered' | 'failed';
  readonly answer: string;
  readonly citations: readonly CitationView[];
  readonly legs: readonly LegView[];
  /** From intended send time to answer; null while travelling. */
  readonly responseMs: number | null;
  /** Known-item search only: whether the source passage is among the citations; null otherwise. */
  readonly found: boolean | null;
}

/** One agent, looked at closely. */
export interface AgentView {
  readonly id: string;
  readonly node: number;
  /** e.g. `Archivist of 1862 Abraham Lincoln, 1863 Abraham Lincoln`. */
  readonly charge: string;
  readonly memories: number;
  readonly rings: readonly RingView[];
  readonly recent: readonly { readonly text: string; readonly ring: string; readonly atMs: number }[];
}

/** A text given by the visitor: a file dropped or a paste. */
export interface TextInput {
  /** The file's name, its ending says the format; `pasted.txt` for a paste. */
  readonly name: string;
  readonly text: string;
}

/** Refused, with a sentence for the visitor. Nothing was changed. */
export interface Refusal {
  readonly ok: false;
  readonly message: string;
}
export type Outcome = { readonly ok: true } | Refusal;

/** The page's hold on one running grove. All promises resolve; refusals carry their sentence. */
export interface Grove {
  /** Builds the grove, resumes it from crash memory where there is one of the same scenario, and lets questions flow. */
  start(scenario: Scenario): Promise<Outcome>;
  pause(): Promise<Outcome>;
  resume(): Promise<Outcome>;
  /** Ends the run; memories stay in crash memory. */
  stop(): Promise<Report>;
  /** Stops, forgets everything in crash memory, and starts anew with the built-in text. */
  startAfresh(scenario: Scenario): Promise<Outcome>;
  setRate(questionsPerS: number): Promise<Outcome>;
  inject(fault: Fault): Promise<Outcome>;
  /** Asks a question; its way shows in the snapshot's `interactions` under the returned id. */
  ask(question: string): Promise<{ readonly ok: true; readonly id: string } | Refusal>;
  /** The grove remembers these texts instead of what it had; on a refusal it keeps what it had. */
  plant(texts: readonly TextInput[]): Promise<Outcome>;
  inspect(agent: string): Promise<AgentView | null>;
  snapshot(): Promise<GroveSnapshot>;
  report(): Promise<Report>;
  /** Prometheus text exposition (version 0.0.4) of every metric. */
  metrics(): Promise<string>;
}
