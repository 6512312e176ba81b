import type { CancelTimer, Env } from '../../src/kernel/env.ts';
import { createRng } from '../../src/kernel/rng.ts';

/** An Env whose clock moves only when told to. */
export interface TestEnv extends Env {
  /** Runs all that is due within the next `ms`. */
  advance(ms: number): Promise<void>;
  /** Runs all that is due up to `atMs` and leaves the clock there. */
  runUntil(atMs: number): Promise<void>;
  /** Lets promises and deferred calls settle without moving the clock. */
  settle(): Promise<void>;
  /** Timers that have not fired and were not taken back. */
  pending(): number;
}

interface Timer {
  readonly atMs: number;
  readonly order: number;
  fn: (() => void) | null;
}

const before = (a: Timer, b: Timer): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/** A manual clock over a binary heap. Promises are drained after each timer by a turn of the host's event loop. */
export function createTestEnv(seed = 'test', startMs = 0): TestEnv {
  let nowMs = startMs;
  let order = 0;
  let live = 0;
  const heap: Timer[] = [];
  let deferred: (() => void)[] = [];

  function push(timer: Timer): void {
    let i = heap.push(timer) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(timer, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = timer;
  }

  function pop(): Timer {
    const top = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
    return top;
  }

  function runDeferred(): void {
    while (deferred.length > 0) {
      const batch = deferred;
      deferred = [];
      for (const fn of batch) fn();
    }
  }

  async function settle(): Promise<void> {
    do {
      runDeferred();
      await new Promise<void>((resolve) => setImmediate(resolve));
    } while (deferred.length > 0);
  }

  async function runUntil(atMs: number): Promise<void> {
    await settle();
    while (heap.length > 0 && heap[0]!.atMs <= atMs) {
      const timer = pop();
      const { fn } = timer;
      if (fn === null) continue;
      nowMs = Math.max(nowMs, timer.atMs);
      timer.fn = null;
      live--;
      fn();
      await settle();
    }
    nowMs = Math.max(nowMs, atMs);
  }

  return {
    now: () => nowMs,
    setTimer(delayMs, fn): CancelTimer {
      const timer: Timer = { atMs: nowMs + Math.max(0, delayMs), order: order++, fn };
      push(timer);
      live++;
      return () => {
        if (timer.fn === null) return;
        timer.fn = null;
        live--;
      };
    },
    defer: (fn) => void deferred.push(fn),
    random: (name) => createRng(`${seed}/${name}`),
    runUntil,
    advance: (ms) => runUntil(nowMs + ms),
    settle,
    pending: () => live,
  };
}
