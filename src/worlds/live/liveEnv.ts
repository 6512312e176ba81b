import type { Env } from '../../kernel/env.ts';
import { createRng } from '../../kernel/rng.ts';

/** Milliseconds since 1970 on this page's monotonic clock: comparable between the page and all its workers. */
export const monotonicNow = (): number => performance.timeOrigin + performance.now();

/**
 * Wall time and real chance behind `Env`.
 * @param epochMs what `monotonicNow` said at the grove's time zero
 * @param seed the node's own seed: streams of different nodes are independent
 */
export function createLiveEnv(epochMs: number, seed: string): Env {
  // A message to oneself comes at the end of the turn, long before the 4 ms that a nested timer takes.
  const { port1, port2 } = new MessageChannel();
  let deferred: (() => void)[] = [];
  port1.onmessage = () => {
    const due = deferred;
    deferred = [];
    for (const fn of due) {
      try {
        fn();
      } catch (e) {
        // It is reported as uncaught, and does not take the others with it.
        reportError(e);
      }
    }
  };
  return {
    now: () => monotonicNow() - epochMs,
    setTimer(delayMs, fn) {
      const timer = setTimeout(fn, delayMs);
      return () => clearTimeout(timer);
    },
    defer(fn) {
      if (deferred.length === 0) port2.postMessage(0);
      deferred.push(fn);
    },
    random: (name) => createRng(`${seed}/${name}`),
  };
}

/** Resolves after so many milliseconds of wall time. */
export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
