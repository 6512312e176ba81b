import type { ExamData } from '../../src/memory/examTypes.ts';
import { indexOf, meaningsOf } from '../../src/memory/exam.ts';
import { measureRanking, METRICS, type Metric } from '../../src/memory/examMetrics.ts';
import { analyseQuestion } from '../../src/memory/question.ts';
import { FEATURES, type FeatureName } from '../../src/memory/recallTypes.ts';
import type { StaticModel } from '../../src/memory/staticEmbedding.ts';
import { type BenchContext, type BenchResult, type BenchRow } from '../harness/bench.ts';
import { dataFolder, sharedDataset } from '../harness/examFile.ts';
import { packedWordVectors } from '../harness/wordVectors.ts';
import { dot, trainRanker, type TrainingQuestion } from '../harness/rankTraining.ts';

const FOLDS = 5;
/** Features that no labelled data set here can teach, or whose effect is one of the data set's making: their weights are set by hand. */
const UNTAUGHT: ReadonlySet<FeatureName> = new Set(['recency', 'core', 'importance']);

interface Example extends TrainingQuestion {
  readonly ids: readonly string[];
  readonly gains: ReadonlyMap<string, number>;
}

/** Features of the candidates of every question, as z-scores over them. */
function examples(
  data: ExamData,
  names: readonly FeatureName[],
  blocks: number,
  candidates: number,
  model: StaticModel | null,
): Example[] {
  return data.groups.flatMap((group) => {
    const index = indexOf(group);
    const meanings = model && meaningsOf(group, model.tag, model.vectorOf);
    const size = Math.ceil(group.entries.length / blocks);
    return group.questions.map((question): Example => {
      const hits = index.recall(analyseQuestion(question.text), candidates, {
        candidates,
        ...meanings?.(question.text),
      });
      const columns = names.map((name) => hits.map((h) => h.features[FEATURES.indexOf(name)]!));
      const z = columns.map(zScores);
      const ids = hits.map((h) => group.entries[h.id]!.id);
      const first = group.entries.findIndex((e) => question.relevant.has(e.id));
      return {
        group: blocks > 1 ? String(Math.floor(first / size)) : group.id,
        rows: hits.map((_, i) => Float64Array.from(z, (column) => column[i]!)),
        relevant: ids.map((id) => question.relevant.has(id)),
        ids,
        gains: question.relevant,
      };
    });
  });
}

function zScores(values: readonly number[]): number[] {
  const known = values.filter((v) => !Number.isNaN(v));
  const mean = known.reduce((a, b) => a + b, 0) / known.length;
  const spread = Math.sqrt(known.reduce((a, b) => a + (b - mean) ** 2, 0) / known.length);
  return values.map((v) => (Number.isNaN(v) || spread < 1e-6 ? 0 : (v - mean) / spread));
}

function means(
  examples: readonly Example[],
  score: (e: Example, i: number) => number,
): Record<Metric, number> {
  const sums = Object.fromEntries(METRICS.map((m) => [m, 0])) as Record<Metric, number>;
  for (const e of examples) {
    const order = e.ids.map((_, i) => [score(e, i), i] as const).sort((a, b) => b[0] - a[0] || a[1] - b[1]);
    const values = measureRanking(
      order.slice(0, 20).map(([, i]) => e.ids[i]!),
      e.gains,
    );
    for (const m of METRICS) sums[m] += values[m] / examples.length;
  }
  return sums;
}

/** Means over questions that were in no training fold: groups are dealt to folds in turn. */
function crossValidated(
  sets: readonly (readonly Example[])[],
  weigh: readonly number[],
  width: number,
  ridge: number,
): Record<Metric, number>[] {
  const trained = Array.from({ length: FOLDS }, (_, fold) =>
    average(
      sets.map((set) => trainRanker(outside(set, fold), width, ridge)),
      weigh,
    ),
  );
  return sets.map((set) => {
    const folds = foldOf(set);
    return means(set, (e, i) => dot(trained[folds.get(e.group)!]!, e.rows[i]!));
  });
}

function foldOf(set: readonly Example[]): Map<string, number> {
  return new Map([...new Set(set.map((e) => e.group))].map((group, i) => [group, i % FOLDS]));
}

function outside(set: readonly Example[], fold: number): Example[] {
  const folds = foldOf(set);
  return set.filter((e) => folds.get(e.group) !== fold);
}

function average(all: readonly Float64Array[], weigh: readonly number[]): Float64Array {
  return all[0]!.map((_, k) => all.reduce((sum, w, i) => sum + w[k]! * weigh[i]!, 0));
}

/**
 * Weights of the second stage, learned from the public data with cross-validation: over blocks of 61 paragraphs of SQuAD
 * and over meetings of QMSum. `--drop NAME,NAME` leaves features out, `--ridge X`.
 */
export async function run({ args, log }: BenchContext): Promise<BenchResult> {
  const squad = sharedDataset('squad.json.gz');
  const qmsum = sharedDataset('qmsum-val.json.gz');
  if (!squad || !qmsum)
    throw new Error(
      `There is no datasets/squad.json.gz and datasets/qmsum-val.json.gz in ${dataFolder()}. Name their folder in TREERING_DATA.`,
    );
  const model = packedWordVectors();
  if (!model) log('There are no packed word vectors (public/models): features of meaning say nothing.');
  const ridge = Number(args['ridge'] ?? 0.01);
  const dropped = new Set((args['drop'] ?? '').split(','));
  const names = FEATURES.filter((name) => !UNTAUGHT.has(name) && !dropped.has(name));
  const passages = examples(squad, names, 20, 50, model);
  log(`${passages.length} questions of SQuAD`);
  const turns = examples(qmsum, names, 1, 200, model);
  log(`${turns.length} queries of QMSum`);
  const rows: BenchRow[] = [];
  const show = (label: string, values: Record<Metric, number>): void => {
    log(`${label.padEnd(38)} ${METRICS.map((m) => `${m} ${(100 * values[m]).toFixed(2)}`).join('  ')}`);
    rows.push({ name: label, unit: 'nDCG@10 %', samples: [100 * values['nDCG@10']] });
  };
  const feature = (name: FeatureName) => (e: Example, i: number) => e.rows[i]![names.indexOf(name)]!;
  show('SQuAD, BM25', means(passages, feature('own')));
  show('SQuAD, windowed BM25', means(passages, feature('window')));
  show('SQuAD, own weights, CV', crossValidated([passages], [1], names.length, ridge)[0]!);
  show('QMSum, BM25', means(turns, feature('own')));
  show('QMSum, windowed BM25', means(turns, feature('window')));
  show('QMSum, own weights, CV', crossValidated([turns], [1], names.length, ridge)[0]!);
  const [one, other] = crossValidated([passages, turns], [0.5, 0.5], names.length, ridge);
  show('SQuAD, one set of weights, CV', one!);
  show('QMSum, one set of weights, CV', other!);
  for (const [name, set] of [
    ['passages', passages],
    ['turns', turns],
  ] as const) {
    const w = trainRanker(set, names.length, ridge);
    log(`${name}: { ${names.map((f, i) => `${f}: ${w[i]!.toFixed(2)}`).join(', ')} }`);
  }
  return { title: 'Weights of the second stage', rows, targets: [] };
}
