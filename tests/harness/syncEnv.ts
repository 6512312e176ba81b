import type { Env } from '../../src/kernel/env.ts';
import { createRng } from '../../src/kernel/rng.ts';

/** An Env whose clock moves only when told to, for code without promises: everything due has run when `advance` returns. */
export interface SyncEnv extends Env {
  /** Runs everything due within the next `ms`, deferred work first, timers in the order of their time, then of setting. */
  advance(ms: number): void;
  /** Runs deferred work only. */
  flush(): void;
  /** Timers that are set. */
  readonly pendingTimers: number;
}

export function createSyncEnv(seed = 'test'): SyncEnv {
  let now = 0;
  let serial = 0;
  const timers = new Map<number, { atMs: number; fn: () => void }>();
  let deferred: (() => void)[] = [];
  const flush = (): void => {
    while (deferred.length > 0) {
      const due = deferred;
      deferred = [];
      for (const fn of due) fn();
    }
  };
  return {
    now: () => now,
    setTimer(delayMs, fn) {
      const id = ++serial;
      timers.set(id, { atMs: now + delayMs, fn });
      return () => void timers.delete(id);
    },
    defer: (fn) => void deferred.push(fn),
    random: (name) => createRng(`${seed}/${name}`),
    flush,
    advance(ms) {
      const until = now + ms;
      flush();
      for (;;) {
        const due = [...timers]
          .filter(([, t]) => t.atMs <= until)
          .sort(([i, a], [j, b]) => a.atMs - b.atMs || i - j)[0];
        if (!due) break;
        timers.delete(due[0]);
        now = Math.max(now, due[1].atMs);
        due[1].fn();
        flush();
      }
      now = until;
    },
    get pendingTimers() {
      return timers.size;
    },
  };
}
