import { createRng, type Rng } from '../../../src/kernel/rng.ts';
import { analyseQuestion, questionOfTerms } from '../../../src/memory/question.ts';
import { createRecallIndex } from '../../../src/memory/recallIndex.ts';
import type { RecallOptions } from '../../../src/memory/recallTypes.ts';
import { analyse } from '../../../src/memory/text.ts';
import { VectorIndex } from '../../../src/memory/vectorIndex.ts';
import { madeQuestion, madeTexts } from './madeTexts.ts';

export interface RecallAsked {
  readonly memories: number;
  readonly questions: number;
  readonly seed: string;
}

/** Times in ms, one a question. */
export interface RecallMeasured {
  readonly insertPerS: number;
  readonly bytesPerMemory: number;
  readonly twoStages: number[];
  readonly bm25: number[];
  readonly exact: number[];
  readonly vectors: number[];
  readonly exactVectors: number[];
  /** Share of the ten most similar by exact arithmetic that the vector index finds. */
  readonly vectorRecall: number;
  /** Share of the ten best of exact search (no cut before the second stage) that the two stages find. */
  readonly stageRecall: number;
}

const DIMENSIONS = 100;
const WORDS_PER_TURN = 16;
const QUESTION_WORDS = 7;
const TURNS_PER_THREAD = 30;
const TOPICS = 200;
/** Questions put before those that are timed: a worker recalls long after its code is compiled. */
const WARM_UPS = 500;

/** Measures recall over made turns whose words are as frequent as in running text, and over clustered vectors. */
export function measure({ memories, questions, seed }: RecallAsked): RecallMeasured {
  const rng = createRng(seed);
  const texts = madeTexts(rng, memories, WORDS_PER_TURN);
  const index = createRecallIndex();
  // Code that has never run is slow; a memory is filled once and then asked for long.
  const warm = createRecallIndex();
  for (const text of texts.slice(0, 1_000))
    warm.add({ text, speaker: '', date: '', ring: '', thread: 'warm' });
  const startMs = performance.now();
  texts.forEach((text, i) =>
    index.add({
      text,
      speaker: i % 2 === 0 ? 'Ada' : 'Ben',
      date: '2024-05-01',
      ring: '',
      thread: String(Math.floor(i / TURNS_PER_THREAD)),
    }),
  );
  const insertPerS = (memories / (performance.now() - startMs)) * 1_000;

  const asked = Array.from({ length: questions }, () => madeQuestion(rng, texts, QUESTION_WORDS));
  const timed = (ask: (question: string) => unknown): number[] => {
    for (let i = 0; i < WARM_UPS; i++) ask(asked[i % asked.length]!);
    // The clock steps by 0.1 ms: each question is put until that is 2 % of the time, and the time shared.
    return asked.map((question) => {
      let times = 0;
      const fromMs = performance.now();
      do {
        ask(question);
        times++;
      } while (performance.now() - fromMs < 2);
      return (performance.now() - fromMs) / times;
    });
  };
  const all: RecallOptions = { candidates: Infinity };
  const twoStages = timed((q) => index.recall(analyseQuestion(q), 10));
  const bm25 = timed((q) => index.recall(questionOfTerms(analyse(q)), 10, { weights: null }));
  const few = asked.slice(0, 20);
  let kept = 0;
  const exact: number[] = [];
  for (const question of few) {
    const fromMs = performance.now();
    const best = index.recall(analyseQuestion(question), 10, all).map((h) => h.id);
    exact.push(performance.now() - fromMs);
    const found = index.recall(analyseQuestion(question), 10).map((h) => h.id);
    kept += best.filter((id) => found.includes(id)).length / best.length / few.length;
  }
  return {
    insertPerS,
    bytesPerMemory: index.bytes / memories,
    twoStages,
    bm25,
    exact,
    stageRecall: kept,
    ...overVectors(memories, asked.length, rng, timed),
  };
}

function overVectors(
  memories: number,
  questions: number,
  rng: Rng,
  timed: (ask: (question: string) => unknown) => number[],
): Pick<RecallMeasured, 'vectors' | 'exactVectors' | 'vectorRecall'> {
  const topics = Array.from({ length: TOPICS }, () =>
    Float32Array.from({ length: DIMENSIONS }, () => rng.normal()),
  );
  const near = (): Float32Array => {
    const topic = rng.pick(topics);
    return topic.map((x) => x + rng.normal());
  };
  const index = new VectorIndex({ model: 'made', dimensions: DIMENSIONS });
  const flat = new Float32Array(memories * DIMENSIONS);
  for (let id = 0; id < memories; id++) {
    const vector = near();
    index.set(id, vector);
    const length = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
    for (let d = 0; d < DIMENSIONS; d++) flat[id * DIMENSIONS + d] = vector[d]! / length;
  }
  const queries = Array.from({ length: questions }, near);
  let n = 0;
  const vectors = timed(() => index.search(queries[n++ % questions]!, 10));
  const exactVectors: number[] = [];
  let shared = 0;
  const few = queries.slice(0, 40);
  for (const query of few) {
    const fromMs = performance.now();
    const scores = new Float64Array(memories);
    for (let id = 0; id < memories; id++) {
      let sum = 0;
      for (let d = 0; d < DIMENSIONS; d++) sum += query[d]! * flat[id * DIMENSIONS + d]!;
      scores[id] = sum;
    }
    const tenth = scores.slice().sort()[memories - 10]!;
    exactVectors.push(performance.now() - fromMs);
    shared += index.search(query, 10).filter((h) => scores[h.id]! >= tenth).length / 10 / few.length;
  }
  return { vectors, exactVectors, vectorRecall: shared };
}
