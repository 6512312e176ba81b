import { ln } from '../kernel/maths.ts';
import { FEATURES, type FeatureName, type RecallWeights } from './recallTypes.ts';

/** Features of one entry: a row. */
export const WIDTH = FEATURES.length;
/** Where a feature stands in a row. */
export const at = Object.fromEntries(FEATURES.map((name, i) => [name, i])) as Record<FeatureName, number>;

/** Weights of the terms whose bits are set, as a share of all. */
export function shareOf(mask: number, weights: Float64Array, total: number): number {
  let sum = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) sum += weights[31 - Math.clz32(rest & -rest)]!;
  return total > 0 ? sum / total : 0;
}

/** Spread below which a feature says nothing. */
const SPREAD_MIN = 1e-6;

/** One score a row; a missing value (NaN) counts as the mean. */
export function sumOfZScores(rows: Float32Array, n: number, weights: RecallWeights): Float64Array {
  const scores = new Float64Array(n);
  for (const name of FEATURES) {
    const weight = weights[name] ?? 0;
    if (weight === 0) continue;
    const f = at[name];
    let sum = 0;
    let squares = 0;
    let count = 0;
    for (let i = 0; i < n; i++) {
      const value = rows[i * WIDTH + f]!;
      if (value !== value) continue;
      sum += value;
      count++;
    }
    if (count < 2) continue;
    const mean = sum / count;
    for (let i = 0; i < n; i++) {
      const value = rows[i * WIDTH + f]!;
      if (value === value) squares += (value - mean) * (value - mean);
    }
    const spread = Math.sqrt(squares / count);
    if (spread < SPREAD_MIN) continue;
    for (let i = 0; i < n; i++) {
      const value = rows[i * WIDTH + f]!;
      if (value === value) scores[i]! += (weight * (value - mean)) / spread;
    }
  }
  return scores;
}

/** Features that grow with the weights of the question's terms. */
const BY_WEIGHT: ReadonlySet<FeatureName> = new Set<FeatureName>([
  'own',
  'window',
  'far',
  'backoff',
  'pairs',
  'sentence',
  'sentences',
  'surface',
  'capitals',
  'date',
]);
/**
 * Mean spread of each feature over the 200 candidates of SQuAD's questions, those of `BY_WEIGHT` as shares of the
 * weights of the question's terms; 1 for what that data set has not.
 */
const SPREADS: Readonly<Partial<Record<FeatureName, number>>> = {
  own: 0.139,
  window: 0.173,
  far: 0.27,
  backoff: 0.033,
  coverage: 0.118,
  windowCoverage: 0.175,
  pairs: 0.076,
  sentence: 0.104,
  sentences: 0.108,
  first: 0.087,
  surface: 0.112,
  capitals: 0.077,
  names: 0.147,
  when: 0.444,
  number: 0.427,
  date: 0.044,
  length: 0.378,
  speaker: 0.3,
  asks: 0.34,
  answers: 0.35,
  recency: 0.28,
  embedding: 0.095,
  windowEmbedding: 0.082,
  sentenceEmbedding: 0.085,
};
/**
 * What is usual, and neither gains nor loses: of a vector's likeness the mean over the same candidates, so that an entry
 * without a vector is no worse for it.
 */
const USUAL: Readonly<Partial<Record<FeatureName, number>>> = {
  length: ln(1 + 60),
  embedding: 0.601,
  windowEmbedding: 0.587,
  sentenceEmbedding: 0.623,
};

/** One feature's part in a sum in fixed units. */
interface Part {
  readonly column: number;
  readonly factor: number;
  readonly byWeight: boolean;
  readonly from: number;
}
const partsOf = new WeakMap<RecallWeights, readonly Part[]>();

function unitParts(weights: RecallWeights): readonly Part[] {
  const known = partsOf.get(weights);
  if (known) return known;
  const parts = FEATURES.filter((name) => (weights[name] ?? 0) !== 0).map((name) => ({
    column: at[name],
    factor: weights[name]! / (SPREADS[name] ?? 1),
    byWeight: BY_WEIGHT.has(name),
    from: USUAL[name] ?? 0,
  }));
  partsOf.set(weights, parts);
  return parts;
}

/** One score a row that does not depend on the other rows, so that rows of different indexes compare. */
export function sumInUnits(
  rows: Float32Array,
  n: number,
  weights: RecallWeights,
  termWeights: Float64Array,
): Float64Array {
  const scores = new Float64Array(n);
  let total = 0;
  for (const weight of termWeights) total += weight;
  if (!(total > 0)) return scores;
  for (const { column, factor, byWeight, from } of unitParts(weights)) {
    const each = byWeight ? factor / total : factor;
    for (let i = 0, p = column; i < n; i++, p += WIDTH) {
      const value = rows[p]!;
      if (value === value) scores[i]! += each * (value - from);
    }
  }
  return scores;
}
