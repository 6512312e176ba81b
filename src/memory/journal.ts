import type { Result } from '../kernel/result.ts';
import type { Block } from './segment.ts';

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

/** Numbered values in a store. */
export interface BlockStore {
  /** Puts all of `put` and removes all of `remove`, in one durable transaction. */
  write(put: readonly Block[], remove: readonly number[], done: Done<void>): void;
  /** Every block, by position. */
  readAll(done: Done<readonly Block[]>): void;
  /** The blocks at these positions, in this order; fails when one is not there. */
  read(positions: readonly number[], done: Done<readonly Block[]>): void;
}

/** The slice of a database that crash memory needs. The live one is IndexedDB; tests and the virtual world bring others. */
export interface BlockDatabase extends BlockStore {
  /** The birth marker: null in a database that was just made, or made anew after its contents were lost. */
  readMarker(done: Done<string | null>): void;
  writeMarker(id: string, done: Done<void>): void;
  /** Takes damaged blocks out of the way, and keeps them. */
  setAside(blocks: readonly Block[], done: Done<void>): void;
}
