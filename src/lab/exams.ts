import type { ExamReport } from '../memory/exam.ts';
import { AGENT_MEMORY, METRICS, SIGN_METRIC, type Metric } from '../memory/examMetrics.ts';
import { createRegistry } from '../metrics/registry.ts';
import { expose } from '../metrics/exposition.ts';
import type { ExamEndpoint, ExamSetting } from '../memory/examTypes.ts';
import type { ExamStep } from '../worlds/live/examControl.ts';
import type { NamedBlob } from '../worlds/live/examFiles.ts';
import { openExam } from '../worlds/live/openExam.ts';
import type { Refusal } from './grove.ts';
import type { ExamAccount } from './report.ts';

export type { ExamPart, ExamReport, ExamResult } from '../memory/exam.ts';
export { AGENT_MEMORY, METRICS, SIGN_METRIC, type Metric } from '../memory/examMetrics.ts';
export type { ExamAccount } from './report.ts';
export type { ExamEndpoint, ExamStep, NamedBlob };

export type ExamOutcome = { readonly ok: true; readonly account: ExamAccount } | Refusal;

/** The exams of this page; each runs in a worker of its own, one at a time. */
export interface Exams {
  /** The one taken last; a refused or cancelled one changes nothing. */
  readonly last: ExamAccount | null;
  /** Takes an exam on a visitor's files. Refusals carry their sentence: a bad file, one under way, or `cancel`. */
  take(
    files: readonly NamedBlob[],
    setting: ExamSetting,
    onStep?: (step: ExamStep) => void,
  ): Promise<ExamOutcome>;
  /** Ends the exam under way at once; it is then refused. */
  cancel(): void;
  /** Hears of every exam that was taken, by whomever. */
  onTaken(listener: (account: ExamAccount) => void): void;
  /** Every figure of the last exam as Prometheus text, to follow other text; empty before the first. */
  metrics(): string;
}

const refuse = (message: string): Refusal => ({ ok: false, message });

/** @param open takes one exam; tests bring another */
export function createExams(open: typeof openExam = openExam): Exams {
  let last: ExamAccount | null = null;
  let cancelled: (() => void) | null = null;
  const listeners: ((account: ExamAccount) => void)[] = [];
  return {
    get last() {
      return last;
    },
    async take(files, setting, onStep = () => undefined) {
      if (cancelled) return refuse('An exam is under way; wait for it or cancel it first.');
      const under = open(files, setting, onStep);
      const giveUp = new Promise<null>((resolve) => {
        cancelled = () => {
          under.cancel();
          resolve(null);
        };
      });
      try {
        const result = await Promise.race([under.result, giveUp]);
        if (result === null) return refuse('The exam was cancelled; nothing was changed.');
        if (!result.ok) return refuse(result.error.message);
        const names = files.map((f) => f.name);
        last = { files: names, sign: signOf(result.value, names), report: result.value };
        const account = last;
        for (const listener of listeners) listener(account);
        return { ok: true, account };
      } catch (e) {
        return refuse(e instanceof Error ? e.message : String(e));
      } finally {
        cancelled = null;
      }
    },
    cancel: () => cancelled?.(),
    onTaken: (listener) => void listeners.push(listener),
    metrics: () => (last === null ? '' : examMetrics(last)),
  };
}

/** The figure of an exam that is the vital sign: of an agent's own tree-ring memory. */
export function signOf(
  { results, dataset, questions }: ExamReport,
  files: readonly string[],
): ExamAccount['sign'] {
  const { mean, low, high } = results.find((r) => r.examinee === AGENT_MEMORY)!.overall[SIGN_METRIC];
  return {
    metric: `exam: ${SIGN_METRIC}, ${AGENT_MEMORY}`,
    dataset: `${dataset} (${files.join(', ')})`,
    value: mean,
    queries: questions,
    interval: [low, high],
  };
}

function examMetrics({ sign, report }: ExamAccount): string {
  const registry = createRegistry();
  const { dataset } = sign;
  registry
    .gauge('treering_memory_exam_questions', 'Questions of the last memory exam.', { dataset })
    .set(report.questions);
  const gauge = (metric: Metric, labels: Record<string, string>, value: number): void =>
    registry
      .gauge('treering_memory_exam_ratio', 'Figures of the last memory exam, from 0 to 1.', {
        dataset,
        metric,
        ...labels,
      })
      .set(value);
  for (const { examinee, overall, byZone } of report.results)
    for (const metric of METRICS) {
      gauge(metric, { examinee, ring: 'all' }, overall[metric].mean);
      for (const part of byZone) gauge(metric, { examinee, ring: part.name }, part.means[metric]);
    }
  return expose(registry.state());
}
