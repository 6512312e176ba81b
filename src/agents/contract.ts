import type { AgentId } from '../kernel/ids.ts';
import type { MemoryOptions } from '../memory/options.ts';
import type { SourceDocument } from '../memory/documents.ts';
import type { TermSummary } from '../memory/termSummary.ts';
import type { RecentMove } from '../memory/ringMeters.ts';
import type { RingView, WeightedTerm } from '../memory/record.ts';
import type { HistogramState } from '../metrics/histogram.ts';
import type { ProviderOptions } from '../provider/options.ts';
import type { BusOptions } from '../bus/options.ts';
import type { BusReport } from './busReport.ts';
import type { RingTelemetry } from './ringTelemetry.ts';
import type { AgentOptions } from './options.ts';

/** A run of passages of one document: from (inclusive) to (exclusive). */
export interface Slice {
  readonly document: number;
  readonly fromPassage: number;
  readonly toPassage: number;
}

/** An agent and what it archives. */
export interface AgentCharge {
  readonly id: AgentId;
  /** e.g. `1862 Abraham Lincoln`. */
  readonly charge: string;
  readonly slices: readonly Slice[];
}

/** What one agent archives, for the directory. */
export interface DirectoryEntry {
  readonly agent: AgentId;
  readonly summary: TermSummary;
}

/** Everything that a node needs to come up. Structured-cloneable. */
export interface NodeSpec {
  readonly grove: string;
  readonly seed: string;
  readonly self: number;
  readonly inc: number;
  readonly agents: readonly AgentCharge[];
  /** Every agent of the grove, and the node of each. */
  readonly allAgents: readonly AgentId[];
  readonly placement: readonly number[];
  /** Names the corpus: an agent that has its share of it is not planted again. */
  readonly corpus: string;
  readonly options: {
    readonly bus: BusOptions;
    readonly memory: MemoryOptions;
    readonly agents: AgentOptions;
    readonly provider: ProviderOptions;
  };
  /** The ring that grows now, and today's date, for what is remembered from now on. */
  readonly ring: string;
  readonly date: string;
  /** Per agent, how many memories crash memory acknowledged before, and their fingerprint where it is known: what must be there. */
  readonly acked: readonly (readonly [AgentId, number, number | null])[];
  /** Nodes that were given up. */
  readonly abandoned: readonly number[];
  /** The incarnation before died: its death leaves a scar. */
  readonly scar: boolean;
  /** Known-item questions wanted of each agent; 0.1 for one of every tenth. */
  readonly knownItems: number;
}

/** What a node says when it is up. */
export interface NodeReady {
  readonly memories: number;
  /** Those of them that crash memory gave back. */
  readonly restored: number;
  /** Messages found accepted and not dealt with. */
  readonly undealt: number;
  /** Per agent of `acked`: how many of the acknowledged memories are not there, or not as they were. */
  readonly missing: readonly (readonly [AgentId, number])[];
  readonly planted: number;
  readonly directory: readonly DirectoryEntry[];
}

/** What a node reports several times a second. Counts are since its start; traffic and rush since the last report. */
export interface NodeTelemetry extends BusReport {
  readonly memories: number;
  readonly traffic: readonly (readonly [number, number])[];
  readonly rush: HistogramState;
  readonly rings: RingTelemetry;
  /** Per agent whose value changed: acknowledged memories, and their fingerprint. */
  readonly acked: readonly (readonly [AgentId, number, number])[];
  /** Frames it posted that faults lost, doubled or held up; where faults are on its side of the wire. */
  readonly hurt?: Readonly<Record<'lost' | 'duplicated' | 'overtaken' | 'delayed', number>>;
}

/** A closer look at one agent. */
export interface AgentInspection {
  readonly id: AgentId;
  readonly charge: string;
  readonly memories: number;
  /** What crash memory has acknowledged: the highest number, and the fingerprint of all up to it. */
  readonly acked: { readonly seq: number; readonly fingerprint: number };
  readonly rings: readonly RingView[];
  readonly recent: readonly { readonly text: string; readonly ring: string; readonly atMs: number }[];
  /** The last moves between its rings, newest first; the text is what moved, or what stands for it. */
  readonly moves: readonly (Pick<RecentMove, 'from' | 'to' | 'atMs'> & { readonly text: string })[];
}

/** Where a node gets the texts that its agents keep. */
export interface CorpusPort {
  /** A document with the passages (and their words) of that slice alone; rejects with a sentence when it cannot be had. */
  passages(slice: Slice): Promise<SourceDocument>;
}

/** Who is likely to know about some terms. */
export interface DirectoryQuestion {
  /** Different stems, as `analyse` yields them. */
  readonly stems: readonly string[];
  /** Agents wanted, at most. */
  readonly k: number;
  /** Who asks, and is not to be named. */
  readonly except: AgentId;
}

export interface DirectoryAnswer {
  /** The stems in their order, with their inverse frequency over all agents. */
  readonly weights: readonly WeightedTerm[];
  /** Likeliest first; fewer than wanted when no more may know anything. */
  readonly experts: readonly AgentId[];
}

/** The way of a node to the directory. Callbacks come later, never inside the call. */
export interface DirectoryPort {
  lookup(question: DirectoryQuestion, done: (answer: DirectoryAnswer) => void): void;
}
