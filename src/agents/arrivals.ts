import type { CancelTimer, Env } from '../kernel/env.ts';
import type { Rng } from '../kernel/rng.ts';

/** Poisson arrivals, open loop: each keeps its time, however slow what it brings about is. */
export interface Arrivals {
  readonly ratePerS: number;
  /** From now on; 0 stops them. */
  setRate(perS: number): void;
}

const SLEPT_MS = 30_000;

/**
 * @param onArrival hears of each, with the time at which it was due
 * @param onSlept nothing could arrive for so long, because the machine slept: what was due meanwhile is left out
 */
export function createArrivals(
  env: Env,
  rng: Rng,
  onArrival: (dueMs: number) => void,
  onSlept: (ms: number) => void,
): Arrivals {
  let ratePerS = 0;
  let nextAtMs = 0;
  let cancel: CancelTimer = () => undefined;

  function schedule(): void {
    cancel();
    if (ratePerS <= 0) return;
    cancel = env.setTimer(Math.max(0, nextAtMs - env.now()), () => {
      const nowMs = env.now();
      if (nowMs - nextAtMs > SLEPT_MS) {
        onSlept(nowMs - nextAtMs);
        nextAtMs = nowMs;
      }
      while (nextAtMs <= nowMs) {
        onArrival(nextAtMs);
        nextAtMs += rng.exponential(1_000 / ratePerS);
      }
      schedule();
    });
  }

  return {
    get ratePerS() {
      return ratePerS;
    },
    setRate(perS) {
      ratePerS = perS;
      nextAtMs = env.now() + (perS > 0 ? rng.exponential(1_000 / perS) : 0);
      schedule();
    },
  };
}
