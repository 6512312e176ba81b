import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { EvictionPolicy } from '../../src/provider/cache/evictionPolicy.ts';

/** The block traces of the LIRS paper, as the simulator of Caffeine has them. */
export const BLOCK_TRACES = [
  ...['2_pools', 'cpp', 'cs', 'gli', 'multi1', 'multi2'],
  ...['multi3', 'ps', 'scan', 'sprite', 'zigzag'],
] as const;
/** Prefix blocks of the prompts of an LLM service (Mooncake, Apache-2.0). */
export const PREFIX_TRACE = 'mooncake';

/** Where the public data lies: `TREERING_DATA`, or `shared` beside the project; null when it is absent. */
function dataFolder(): string | null {
  const folder = process.env['TREERING_DATA'] ?? join(import.meta.dirname, '../../../shared');
  return existsSync(join(folder, 'traces')) ? folder : null;
}

/** Says what is missing and how to provide it. */
export const NO_TRACES =
  'The cache traces are absent: set TREERING_DATA to a folder that has traces/cache/*.lirs.gz and traces/llm/mooncake-synthetic.jsonl.gz.';

/** The keys of a trace in the order of asking; null when the data is absent. */
export function cacheTrace(name: string): number[] | null {
  const folder = dataFolder();
  if (folder === null) return null;
  const file =
    name === PREFIX_TRACE
      ? join(folder, 'traces/llm/mooncake-synthetic.jsonl.gz')
      : join(folder, `traces/cache/${name}.lirs.gz`);
  if (!existsSync(file)) return null;
  const lines = gunzipSync(readFileSync(file))
    .toString()
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return name === PREFIX_TRACE
    ? lines.flatMap((line) => (JSON.parse(line) as { readonly hash_ids: readonly number[] }).hash_ids)
    : lines.filter((line) => !line.includes('*')).map(Number);
}

const ignore = (): void => undefined;

/** Asks a policy for every key of a trace, one after the other; returns the hits. */
export function replayTrace(
  policy: EvictionPolicy,
  trace: readonly number[],
  weightOf: (key: number, at: number) => number = () => 1,
): number {
  let hits = 0;
  trace.forEach((key, i) => {
    if (policy.touch(key)) hits++;
    else policy.admit(key, weightOf(key, i), ignore);
  });
  return hits;
}
