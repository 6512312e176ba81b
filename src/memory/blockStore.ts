import type { Done } from './journal.ts';

/** A value of the store under its number. */
export interface Block {
  /** From 1, increasing; the store's key. */
  readonly position: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

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
