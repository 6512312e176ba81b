import type { Env } from '../../../src/kernel/env.ts';
import { createRng } from '../../../src/kernel/rng.ts';

/** An Env whose turns run when they are told to, in order, and whose timers fire when no turn is left. */
export function hand(now: () => number): { readonly env: Env; run(): void } {
  let queue: (() => void)[] = [];
  let spare: (() => void)[] = [];
  const timers: (() => void)[] = [];
  return {
    env: {
      now,
      defer: (fn) => void queue.push(fn),
      setTimer(_delayMs, fn) {
        timers.push(fn);
        return () => undefined;
      },
      random: createRng,
    },
    run() {
      // Timers come last: an ack waits for a frame to ride on.
      while (queue.length > 0 || timers.length > 0) {
        if (queue.length === 0) queue.push(...timers.splice(0));
        const due = queue;
        queue = spare;
        for (let i = 0; i < due.length; i++) due[i]!();
        due.length = 0;
        spare = due;
      }
    },
  };
}
