import { createRng } from '../kernel/rng.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { EXAMINEES, examine, vectorExaminee, type ExamProgress, type ExamReport } from './exam.ts';
import { readExam } from './examData.ts';
import { ringsExaminee } from './examRings.ts';
import { groveExaminee } from './examGrove.ts';
import type { ExamFile, ExamRefusal, ExamSetting } from './examTypes.ts';
import type { StaticModel } from './staticEmbedding.ts';

/**
 * A whole exam: reads the files and puts every question to an agent's tree-ring memory, to a grove of agents, to
 * the index alone, and to what they are held against. Runs as far as it is driven. The same files, setting and word vectors
 * give the same report.
 * @param model word vectors with which the index is asked too; null for none
 */
export function* runExam(
  files: readonly ExamFile[],
  setting: ExamSetting,
  model: StaticModel | null = null,
): Generator<ExamProgress, Result<ExamReport, ExamRefusal>> {
  const data = readExam(files);
  if (!data.ok) return err(data.error);
  const vectors = model ? [vectorExaminee(model.tag, model.vectorOf)] : [];
  const examinees = [ringsExaminee(setting.memory), groveExaminee(setting), ...vectors, ...EXAMINEES];
  return ok(yield* examine(data.value, examinees, createRng('exam')));
}
