import type { Page } from '@playwright/test';
import {
  atLeast,
  atMost,
  type BenchContext,
  type BenchResult,
  type BenchRow,
  type BenchTarget,
} from '../harness/bench.ts';
import type { AgentMeasured } from './recall/agent.ts';
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

/** What an agent's memory of 155 passages has to keep, in ms: in a worker that has just begun, and once warm. */
const AGENT_BARS = { adding: 1, first: 5, p50: 0.04, p95: 0.1 };

async function measureAgents(
  opened: Page,
  repeat: number,
  rows: BenchRow[],
  targets: BenchTarget[],
): Promise<void> {
  const runs: AgentMeasured[] = [];
  for (let i = 0; i < repeat; i++)
    runs.push(await opened.evaluate((seed) => window.measureAgent(seed), `agent ${i}`));
  const add = (name: string, unit: string, of: (r: AgentMeasured) => number): number => {
    const samples = runs.map(of);
    rows.push({ name: `${name}, an agent of 155 passages`, unit, samples });
    return [...samples].sort((a, b) => a - b)[samples.length >> 1]!;
  };
  const { adding, first, p50, p95 } = AGENT_BARS;
  const inMs = (name: string, of: (r: AgentMeasured) => number, bar: number): void => {
    targets.push(atMost(`an agent of 155 passages: ${name} in ms`, add(name, 'ms', of), bar));
  };
  inMs('adding all, cold', (r) => r.adding, adding);
  add('summary for the directory, cold', 'ms', (r) => r.summary);
  inMs('first recall, cold', (r) => r.first, first);
  add('the next ten recalls together', 'ms', (r) => r.nextTen);
  inMs('recall p50, warm', (r) => percentile(r.warm, 0.5), p50);
  inMs('recall p95, warm', (r) => percentile(r.warm, 0.95), p95);
  add('memory', 'bytes', (r) => r.bytes);
}

/** Recall in a worker of a real Chromium: an agent's memory from its first moment on, two stages, BM25 alone, exact search, vectors. `--questions N`, `--repeat N`, `--most N` memories. */
export async function run({ args, page, log }: BenchContext): Promise<BenchResult> {
  const questions = Number(args['questions'] ?? 200);
  const repeat = Number(args['repeat'] ?? 3);
  const most = Number(args['most'] ?? Infinity);
  const opened = await page('index.html');
  const rows: BenchRow[] = [];
  const targets: BenchTarget[] = [];
  await measureAgents(opened, repeat, rows, targets);
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
