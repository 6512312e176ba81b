import type { RecallWeights } from './recallTypes.ts';

/** A memory is one of conversations when in this share of its entries another one speaks than in the entry before. */
const TURN_SHARE_MIN = 0.2;

/** For passages: learned by `npm run bench -- tune` on SQuAD, which also tells how they do on questions not learned from. */
export const PASSAGE_WEIGHTS: RecallWeights = {
  own: 0.3,
  window: 0.33,
  far: 0.32,
  backoff: 0.6,
  coverage: 0.16,
  windowCoverage: -0.07,
  pairs: 0.2,
  sentence: 0.31,
  sentences: 0.31,
  first: 0.15,
  surface: 0.42,
  capitals: 0.28,
  names: 0.06,
  when: 0.26,
  number: 0.17,
  date: 0.3,
  length: -0.37,
  speaker: 0.2,
  answers: 0.06,
  embedding: 0.1,
  sentenceEmbedding: 0.6,
  windowEmbedding: 0.08,
  core: 0.02,
  importance: 0.02,
};

/**
 * For turns. What is learned from 35 meetings does worse on others than these few round figures, which were chosen on
 * the same meetings one feature at a time; so they stay coarse.
 */
export const TURN_WEIGHTS: RecallWeights = {
  own: 0.25,
  window: 1,
  far: 0.3,
  backoff: 0.1,
  pairs: 0.05,
  sentences: 0.05,
  surface: 0.05,
  capitals: 0.05,
  when: 0.1,
  date: 0.1,
  speaker: 0.3,
  asks: -0.1,
  embedding: 0.1,
  windowEmbedding: 0.1,
  core: 0.02,
  importance: 0.02,
};

/** The weights for a memory in which the speaker changes in such a share of entries. */
export const weightsFor = (speakerChanges: number): RecallWeights =>
  speakerChanges >= TURN_SHARE_MIN ? TURN_WEIGHTS : PASSAGE_WEIGHTS;
