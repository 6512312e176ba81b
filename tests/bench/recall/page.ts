import type { RecallAsked, RecallMeasured } from './measure.ts';

declare global {
  interface Window {
    /** Runs one measurement in a worker of its own. */
    measure(asked: RecallAsked): Promise<RecallMeasured>;
  }
}

window.measure = (asked) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./bench.worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = (event: MessageEvent<RecallMeasured>) => {
      worker.terminate();
      resolve(event.data);
    };
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(asked);
  });
