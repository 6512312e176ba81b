/** A histogram as plain data: structured-cloneable, and as small as its non-empty buckets. */
export interface HistogramState {
  readonly unit: number;
  readonly count: number;
  readonly sum: number;
  /** 0 when empty. */
  readonly min: number;
  readonly max: number;
  /** Values that were not recorded because they are no measurement (negative, NaN, infinite). */
  readonly refused: number;
  /** Bucket number and its count in turn, bucket numbers ascending. */
  readonly buckets: readonly number[];
}

/** Bits of the mantissa that tell buckets apart: 128 buckets an octave, each 0.78 % wide. */
const SUB_BITS = 7;
const SUB_BUCKETS = 1 << SUB_BITS;
const DROPPED_BITS = 20 - SUB_BITS;
const DROPPED_MASK = (1 << DROPPED_BITS) - 1;
/** Biased exponent of 0.5: values up to half a unit share bucket 0. */
const BASE = 1022 << SUB_BITS;

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);
const HIGH = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;
const LOW = 1 - HIGH;

/** The bucket of a value in units: buckets are open below and closed above, as Prometheus' `le` wants them. */
function bucketOf(scaled: number): number {
  if (!(scaled > 0.5)) return 0;
  float[0] = scaled;
  const high = words[HIGH]!;
  const index = (high >>> DROPPED_BITS) - BASE + 1;
  return words[LOW] === 0 && (high & DROPPED_MASK) === 0 ? index - 1 : index;
}

/** The upper bound, in units, of a bucket; it belongs to the bucket. */
export function bucketUpperBound(index: number): number {
  return 2 ** (Math.floor(index / SUB_BUCKETS) - 1) * (1 + (index % SUB_BUCKETS) / SUB_BUCKETS);
}

/**
 * Counts non-negative values in log-linear buckets (as HdrHistogram does, Gil Tene), so that every quantile is
 * within 0.4 % of a recorded value and histograms of many nodes add up to the histogram of all.
 * The bucket is read off the bits of the float: no logarithm, no allocation while recording.
 */
export class Histogram {
  readonly unit: number;
  private readonly perUnit: number;
  private counts = new Float64Array(8 * SUB_BUCKETS);
  private n = 0;
  private total = 0;
  private least = Infinity;
  private most = 0;
  private rejected = 0;

  /** @param unit the smallest value told apart from 0, in the recorded unit, e.g. 0.001 for 1 us when recording ms. Throws RangeError unless positive and finite. */
  constructor(unit = 0.001) {
    if (!(unit > 0 && unit < Infinity)) throw new RangeError(`Histogram: unit must be positive, got ${unit}`);
    this.unit = unit;
    this.perUnit = 1 / unit;
  }

  get count(): number {
    return this.n;
  }
  get sum(): number {
    return this.total;
  }
  /** 0 when empty. */
  get min(): number {
    return this.n === 0 ? 0 : this.least;
  }
  get max(): number {
    return this.most;
  }
  /** 0 when empty. */
  get mean(): number {
    return this.n === 0 ? 0 : this.total / this.n;
  }
  /** Values turned away: negative, NaN or infinite ones. A bad measurement must not fell what it measures, but it must show. */
  get refused(): number {
    return this.rejected;
  }

  /** Counts `value` `times` times (a whole number >= 0). A value that is no measurement is counted in `refused`. */
  record(value: number, times = 1): void {
    if (!(value >= 0 && value < Infinity)) {
      this.rejected += times;
      return;
    }
    const index = bucketOf(value * this.perUnit);
    if (index >= this.counts.length) this.grow(index);
    this.counts[index]! += times;
    this.n += times;
    this.total += value * times;
    if (value < this.least && times > 0) this.least = value;
    if (value > this.most && times > 0) this.most = value;
  }

  /** The value that a share `q` in [0, 1] of the records does not exceed, within 0.4 %; 0 when empty. Throws RangeError for another q. */
  quantile(q: number): number {
    if (!(q >= 0 && q <= 1)) throw new RangeError(`quantile: q must be in [0, 1], got ${q}`);
    if (this.n === 0) return 0;
    if (q === 0) return this.least;
    // A rank that is whole but for rounding must not move on to the next record.
    const rank = Math.min(this.n, Math.max(1, Math.ceil(q * this.n - 1e-6)));
    if (rank === this.n) return this.most;
    let seen = 0;
    for (let i = 0; i < this.counts.length; i++) {
      seen += this.counts[i]!;
      if (seen >= rank) {
        const middle = i === 0 ? 0 : ((bucketUpperBound(i - 1) + bucketUpperBound(i)) / 2) * this.unit;
        return Math.min(this.most, Math.max(this.least, middle));
      }
    }
    return this.most;
  }

  /** Adds all that `other` recorded. Throws RangeError when its unit differs. */
  merge(other: Histogram): void {
    this.checkUnit(other.unit);
    for (let i = other.counts.length - 1; i >= 0; i--) {
      const c = other.counts[i]!;
      if (c === 0) continue;
      if (i >= this.counts.length) this.grow(i);
      this.counts[i]! += c;
    }
    this.addTotals(other.toTotals());
  }

  /** Adds all that a state holds. Throws RangeError when its unit differs. */
  mergeState(state: HistogramState): void {
    this.checkUnit(state.unit);
    for (let i = 0; i + 1 < state.buckets.length; i += 2) {
      const index = state.buckets[i]!;
      if (index >= this.counts.length) this.grow(index);
      this.counts[index]! += state.buckets[i + 1]!;
    }
    this.addTotals(state);
  }

  reset(): void {
    this.counts.fill(0);
    this.n = 0;
    this.total = 0;
    this.least = Infinity;
    this.most = 0;
    this.rejected = 0;
  }

  toState(): HistogramState {
    const buckets: number[] = [];
    for (let i = 0; i < this.counts.length; i++) if (this.counts[i]! > 0) buckets.push(i, this.counts[i]!);
    return { unit: this.unit, ...this.toTotals(), buckets };
  }

  static fromState(state: HistogramState): Histogram {
    const histogram = new Histogram(state.unit);
    histogram.mergeState(state);
    return histogram;
  }

  private toTotals(): Omit<HistogramState, 'unit' | 'buckets'> {
    return { count: this.n, sum: this.total, min: this.min, max: this.most, refused: this.rejected };
  }

  private addTotals(totals: Omit<HistogramState, 'unit' | 'buckets'>): void {
    if (totals.count > 0) {
      this.least = Math.min(this.least, totals.min);
      this.most = Math.max(this.most, totals.max);
    }
    this.n += totals.count;
    this.total += totals.sum;
    this.rejected += totals.refused;
  }

  private checkUnit(unit: number): void {
    if (unit !== this.unit) throw new RangeError(`merge: units differ, ${this.unit} and ${unit}`);
  }

  private grow(index: number): void {
    let length = this.counts.length;
    while (length <= index) length *= 2;
    const larger = new Float64Array(length);
    larger.set(this.counts);
    this.counts = larger;
  }
}

/**
 * How many records of a state do not exceed each bound `unit x 2^k`, from the lowest octave in use to the highest;
 * such bounds are bucket borders, so the counts are exact.
 */
export function cumulativeOctaves(state: HistogramState): { readonly le: number; readonly count: number }[] {
  const out: { le: number; count: number }[] = [];
  let seen = 0;
  let octave = -1;
  for (let i = 0; i + 1 < state.buckets.length; i += 2) {
    const own = Math.ceil(state.buckets[i]! / SUB_BUCKETS);
    if (octave === -1) octave = own;
    for (; octave < own; octave++) out.push({ le: 2 ** (octave - 1) * state.unit, count: seen });
    seen += state.buckets[i + 1]!;
  }
  if (octave !== -1) out.push({ le: 2 ** (octave - 1) * state.unit, count: seen });
  return out;
}
