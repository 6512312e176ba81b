import { ln } from '../kernel/maths.ts';

/** BM25's saturation and length normalisation, as in Anserini's baselines for passages (Lin et al. 2016). */
export const K1 = 0.9;
export const B = 0.4;

/** ln(1 + (N - n + 0.5) / (n + 0.5)), the inverse document frequency that is always above 0 (Lucene's BM25). */
export const inverseFrequency = (total: number, having: number): number =>
  ln(1 + (total - having + 0.5) / (having + 0.5));

/** What a term counts that stands `count` times in a text of `length`, where a usual one has `usual`; below K1 + 1. */
export const saturated = (count: number, length: number, usual: number): number =>
  ((K1 + 1) * count) / (count + K1 * (1 - B + (B * length) / usual));
