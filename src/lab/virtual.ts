import type { RunScript } from '../scenario/script.ts';
import type { Finding } from '../worlds/virtual/stage.ts';
import type { Seeking, TimeView } from '../worlds/virtual/player.ts';
import type { Grove, Outcome } from './grove.ts';

export type { Finding, Seeking, TimeView };

/** Steps of simulated time in a millisecond. */
export const TICKS_PER_MS = 1_024;

/**
 * The page's hold on a run of the virtual world: a grove whose time can be played, stood still and gone to. `start`
 * begins the scenario's run from its first tick and plays it; `pause` and `resume` hold time; what is injected and asked
 * becomes part of the run.
 */
export interface VirtualGrove extends Grove {
  /** Opens a run at its first tick, where it stands. Refused with a sentence when it cannot be had. */
  open(script: RunScript): Promise<Outcome>;
  time(): Promise<TimeView>;
  /** Times real time; null for as fast as it goes. */
  setSpeed(speed: number | null): Promise<void>;
  /** To the next event, or on by so many ms of simulated time. */
  step(by: number | 'event'): Promise<void>;
  /** Stands at that tick, or at the run's end if that is earlier; false when it was cancelled. */
  seek(tick: number): Promise<boolean>;
  cancel(): Promise<void>;
  /** Takes something out of the run that was done in it, by its place in the script. */
  withdraw(index: number): Promise<boolean>;
}
