import type { Env } from '../../kernel/env.ts';
import { createRng } from '../../kernel/rng.ts';
import { TICKS_PER_MS } from './clock.ts';
import { EVENT } from './eventLog.ts';
import type { VirtualWorld } from './virtualWorld.ts';

/** How a process's clock differs from true time. */
export interface ClockError {
  /** Ahead of true time by so much. */
  readonly offsetMs: number;
  /** How fast it runs; 1 is right. */
  readonly rate: number;
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
 * A process in virtual time.
 * @param node shown in the log
 * @param seed below the world's: names its random streams
 */
export function createVirtualProcess(
  world: VirtualWorld,
  node: number,
  seed: string,
  error: ClockError = { offsetMs: 0, rate: 1 },
): VirtualProcess {
  const { clock, log } = world;
  const { offsetMs, rate } = error;
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
      now: () => offsetMs + clock.nowMs * rate,
      setTimer(delayMs, fn) {
        // Never early and never at once: who waits for a moment between two ticks would wait for ever.
        const ticks = Math.max(1, Math.ceil((delayMs / rate) * TICKS_PER_MS));
        const token = clock.at(clock.nowMs + ticks / TICKS_PER_MS, () => {
          if (!alive) return;
          log.add(clock.nowMs, node, EVENT.timer, 0);
          fn();
        });
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
