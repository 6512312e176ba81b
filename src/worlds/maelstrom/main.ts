import { stderr, stdin, stdout } from 'node:process';
import { createInterface } from 'node:readline';
import type { Env } from '../../kernel/env.ts';
import { createRng } from '../../kernel/rng.ts';
import { createMaelstromNode } from './maelstromNode.ts';

const seed = String(Math.random());
const env: Env = {
  now: () => performance.now(),
  setTimer(delayMs, fn) {
    const timer = setTimeout(fn, delayMs);
    return () => clearTimeout(timer);
  },
  // After the other lines that came with this one, so that what they bring about goes out together.
  defer: (fn) => void setImmediate(fn),
  random: (name) => createRng(`${seed}/${name}`),
};
const node = createMaelstromNode(env, {
  incarnation: Date.now(),
  write: (line) => void stdout.write(`${line}\n`),
  complain: (what) => void stderr.write(`${what}\n`),
});
createInterface({ input: stdin })
  .on('line', (line) => node.hear(line))
  .on('close', () => node.close());
