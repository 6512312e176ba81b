import type { MemoryOptions } from './options.ts';

/** One thing that can be found in an exam. */
export interface ExamEntry {
  readonly id: string;
  readonly text: string;
  readonly speaker: string;
  /** ISO 8601, as exact as known; empty when unknown. */
  readonly date: string;
  /** The session, article or meeting it belongs to. */
  readonly ring: string;
}

/** One question with its labelled answers. */
export interface ExamQuestion {
  readonly text: string;
  /** Ids of the entries that answer it, each with its gain (1 where the data set has no grades); never empty. */
  readonly relevant: ReadonlyMap<string, number>;
  /** As the data set sorts its questions; empty when it does not. */
  readonly category: string;
}

/** Entries that are searched together, in their order, and the questions put to them. */
export interface ExamGroup {
  readonly id: string;
  readonly entries: readonly ExamEntry[];
  readonly questions: readonly ExamQuestion[];
}

/** A labelled data set. */
export interface ExamData {
  /** e.g. `QMSum`; stands beside every figure. */
  readonly name: string;
  /** What is found: paragraphs of text, or turns of a conversation. */
  readonly unit: 'passage' | 'turn';
  readonly groups: readonly ExamGroup[];
}

/** How many agents share a grove's texts out, and how many others each of them asks. */
export interface GroveShape {
  readonly count: number;
  readonly askOthers: number;
}

/** An endpoint that speaks OpenAI's `/v1/embeddings`, with whose vectors the index is asked too. */
export interface ExamEndpoint {
  readonly baseUrl: string;
  readonly model: string;
  /** Stays in memory. */
  readonly apiKey?: string;
  /** The length of its vectors; without it the endpoint is asked for one. */
  readonly dimensions?: number;
}

/** What is examined: a tree-ring memory with these options, of one agent and of a grove of them. */
export interface ExamSetting {
  readonly memory: MemoryOptions;
  readonly agents: GroveShape;
  readonly endpoint?: ExamEndpoint;
}

/** A file that a person brings. */
export interface ExamFile {
  readonly name: string;
  readonly text: string;
}

/** Why a file cannot be examined, in a sentence that says what is accepted. */
export interface ExamRefusal {
  readonly message: string;
}
