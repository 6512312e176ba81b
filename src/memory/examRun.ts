import { createRng } from '../kernel/rng.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import {
  EXAMINEES,
  examine,
  vectorExaminee,
  type Examinee,
  type ExamProgress,
  type ExamReport,
} from './exam.ts';
import { readExam } from './examData.ts';
import { groveExaminee } from './examGrove.ts';
import { ringsExaminee } from './examRings.ts';
import type { ExamData, ExamFile, ExamRefusal, ExamSetting } from './examTypes.ts';
import type { StaticModel } from './staticEmbedding.ts';

/**
 * Puts every question to an agent's tree-ring memory, to a grove of agents, to the index alone, and to what they are held
 * against. Runs as far as it is driven. The same data, setting and vectors give the same report.
 * @param vectors those who are asked with vectors
 */
export function examineAll(
  data: ExamData,
  setting: Pick<ExamSetting, 'memory' | 'agents'>,
  vectors: readonly Examinee[],
): Generator<ExamProgress, ExamReport> {
  const examinees = [ringsExaminee(setting.memory), groveExaminee(setting), ...vectors, ...EXAMINEES];
  return examine(data, examinees, createRng('exam'));
}

/** The index with such word vectors; nobody for null. */
export const withWordVectors = (model: StaticModel | null): Examinee[] =>
  model ? [vectorExaminee(model.tag, model.vectorOf)] : [];

/** A whole exam of files: reads them, and see `examineAll`. */
export function* runExam(
  files: readonly ExamFile[],
  setting: Pick<ExamSetting, 'memory' | 'agents'>,
  model: StaticModel | null = null,
): Generator<ExamProgress, Result<ExamReport, ExamRefusal>> {
  const data = readExam(files);
  if (!data.ok) return err(data.error);
  return ok(yield* examineAll(data.value, setting, withWordVectors(model)));
}
