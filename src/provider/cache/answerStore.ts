/** An answer as it lies in durable storage. */
export interface StoredAnswer {
  readonly key: string;
  readonly text: string;
  /** What the answer rests on, e.g. the sources of the passages it was given. */
  readonly tags: readonly string[];
}

/** What storage knows of an answer without reading it. */
export interface StoredAnswerHead {
  readonly key: string;
  readonly bytes: number;
  readonly tags: readonly string[];
  /** Since it was put, in ms, visits in between included. */
  readonly ageMs: number;
}

/**
 * The layer that survives a reload. What it holds may be lost at any time: it is a cache, and nothing waits for its
 * writes. Callbacks come later, never inside the call; a failure to read is told as nothing found.
 */
export interface AnswerStore {
  /** All that is there, those put the longest ago first. */
  heads(done: (heads: readonly StoredAnswerHead[]) => void): void;
  read(key: string, done: (answer: StoredAnswer | null) => void): void;
  put(answer: StoredAnswer): void;
  remove(keys: readonly string[]): void;
}
