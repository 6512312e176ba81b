import { createRng } from '../../src/kernel/rng.ts';
import {
  EXAMINEES,
  examine,
  vectorExaminee,
  WITH_VECTORS,
  type Examinee,
  type ExamReport,
} from '../../src/memory/exam.ts';
import type { ExamData } from '../../src/memory/examTypes.ts';
import { endpointExaminee } from '../../src/memory/examEndpoint.ts';
import { groveExaminee } from '../../src/memory/examGrove.ts';
import { METRICS, type Metric } from '../../src/memory/examMetrics.ts';
import { memoryOptions } from '../../src/memory/options.ts';
import { atLeast, type BenchContext, type BenchResult, type BenchTarget } from '../harness/bench.ts';
import { dataFolder, readExamPath } from '../harness/examFile.ts';
import { packedWordVectors } from '../harness/wordVectors.ts';

const SHOWN: readonly Metric[] = ['R@1', 'R@5', 'R@10', 'R@20', 'hit@1', 'hit@10', 'MRR', 'nDCG@10'];
/** Rings shown at most: a data set may have hundreds. */
const RINGS = 12;
/** What the two stages have to reach in percent, by data set. */
const SQUAD_BARS: readonly (readonly [Metric, number])[] = [
  ['R@1', 84],
  ['R@5', 96],
  ['R@10', 97.5],
];

const percent = (share: number): string => (100 * share).toFixed(1).padStart(5);

/**
 * `--dataset FILE`: an exam of the recall in two stages, held against BM25 and exact search, and of a grove of `--agents N`
 * that ask `--ask N` others. `--seed TEXT` for the intervals. `--endpoint URL --model NAME [--dimensions N]` examines the vectors of an OpenAI-compatible endpoint too; its
 * key, if it wants one, is taken from the environment variable TREERING_EMBEDDINGS_KEY.
 */
export async function run({ args, log }: BenchContext): Promise<BenchResult> {
  const path = args['dataset'];
  if (path === undefined)
    throw new Error(
      'Name a labelled data set: npm run bench -- memory --dataset FILE (SQuAD, BEIR, LoCoMo or QMSum; .gz is read too' +
        `; public ones lie in ${dataFolder()}/datasets if that folder is there).`,
    );
  const data = readExamPath(path);
  const grove = groveExaminee({
    memory: memoryOptions.fallback!(),
    agents: { count: Number(args['agents'] ?? 100), askOthers: Number(args['ask'] ?? 3) },
  });
  const examinees = [...EXAMINEES, grove, ...withWordVectors(log), ...(await withEndpoint(args, data, log))];
  const steps = examine(data, examinees, createRng(args['seed'] ?? 'exam'));
  let step = steps.next();
  let told = 0;
  while (!step.done) {
    const { done, total } = step.value;
    if (done / total >= told + 0.25) log(`${Math.round(100 * (told = done / total))} % of the questions`);
    step = steps.next();
  }
  const report = step.value;
  print(report, log);
  const rows = report.results.flatMap((r) =>
    SHOWN.map((m) => ({
      name: `${r.examinee}, ${m}`,
      unit: '%',
      samples: [100 * r.overall[m].mean],
      ...(r.examinee === 'two stages' ? { against: `BM25 alone, ${m}` } : {}),
    })),
  );
  return {
    title: `Memory exam: ${report.dataset}, ${report.questions} questions, ${report.entries} ${report.unit}s`,
    rows,
    targets: targetsOf(report, grove.name),
  };
}

/** The two stages with the packed word vectors, where they are. */
function withWordVectors(log: (line: string) => void): Examinee[] {
  const model = packedWordVectors();
  if (!model) {
    log('There are no packed word vectors (public/models): the exam goes on without them.');
    return [];
  }
  return [vectorExaminee(model.tag, model.vectorOf)];
}

/** The two stages with an endpoint's vectors. */
async function withEndpoint(
  args: BenchContext['args'],
  data: ExamData,
  log: (line: string) => void,
): Promise<Examinee[]> {
  const baseUrl = args['endpoint'];
  if (baseUrl === undefined) return [];
  const model = args['model'] ?? '';
  const dimensions = args['dimensions'] === undefined ? undefined : Number(args['dimensions']);
  if (model === '' || (dimensions !== undefined && (!Number.isInteger(dimensions) || dimensions < 1)))
    throw new Error(
      '--endpoint URL needs --model NAME; --dimensions N, if given, is the length of its vectors.',
    );
  const apiKey = process.env['TREERING_EMBEDDINGS_KEY'] ?? '';
  const endpoint = { baseUrl, model, apiKey, ...(dimensions !== undefined && { dimensions }) };
  const examinee = await endpointExaminee(endpoint, data, fetch, (done, total) =>
    log(`${done} of ${total} texts have a vector of ${model}`),
  );
  if (!examinee.ok) throw new Error(examinee.error.message);
  return [examinee.value];
}

function print(report: ExamReport, log: (line: string) => void): void {
  for (const r of report.results) {
    log(`${r.examinee}: means in percent with 95 % bootstrap intervals`);
    for (const m of METRICS) {
      const { mean, low, high } = r.overall[m];
      log(`  ${m.padEnd(8)} ${percent(mean)}  [${percent(low)}, ${percent(high)}]`);
    }
  }
  const [own] = report.results;
  for (const [what, parts] of [
    ['category', own!.byCategory],
    ['ring', own!.byRing],
  ] as const) {
    if (parts.length === 0) continue;
    log(`${own!.examinee}, by ${what}`);
    for (const part of parts.slice(0, RINGS))
      log(
        `  ${part.name.padEnd(24)} ${String(part.questions).padStart(5)} questions  ` +
          SHOWN.map((m) => `${m} ${percent(part.means[m])}`).join('  '),
      );
    if (parts.length > RINGS) log(`  and ${parts.length - RINGS} more`);
  }
}

function targetsOf(report: ExamReport, grove: string): BenchTarget[] {
  const of = (examinee: string, m: Metric): number =>
    100 * report.results.find((r) => r.examinee === examinee)!.overall[m].mean;
  // The static tier of embeddings is the default: where it is packed, it is judged.
  const whole = report.results.some((r) => r.examinee === WITH_VECTORS) ? WITH_VECTORS : 'two stages';
  if (report.dataset === 'SQuAD')
    return [
      ...SQUAD_BARS.map(([m, bar]) => atLeast(`SQuAD ${m} in percent, ${whole}`, of(whole, m), bar)),
      // The bar of the vital sign: what agents that ask each other find has to reach it too.
      atLeast(`SQuAD R@5 in percent, ${grove}`, of(grove, 'R@5'), 90),
    ];
  if (report.unit !== 'turn') return [];
  return (['hit@10', 'R@10', 'nDCG@10'] as const).map((m) =>
    atLeast(`${report.dataset} ${m} against windowed BM25`, of('two stages', m), of('windowed BM25', m)),
  );
}
