import type { LedgerTotals } from '../bus/ledger.ts';
import type { AgentInspection } from '../agents/contract.ts';

/** The vital signs of a run: the same shape on screen, in `window.treering` and in a report. */
export interface VitalSigns {
  /** From the intended send time to the answer, open loop. NaN-free: 0 with `samples` 0 before the first answer. */
  readonly responseTime: {
    readonly p50Ms: number;
    readonly p95Ms: number;
    readonly p99Ms: number;
    readonly samples: number;
  };
  /** Agents up now, and the workers that host them. */
  readonly concurrency: { readonly agents: number; readonly nodes: number };
  /** Of an exam when the visitor has had one taken, else of the self-test; its names say which. */
  readonly memory: MemoryAccuracy;
  /** The self-test, beside an exam: the two are never mixed. Left out while `memory` is the self-test. */
  readonly selfTest?: MemoryAccuracy;
  /** bindingUse in [0, 1]: use of the limit that is used most, over the last minute; `saturated` when it held requests back. */
  readonly rateLimit: {
    readonly wire429: number;
    readonly agent429: number;
    readonly bindingLimit: string;
    readonly bindingUse: number;
    readonly saturated: boolean;
  };
  /** From the ledger, which is kept apart from the bus. */
  readonly delivery: LedgerTotals;
  /** Time of one access to rush memory, inside the worker. */
  readonly rush: { readonly p50Ms: number; readonly p999Ms: number; readonly samples: number };
  /** Crash-memory writes that were acknowledged, and those of them missing after a recovery. */
  readonly crash: { readonly ackedWrites: number; readonly lost: number };
}

/** value in [0, 1] over `queries` judged answers; the metric's and the data set's names go wherever the value goes. */
export interface MemoryAccuracy {
  readonly metric: string;
  readonly dataset: string;
  readonly value: number;
  readonly queries: number;
  /** Where the value lies with 95 % confidence; an exam has it. */
  readonly interval?: readonly [low: number, high: number];
}

/** One thing that happened, told in a sentence. */
export interface StoryLine {
  readonly id: number;
  readonly atMs: number;
  readonly kind: 'life' | 'fault' | 'recovery' | 'answer' | 'warning';
  readonly text: string;
}

/** How a killed or hung node came back. */
export interface Recovery {
  readonly node: number;
  /** From the moment of death to the last of its agents ready again. */
  readonly ms: number;
  readonly messagesRedelivered: number;
  readonly messagesLost: number;
  readonly memoriesLost: number;
}

/** Milliseconds from opening the page to every agent ready, and to the first answer; null when it did not happen. */
export interface StartUp {
  readonly allAgentsMs: number | null;
  readonly firstAnswerMs: number | null;
}

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
  /** Nothing passes between these nodes (0 is the gate) and all others. */
  | { readonly type: 'partition'; readonly nodes: readonly number[]; readonly forMs: number }
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
  /** For people; the ISO date of its figures, and where each comes from. */
  readonly title: string;
  readonly asOf: string;
  readonly sources: readonly string[];
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
  /** The layers of the answer cache; counts since the start. */
  readonly cache: {
    /** Hits by where the answer was: in the node, its region, another region, on disk; in another's request under way; or a like question's. */
    readonly by: Readonly<Record<'node' | 'region' | 'other region' | 'disk' | 'joined' | 'like', number>>;
    /** Answers to like questions, where that is on, with how many of the checked ones were false. */
    readonly like: {
      readonly asked: number;
      readonly hits: number;
      readonly guarded: number;
      readonly checked: number;
      readonly falseHits: number;
      readonly falseRate: readonly [low: number, high: number];
    } | null;
    readonly stale: number;
    readonly negative: number;
    readonly evicted: number;
    readonly invalidated: number;
    readonly entries: number;
    readonly bytes: number;
    readonly diskBytes: number;
    /** The eviction policies in use, by region. */
    readonly policies: readonly string[];
  };
  /** Requests that were not sent since they could not have made their deadline. */
  readonly shed: number;
  /** Second requests for late answers. */
  readonly hedges: number;
  /** Requests that an outer layer asked again after they had failed. */
  readonly nested: { readonly requests: number; readonly by: string };
  /** Waits for the quota of requests that went, ms. */
  readonly waitMs: TimesView;
  /** Of streamed answers, ms: from sending to the first text; mean time between two tokens. */
  readonly firstTokenMs: TimesView;
  readonly tokenGapMs: TimesView;
}

/** Median and 99th percentile of times in ms, and of how many. */
export interface TimesView {
  readonly p50: number;
  readonly p99: number;
  readonly samples: number;
}

/** How crash memory is: what it holds, where, and what befell it. */
export interface CrashMemoryView {
  /** Names this opening; a page that ends well leaves the name behind. */
  readonly session: string;
  /** Texts in it, replaced ones included until their segment goes; and the bytes and number of its segments. */
  readonly records: number;
  readonly bytes: number;
  readonly segments: number;
  readonly commits: number;
  /** From the call of a write to the answer of the disk, mirror included; null before the first. */
  readonly lastCommitMs: number | null;
  readonly commitP50Ms: number;
  readonly commitP99Ms: number;
  /** Why nothing is acknowledged at the moment: there is no room. Null while there is. */
  readonly noRoom: string | null;
  /** Writes that wait for a commit, and their bytes. */
  readonly waiting: number;
  readonly waitingBytes: number;
  /** `problem`: why there is no mirror; null while there is one. */
  readonly mirror: { readonly problem: string | null; readonly bytes: number };
  /** `healed`: the browser had lost the database, and it was restored from the mirror. */
  readonly origin: 'new' | 'kept' | 'healed';
  /** Segments taken from the mirror, because they were lost or damaged. */
  readonly healedSegments: number;
  /** Segments that no copy has as they were written, and whose they were where that can be read; found at this opening. */
  readonly damaged: readonly { readonly position: number; readonly owners: readonly string[] | null }[];
  /** Damaged segments kept apart, of earlier openings too. */
  readonly setAside: number;
  /** Whether the last visit did not end well, so that the database's log was rotated first. */
  readonly rotatedLog: boolean;
  /** The format of the database when it was opened; 0 for a new one. */
  readonly formatFound: number;
  /** From the call to everything read and checked. */
  readonly openMs: number;
  /** What this site uses of what the browser gives it. */
  readonly usageBytes: number;
  readonly quotaBytes: number;
  /** The browser's answer to the wish that it keep this site's data; null before it answered. */
  readonly persisted: boolean | null;
  /** An export or import under way. */
  readonly transfer: MemoryTransfer | null;
}

/** An export or import of crash memory under way. */
export interface MemoryTransfer {
  readonly kind: 'exporting' | 'checking' | 'importing';
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** What the bus counted, over all nodes and the gate, since the start. */
export interface BusView {
  readonly counts: Readonly<
    Record<
      | 'framesPosted'
      | 'messagesPosted'
      | 'messagesReceived'
      | 'acksPosted'
      /** Resend timers that ran out, and the messages that went out again for that, or because a gap was reported. */
      | 'resendTimers'
      | 'resentByTimer'
      | 'resentByGap'
      | 'duplicates'
      | 'skipped'
      | 'creditWaits'
      /** Sends that a full link refused. */
      | 'full'
      | 'dealt'
      | 'failures'
      | 'poisoned'
      | 'expired'
      | 'redelivered'
      | 'staleReplies'
      | 'memorySent'
      | 'memoryReceived'
      | 'clockRefused'
      | 'requestsOpened'
      | 'requestsCancelled',
      number
    >
  >;
  /** Frames refused and dead letters, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  readonly dead: Readonly<Record<string, number>>;
  /** Frames that injected faults lost, doubled or held up, by how. */
  readonly hurt: Readonly<Record<string, number>>;
  readonly requestsOpen: number;
  readonly topics: number;
  readonly subscriptions: number;
  readonly inbox: number;
  readonly unsettled: number;
  /** The furthest that a node's hybrid clock is ahead of its physical one. */
  readonly clockAheadMs: number;
  /** The most that any link had in a queue, and what it may have, in messages. */
  readonly queues: readonly { readonly name: string; readonly most: number; readonly bound: number }[];
}

/** All that the page draws, taken at one moment. Plain data, structured-cloneable. */
export interface GroveSnapshot {
  readonly phase: GrovePhase;
  /** Why, when `failed`: what happened, why, what to do next. */
  readonly problem: string | null;
  readonly atMs: number;
  /** Questions a second that the gate sends now. */
  readonly ratePerS: number;
  readonly corpus: {
    readonly name: string;
    readonly credit: string;
    readonly documents: number;
    /** The visitor's own text. */
    readonly own: boolean;
  };
  /** Since the start. A question that found no answer has failed; it counts in the response time with its deadline at least. */
  readonly questions: { readonly asked: number; readonly answered: number; readonly failed: number };
  /** Errands: put, come home, on their way, and come home twice, which none should. */
  readonly errands: {
    readonly put: number;
    readonly home: number;
    readonly away: number;
    readonly twice: number;
  };
  /** Whether this grove came back from crash memory, and how much came with it. */
  readonly resumed: { readonly memories: number; readonly messages: number } | null;
  /** Nodes killed by faults in this run. */
  readonly kills: number;
  readonly progress: {
    readonly workersUp: number;
    readonly workersWanted: number;
    readonly agentsReady: number;
    readonly agentsWanted: number;
    readonly memories: number;
  };
  readonly startUp: StartUp;
  readonly vitalSigns: VitalSigns;
  readonly nodes: readonly NodeView[];
  readonly links: readonly LinkActivity[];
  readonly bus: BusView;
  /** At most the last 180 seconds, oldest first. */
  readonly series: readonly SeriesPoint[];
  readonly provider: ProviderView;
  /** At most the last 200 lines, oldest first. */
  readonly story: readonly StoryLine[];
  /** The last 50, oldest first; `recovered` counts all. */
  readonly recoveries: readonly Recovery[];
  readonly recovered: number;
  /** Questions under way and answered, newest last, at most 20. Automatic ones are sampled; the visitor's are all here. */
  readonly interactions: readonly InteractionView[];
  /** Null while it is not open, and in the virtual world. */
  readonly crashMemory: CrashMemoryView | null;
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
  readonly acked: AgentInspection['acked'];
  readonly rings: AgentInspection['rings'];
  readonly recent: readonly { readonly text: string; readonly ring: string; readonly atMs: number }[];
  readonly moves: AgentInspection['moves'];
}
