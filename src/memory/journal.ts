import type { Result } from '../kernel/result.ts';

/** One thing that may not be lost: text of the owner's own making, kept in the owner's order. */
export interface JournalEntry {
  /** Whose log it belongs to, e.g. `node/3` or `agent/a017`. */
  readonly owner: string;
  readonly text: string;
}

/** Why the journal refused or failed. */
export interface JournalError {
  /** `fenced`: a newer incarnation of the writer's node exists; `full`: no room; `failed`: the store said no. */
  readonly reason: 'fenced' | 'full' | 'failed';
  readonly message: string;
}

/** Crash memory as its users see it: per-owner logs behind one writer. All callbacks come later, never inside the call. */
export interface JournalPort {
  /** Commits all entries or none. `done` comes only after they are durable; appends of one port commit in call order. */
  append(entries: readonly JournalEntry[], done: (r: Result<void, JournalError>) => void): void;
  /**
   * Replaces all that was appended for `owner` before this call by `texts`. Ordered with appends.
   */
  checkpoint(owner: string, texts: readonly string[], done: (r: Result<void, JournalError>) => void): void;
  /** All committed texts of each owner, oldest first, in the order of `owners`. */
  load(
    owners: readonly string[],
    done: (r: Result<readonly (readonly string[])[], JournalError>) => void,
  ): void;
}

/** Told once, later, how it went. */
export type Done<T> = (r: Result<T, JournalError>) => void;
