import {
  atLeast,
  atMost,
  type BenchContext,
  type BenchResult,
  type BenchRow,
  type BenchTarget,
} from '../harness/bench.ts';
import type { RecallMeasured } from './recall/measure.ts';

/** Memories, and the bars for the 50th and 95th percentile in ms. */
const SIZES = [
  [1_000, 0.5, 1],
  [10_000, 1, 2],
  [100_000, 3, 8],
] as const;
const INSERT_PER_S = 20_000;

const percentile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))]!;

/** Recall in a worker of a real Chromium: two stages, BM25 alone, exact search, vectors. `--questions N`, `--repeat N`, `--most N` memories. */
export async function run({ args, page, log }: BenchContext): Promise<BenchResult> {
  const questions = Number(args['questions'] ?? 200);
  const repeat = Number(args['repeat'] ?? 3);
  const most = Number(args['most'] ?? Infinity);
  const opened = await page('index.html');
  const rows: BenchRow[] = [];
  const targets: BenchTarget[] = [];
  for (const [memories, p50, p95] of SIZES.filter(([n]) => n <= most)) {
    const runs: RecallMeasured[] = [];
    for (let i = 0; i < repeat; i++) {
      runs.push(
        await opened.evaluate((asked) => window.measure(asked), { memories, questions, seed: `recall ${i}` }),
      );
      log(`${memories.toLocaleString('en')} memories, ${i + 1} of ${repeat}`);
    }
    const size = memories.toLocaleString('en');
    const add = (name: string, unit: string, of: (r: RecallMeasured) => number, against?: string): number => {
      const samples = runs.map(of);
      rows.push({
        name: `${name}, ${size}`,
        unit,
        samples,
        ...(against === undefined ? {} : { against: `${against}, ${size}` }),
      });
      return [...samples].sort((a, b) => a - b)[samples.length >> 1]!;
    };
    const name = `two stages at ${size}`;
    add('BM25 alone p50', 'ms', (r) => percentile(r.bm25, 0.5));
    add('exact search p50', 'ms', (r) => percentile(r.exact, 0.5));
    targets.push(
      atMost(
        `${name}, p50 in ms`,
        add('two stages p50', 'ms', (r) => percentile(r.twoStages, 0.5), 'BM25 alone p50'),
        p50,
      ),
    );
    targets.push(
      atMost(
        `${name}, p95 in ms`,
        add('two stages p95', 'ms', (r) => percentile(r.twoStages, 0.95)),
        p95,
      ),
    );
    add('exact vectors p50', 'ms', (r) => percentile(r.exactVectors, 0.5));
    add('vectors p50', 'ms', (r) => percentile(r.vectors, 0.5), 'exact vectors p50');
    add('vectors p95', 'ms', (r) => percentile(r.vectors, 0.95));
    const recall = add('recall@10 of vectors', '%', (r) => 100 * r.vectorRecall);
    add('recall@10 of two stages against exact search', '%', (r) => 100 * r.stageRecall);
    targets.push(
      atLeast(`recall@10 of vectors at ${size} in percent`, recall, memories > 50_000 ? 99 : 99.5),
    );
    add('bytes a memory', 'bytes', (r) => r.bytesPerMemory);
    targets.push(
      atLeast(
        `inserts/s at ${size}`,
        add('inserts', 'memories/s', (r) => r.insertPerS),
        INSERT_PER_S,
      ),
    );
  }
  return { title: 'Recall in a Chromium worker', rows, targets };
}
