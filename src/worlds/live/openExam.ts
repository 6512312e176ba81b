import { proxy, releaseProxy, wrap } from 'comlink';
import { err, type Result } from '../../kernel/result.ts';
import type { ExamReport } from '../../memory/exam.ts';
import type { ExamRefusal, ExamSetting } from '../../memory/examTypes.ts';
import type { ExamControl, ExamStep } from './examControl.ts';
import { tooBig, type NamedBlob } from './examFiles.ts';

/** An exam under way. */
export interface ExamUnderWay {
  /** Rejects with a sentence when the worker failed; never settles once it was cancelled. */
  readonly result: Promise<Result<ExamReport, ExamRefusal>>;
  /** Ends its worker at once; what it had is gone with it. */
  cancel(): void;
}

/** Takes an exam in a worker of its own, which starts with the call and ends with the result. */
export function openExam(
  files: readonly NamedBlob[],
  setting: ExamSetting,
  onStep: (step: ExamStep) => void,
): ExamUnderWay {
  const big = tooBig(files);
  if (big !== null) return { result: Promise.resolve(err({ message: big })), cancel: () => undefined };
  const worker = new Worker(new URL('./exam.worker.ts', import.meta.url), { type: 'module', name: 'exam' });
  const control = wrap<ExamControl>(worker);
  const end = (): void => {
    control[releaseProxy]();
    worker.terminate();
  };
  const failed = new Promise<never>((_, reject) => {
    worker.onerror = (event) => {
      const why = event.message || 'its script could not be loaded; check the connection and try again.';
      reject(new Error(`The worker of the exam failed: ${why}`));
    };
  });
  const taking = control.take([...files], setting, document.baseURI, proxy(onStep));
  const result = Promise.race([taking, failed]);
  result.then(end, end);
  return { result, cancel: end };
}
