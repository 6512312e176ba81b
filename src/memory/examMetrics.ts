import { ln } from '../kernel/maths.ts';
import type { Rng } from '../kernel/rng.ts';

/** Depths at which recall and hits are told. */
export const DEPTHS = [1, 5, 10, 20] as const;
const NDCG_DEPTH = 10;
/** log2(rank + 1) for a place counted from 0. */
const discount = (place: number): number => ln(place + 2) / Math.LN2;

export const METRICS = [
  'R@1',
  'R@5',
  'R@10',
  'R@20',
  'hit@1',
  'hit@5',
  'hit@10',
  'hit@20',
  'MRR',
  'nDCG@10',
] as const;
export type Metric = (typeof METRICS)[number];

/** As an agent's memory is called among the examinees: the vital sign *memory accuracy* is of it. */
export const AGENT_MEMORY = "an agent's memory";
/** By what the vital sign is: an agent puts about five memories into a prompt, and one that answers is enough. */
export const SIGN_METRIC: Metric = 'hit@5';

/** One question's figures, or their means: from 0 to 1. */
export type MetricValues = Readonly<Record<Metric, number>>;

/**
 * The figures of one ranking, each from 0 to 1. R@k: share of the relevant that is among the first k; hit@k: whether any
 * is; MRR: 1 / rank of the first; nDCG@10 with the gains as they are and a discount of log2(rank + 1) (Jaervelin and
 * Kekaelaeinen 2002, as trec_eval computes it).
 * @param ranked ids, best first, each once
 * @param relevant ids with their gains, > 0; at least one
 */
export function measureRanking(
  ranked: readonly string[],
  relevant: ReadonlyMap<string, number>,
): MetricValues {
  const values = Object.fromEntries(METRICS.map((m) => [m, 0])) as Record<Metric, number>;
  let found = 0;
  let gain = 0;
  for (const [i, id] of ranked.entries()) {
    const own = relevant.get(id) ?? 0;
    if (own > 0) {
      if (found === 0) values.MRR = 1 / (i + 1);
      found++;
      if (i < NDCG_DEPTH) gain += own / discount(i);
    }
    for (const depth of DEPTHS) {
      if (i >= depth) continue;
      values[`R@${depth}`] = found / relevant.size;
      values[`hit@${depth}`] = found > 0 ? 1 : 0;
    }
  }
  const ideal = [...relevant.values()].sort((a, b) => b - a).slice(0, NDCG_DEPTH);
  values['nDCG@10'] = gain / ideal.reduce((sum, g, i) => sum + g / discount(i), 0);
  return values;
}

/** A mean with the interval in which it lies in 95 % of resamples. */
export interface Estimate {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 1_000;

/**
 * The mean of each column with its percentile bootstrap interval (Efron 1979), 95 %, 1,000 resamples of rows with
 * replacement, the same resamples for all columns. Throws RangeError without rows.
 */
export function bootstrap(rows: readonly (readonly number[])[], rng: Rng): Estimate[] {
  const n = rows.length;
  if (n === 0) throw new RangeError('bootstrap: there are no rows');
  const width = rows[0]!.length;
  const flat = Float64Array.from(rows.flat());
  const means = Array.from({ length: width }, () => new Float64Array(RESAMPLES));
  const sums = new Float64Array(width);
  for (let r = 0; r < RESAMPLES; r++) {
    sums.fill(0);
    for (let i = 0; i < n; i++) {
      const row = rng.int(n) * width;
      for (let c = 0; c < width; c++) sums[c]! += flat[row + c]!;
    }
    for (let c = 0; c < width; c++) means[c]![r] = sums[c]! / n;
  }
  return means.map((sample, c) => {
    sample.sort();
    let sum = 0;
    for (let i = 0; i < n; i++) sum += flat[i * width + c]!;
    return {
      mean: sum / n,
      low: sample[Math.floor(0.025 * RESAMPLES)]!,
      high: sample[Math.ceil(0.975 * RESAMPLES) - 1]!,
    };
  });
}
