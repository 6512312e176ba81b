import { ln } from '../kernel/maths.ts';
const PER_OCTAVE = 8;
const BINS = 17 * PER_OCTAVE;
/** Halved beyond this, so that a change of habits is learned. */
const SAMPLES_MAX = 4_096;
const LEARNED = 8;
/** Share of the most that an answer is taken to have before that. */
const UNLEARNED = 0.5;
const REFRESH = 64;

const binOf = (tokens: number): number =>
  Math.min(BINS - 1, Math.max(0, Math.floor((ln(Math.max(1, tokens)) / Math.LN2) * PER_OCTAVE)));

/** How long answers are, learned from those that ended: the mean residual life of a length that has come so far. */
export class LengthModel {
  private readonly counts = new Float64Array(BINS);
  private readonly sums = new Float64Array(BINS);
  /** Mean of the answers that fall into this bin or a later one, by bin. */
  private readonly meanFrom = new Float64Array(BINS + 1);
  private samples = 0;
  private untilRefresh = 1;

  /** An answer ended with that many tokens. */
  learn(tokens: number): void {
    const bin = binOf(tokens);
    this.counts[bin]! += 1;
    this.sums[bin]! += tokens;
    if (++this.samples > SAMPLES_MAX) {
      this.samples /= 2;
      for (let i = 0; i < BINS; i++) {
        this.counts[i]! /= 2;
        this.sums[i]! /= 2;
      }
    }
    if (--this.untilRefresh <= 0) this.refresh();
  }

  /** Tokens that an answer of at most `maxTokens` will have, `produced` of them already there; the most while little was learned. */
  expected(produced: number, maxTokens: number): number {
    if (this.samples < LEARNED) return Math.max(produced + 1, maxTokens * UNLEARNED);
    const mean = this.meanFrom[binOf(produced + 1)]!;
    // Past the longest ever seen: a little more.
    return Math.min(maxTokens, Math.max(mean, produced * 1.05 + 1));
  }

  private refresh(): void {
    this.untilRefresh = this.samples < 4 * REFRESH ? 4 : REFRESH;
    let count = 0;
    let sum = 0;
    for (let i = BINS - 1; i >= 0; i--) {
      count += this.counts[i]!;
      sum += this.sums[i]!;
      this.meanFrom[i] = count > 0 ? sum / count : 0;
    }
  }
}
