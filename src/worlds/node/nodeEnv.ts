import { performance } from 'node:perf_hooks';
import type { Env } from '../../kernel/env.ts';
import { createRng } from '../../kernel/rng.ts';

/**
 * Wall time behind `Env` for a process of Node.
 * @param seed names its random streams
 */
export function createNodeEnv(seed: string): Env {
  const beganAtMs = performance.now();
  return {
    now: () => performance.now() - beganAtMs,
    setTimer(delayMs, fn) {
      const timer = setTimeout(fn, delayMs);
      return () => clearTimeout(timer);
    },
    defer: (fn) => void setImmediate(fn),
    random: (name) => createRng(`${seed}/${name}`),
  };
}
