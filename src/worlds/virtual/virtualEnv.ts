import type { Env } from '../../kernel/env.ts';
import { createRng } from '../../kernel/rng.ts';
import { TICKS_PER_MS } from './clock.ts';
import { EVENT } from './eventLog.ts';
import type { VirtualWorld } from './virtualWorld.ts';

/** A machine's clock: it may run fast or slow and may jump ahead, but never steps back. Processes of one machine share it. */
export interface MachineClock {
  now(): number;
  /** True milliseconds in which it advances by `ms`, if nothing befalls it meanwhile. */
  trueMs(ms: number): number;
  /** How often something befell it. */
  readonly changes: number;
  /** Jumps ahead by `jumpMs` (>= 0) and runs at `rate` (> 0; 1 is right) from now on. Throws RangeError for anything else. */
  disturb(jumpMs: number, rate: number): void;
}

/** A machine's clock, set right when the machine starts. @param offsetMs but for so much, by which it is ahead */
export function createMachineClock({ clock }: VirtualWorld, rate = 1, offsetMs = 0): MachineClock {
  let base = clock.nowMs + offsetMs;
  let sinceMs = clock.nowMs;
  let speed = rate;
  let changes = 0;
  const now = (): number => base + (clock.nowMs - sinceMs) * speed;
  return {
    now,
    trueMs: (ms) => ms / speed,
    get changes() {
      return changes;
    },
    disturb(jumpMs, newRate) {
      if (!(jumpMs >= 0) || !(newRate > 0))
        throw new RangeError(`a clock jumps ahead and runs on, got ${jumpMs} ms and rate ${newRate}`);
      base = now() + jumpMs;
      sinceMs = clock.nowMs;
      speed = newRate;
      changes++;
    },
  };
}

/** Something that lives, holds timers, and can be ended at once. */
export interface VirtualProcess {
  readonly env: Env;
  readonly node: number;
  readonly alive: boolean;
  /** Nothing of it happens any more: no timer fires, nothing deferred runs. */
  kill(): void;
}

/**
 * A process in virtual time. When its clock jumps, timers that were set before come late by that clock, as they do after
 * a machine's sleep.
 * @param node shown in the log
 * @param seed below the world's: names its random streams
 */
export function createVirtualProcess(
  world: VirtualWorld,
  node: number,
  seed: string,
  machine: MachineClock = createMachineClock(world),
): VirtualProcess {
  const { clock, log } = world;
  let alive = true;
  return {
    node,
    get alive() {
      return alive;
    },
    kill() {
      alive = false;
    },
    env: {
      now: () => machine.now(),
      setTimer(delayMs, fn) {
        const dueMs = machine.now() + delayMs;
        const { changes } = machine;
        let token = 0;
        const set = (ownMs: number): void => {
          // Never early and never at once: who waits for a moment between two ticks would wait for ever.
          const ticks = Math.max(1, Math.ceil(machine.trueMs(ownMs) * TICKS_PER_MS));
          token = clock.at(clock.nowMs + ticks / TICKS_PER_MS, fire);
        };
        const fire = (): void => {
          if (!alive) return;
          // A clock that runs slower than it did when the timer was set is not there yet.
          if (machine.changes !== changes && machine.now() < dueMs) {
            set(dueMs - machine.now());
            return;
          }
          log.add(clock.nowMs, node, EVENT.timer, 0);
          fn();
        };
        set(delayMs);
        return () => clock.cancel(token);
      },
      defer(fn) {
        clock.defer(() => {
          if (alive) fn();
        });
      },
      random: (name) => createRng(`${world.seed}/${seed}/${name}`),
    },
  };
}
