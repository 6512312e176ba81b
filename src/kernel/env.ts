import type { Rng } from './rng.ts';

/** Takes a timer back; calling it after the timer fired, or twice, does nothing. */
export type CancelTimer = () => void;

/** All that code below `worlds/` may know of time and chance. One per node; the live and the virtual world each build their own. */
export interface Env {
  /** Milliseconds since the grove's epoch, the same epoch on every node; never steps back. */
  now(): number;
  /** Calls `fn` once, `delayMs` (>= 0) from now. */
  setTimer(delayMs: number, fn: () => void): CancelTimer;
  /** Calls `fn` at the end of the current turn, before any timer: where batches are flushed. */
  defer(fn: () => void): void;
  /** The random stream of that name: the same name gives a stream that starts the same. */
  random(name: string): Rng;
}
