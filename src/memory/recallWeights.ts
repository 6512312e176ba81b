import type { RecallWeights } from './recallTypes.ts';

/** Weights of the second stage for entries of running text. */
export const DEFAULT_WEIGHTS: RecallWeights = { own: 1, window: 1 };
