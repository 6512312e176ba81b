import { err, ok, type Result } from '../../kernel/result.ts';
import type { ExamReport } from '../../memory/exam.ts';
import { readExam } from '../../memory/examData.ts';
import { endpointExaminee } from '../../memory/examEndpoint.ts';
import { examineAll, withWordVectors } from '../../memory/examRun.ts';
import type { FetchLike } from '../../memory/endpointEmbedding.ts';
import type { EmbeddingError } from '../../memory/embedding.ts';
import type { ExamRefusal, ExamSetting } from '../../memory/examTypes.ts';
import type { StaticModel } from '../../memory/staticEmbedding.ts';
import { readExamFiles, type NamedBlob } from './examFiles.ts';
import { monotonicNow } from './liveEnv.ts';
import { fetchWordVectors } from './wordVectors.ts';

/** How far an exam is. */
export type ExamStep =
  | { readonly phase: 'reading'; readonly bytes: number }
  /** Texts that have their vector of an endpoint, and how many there are. */
  | { readonly phase: 'embedding'; readonly done: number; readonly total: number }
  | {
      readonly phase: 'asking';
      /** Questions put to all examinees together, and how many there are. */
      readonly done: number;
      readonly total: number;
      readonly examinee: string;
    };

/** The Comlink contract of the worker that takes exams. Its work is one long turn: whoever has enough of it ends the worker. */
export interface ExamControl {
  /** @param baseUrl the page's, beside which the word vectors lie */
  take(
    files: readonly NamedBlob[],
    setting: ExamSetting,
    baseUrl: string,
    onStep: (step: ExamStep) => void,
  ): Promise<Result<ExamReport, ExamRefusal>>;
}

const STEP_EVERY_MS = 100;

/** @param load gets the word vectors; tests bring others, and another `fetch` */
export function createExamControl(
  load: (baseUrl: string) => Promise<Result<StaticModel, EmbeddingError>> = fetchWordVectors,
  fetchLike: FetchLike = (url, init) => fetch(url, init),
): ExamControl {
  return {
    async take(files, setting, baseUrl, onStep) {
      let toldMs = -Infinity;
      const tell = (step: ExamStep, isLast = false): void => {
        const nowMs = monotonicNow();
        if (!isLast && nowMs - toldMs < STEP_EVERY_MS) return;
        toldMs = nowMs;
        onStep(step);
      };
      const read = await readExamFiles(files, (bytes) => tell({ phase: 'reading', bytes }));
      if (!read.ok) return read;
      try {
        const data = readExam(read.value);
        if (!data.ok) return data;
        const model = await load(baseUrl);
        const vectors = withWordVectors(model.ok ? model.value : null);
        if (setting.endpoint) {
          const own = await endpointExaminee(setting.endpoint, data.value, fetchLike, (done, total) =>
            tell({ phase: 'embedding', done, total }),
          );
          if (!own.ok) return own;
          vectors.unshift(own.value);
        }
        const run = examineAll(data.value, setting, vectors);
        for (;;) {
          const step = run.next();
          if (step.done)
            return ok(model.ok ? step.value : { ...step.value, withoutVectors: model.error.message });
          tell({ phase: 'asking', ...step.value }, step.value.done === step.value.total);
        }
      } catch (e) {
        if (!(e instanceof RangeError)) throw e;
        // What an engine says when a text, an array or the heap is too long.
        return err({
          message: `${files.map((f) => f.name).join(', ')}: too much for this tab (${e.message}).`,
        });
      }
    },
  };
}
