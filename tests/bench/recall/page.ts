import { createRng } from '../../../src/kernel/rng.ts';
import { packTokens } from '../../../src/memory/documentTokens.ts';
import type { AgentAsked, AgentMeasured } from './agent.ts';
import { madeQuestion, madeTexts } from './madeTexts.ts';
import type { RecallAsked, RecallMeasured } from './measure.ts';

declare global {
  interface Window {
    /** Each runs one measurement in a worker of its own. */
    measure(asked: RecallAsked): Promise<RecallMeasured>;
    measureAgent(seed: string): Promise<AgentMeasured>;
  }
}

/** An agent of `first-minute` has about so many passages, of so many words that are no stop words. */
const PASSAGES = 155;
const WORDS_PER_PASSAGE = 55;
const QUESTIONS = 200;
const QUESTION_WORDS = 7;

function inWorker<R>(worker: Worker, asked: unknown): Promise<R> {
  return new Promise((resolve, reject) => {
    worker.onmessage = (event: MessageEvent<R>) => {
      worker.terminate();
      resolve(event.data);
    };
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(asked);
  });
}

window.measure = (asked) =>
  inWorker(new Worker(new URL('./bench.worker.ts', import.meta.url), { type: 'module' }), asked);

window.measureAgent = (seed) => {
  const rng = createRng(seed);
  const texts = madeTexts(rng, PASSAGES, WORDS_PER_PASSAGE);
  const asked: AgentAsked = {
    texts,
    tokens: packTokens(texts)!,
    questions: Array.from({ length: QUESTIONS }, () => madeQuestion(rng, texts, QUESTION_WORDS)),
  };
  return inWorker(new Worker(new URL('./agent.worker.ts', import.meta.url), { type: 'module' }), asked);
};
