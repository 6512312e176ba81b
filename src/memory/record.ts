/** What an agent remembers. The unit of recall, of the journal and of a citation. */
export interface MemoryRecord {
  /** Per agent, from 1, without holes. */
  readonly seq: number;
  /** `archive`: a passage of the text the agent keeps; `exchange`: a question it answered, with the answer. */
  readonly kind: 'archive' | 'exchange';
  readonly text: string;
  /** Who said it; empty when unknown. */
  readonly speaker: string;
  /** ISO 8601, as exact as known (`1862`, `1862-12-01`); empty when unknown. */
  readonly date: string;
  /** The label of the growth ring it belongs to: the year of `date`, or the document's title where there is none. */
  readonly ring: string;
  /** Where it comes from: `<document id>#<passage number from 0>`, or `exchange/<interaction id>`. */
  readonly source: string;
  /** When it was remembered, milliseconds since the grove's epoch. */
  readonly atMs: number;
  /** 0 (as any other, the default) to 1 (belongs to the core ring from the start). */
  readonly importance?: number;
  /** The conversation that it is a turn of: turns remembered one after the other are found by each other's words too. */
  readonly thread?: string;
}

/** A record before it has its place in an agent's memory. */
export type MemoryDraft = Omit<MemoryRecord, 'seq'>;

/** A query term with its weight, so that scores of different agents compare. */
export interface WeightedTerm {
  /** A stem, as `analyse` yields it. */
  readonly term: string;
  /** Inverse frequency, > 0. */
  readonly weight: number;
}

/** One recalled memory. */
export interface RecallHit {
  readonly record: MemoryRecord;
  /** A weighted sum of features in fixed units, so that scores of memories that were asked with the same term weights compare; higher is better. */
  readonly score: number;
  /** The number of the memory that says it anew, where one does. */
  readonly staleBy?: number;
}

/** A ring of one agent's memory, for the drawing and the meters. */
export interface RingView {
  readonly label: string;
  readonly zone: 'core' | 'growth' | 'rush';
  /** Memories in it. */
  readonly count: number;
  /** Bytes of text in it (UTF-16 code units x 2). */
  readonly bytes: number;
  /** How often its memories were recalled. */
  readonly hits: number;
  /** Crashes that fell into it. */
  readonly scars: number;
  /** Of its memories, those that a newer one supersedes. */
  readonly stale: number;
  /** Memories that were merged into its own, since they say the same. */
  readonly merged: number;
  /** Moves into it and out of it. */
  readonly movedIn: number;
  readonly movedOut: number;
  /** Mean time of the recalls that found one of its memories in this session, in ms; null before the first. */
  readonly accessMs: number | null;
}
