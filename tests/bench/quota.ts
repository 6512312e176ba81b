import { resolve } from 'node:path';
import { atLeast, atMost, median, type BenchContext, type BenchResult } from '../harness/bench.ts';
import { REGIMES, type Regime } from '../harness/enforcement.ts';
import { runJobs } from '../harness/jobs.ts';
import { CELLS, DELAYS, TROUBLES } from '../harness/quotaCells.ts';
import type { QuotaWorldResult } from '../harness/quotaWorld.ts';
import type { Job, SenderName } from './quota/job.ts';

/** The length of a baseline's run and of a run at the far ends of delay, in minutes; and its repeats. */
const SHORT_MINUTES = 20;
const SHORT_SEEDS = 3;
/** What no written limit tells can only be learned from refusals; this many in 1,000 answers at most. */
const TROUBLE_429_MAX = 5;
const BASELINES: readonly (readonly [SenderName, string])[] = [
  ['naive', 'naive retries'],
  ['concurrency', 'fixed concurrency'],
  ['rate', 'fixed rate'],
];

const NAMES = {
  requests: 'requests',
  inputTokens: 'input tokens',
  outputTokens: 'output tokens',
  concurrency: 'concurrency',
} as const;

/**
 * How much of the binding limit the quota uses under every way of enforcing it, and what the wire sees; beside it what
 * clients without it do. `--seeds` and `--minutes` shorten it.
 */
export async function run({ args, log }: BenchContext): Promise<BenchResult> {
  const seeds = Number(args['seeds'] ?? 20);
  const minutes = Number(args['minutes'] ?? 120);
  const short = Math.min(minutes, SHORT_MINUTES);
  const jobs: Job[] = [];
  const groups = new Map<string, number[]>();
  const add = (group: string, repeats: number, job: Omit<Job, 'seed'>): void => {
    for (let i = 0; i < repeats; i++) {
      groups.set(group, [...(groups.get(group) ?? []), jobs.length]);
      jobs.push({ ...job, seed: `bench/${i}` });
    }
  };
  const group = (cell: number, regime: Regime, what: string): string =>
    `${NAMES[CELLS[cell]!.axis]}, ${regime}: ${what}`;
  for (const cell of CELLS.keys())
    for (const regime of REGIMES) {
      const job = { cell, regime, trouble: null, delay: 0 };
      add(group(cell, regime, 'quota'), seeds, { ...job, minutes, sender: 'quota' });
      for (const [sender, name] of BASELINES)
        add(group(cell, regime, name), Math.min(seeds, SHORT_SEEDS), { ...job, minutes: short, sender });
      for (const [delay, { name }] of DELAYS.entries())
        if (delay > 0)
          add(group(cell, regime, name), Math.min(seeds, SHORT_SEEDS), {
            ...job,
            delay,
            minutes: short,
            sender: 'quota',
          });
    }
  for (const [trouble, { name }] of TROUBLES.entries())
    for (const [sender, by] of [['quota', 'quota'] as const, ...BASELINES.slice(0, 2)])
      add(`${name}: ${by}`, Math.min(seeds, SHORT_SEEDS), {
        cell: 0,
        regime: 'bucket',
        delay: 0,
        trouble,
        minutes: Math.min(minutes, 60),
        sender,
      });
  const results = await runJobs<QuotaWorldResult>(resolve('tests/bench/quota/job.ts'), jobs, (done) => {
    if (done % 50 === 0 || done === jobs.length) log(`${done} of ${jobs.length} runs`);
  });

  const result = {
    rows: [] as BenchResult['rows'][number][],
    targets: [] as BenchResult['targets'][number][],
  };
  const of = (name: string): QuotaWorldResult[] => groups.get(name)!.map((i) => results[i]!);
  const row = (name: string, unit: string, samples: number[]): void =>
    void result.rows.push({ name, unit, samples });
  for (const [c, { axis }] of CELLS.entries())
    for (const regime of REGIMES) {
      const ours = of(group(c, regime, 'quota'));
      const use = ours.map((r) => 100 * r.use[axis]);
      const all = [...ours];
      row(group(c, regime, 'use'), '%', use);
      if (axis === 'concurrency')
        row(
          group(c, regime, "the round trip's ceiling"),
          '%',
          ours.map((r) => 100 * r.ceiling),
        );
      else
        row(
          group(c, regime, 'its fullest minute'),
          '%',
          ours.map((r) => 100 * r.worstMinute[axis]),
        );
      for (const [delay, { name }] of DELAYS.entries()) {
        if (delay === 0) continue;
        const there = of(group(c, regime, name));
        all.push(...there);
        row(
          group(c, regime, axis === 'concurrency' ? `use of the ceiling, ${name}` : `use, ${name}`),
          '%',
          there.map((r) => (100 * r.use[axis]) / (axis === 'concurrency' ? r.ceiling : 1)),
        );
      }
      for (const [, name] of BASELINES) {
        const theirs = of(group(c, regime, name));
        row(
          group(c, regime, `use by ${name}`),
          '%',
          theirs.map((r) => 100 * r.use[axis]),
        );
        row(
          group(c, regime, `429s by ${name}`),
          'per 1,000 answers',
          theirs.map((r) => (1000 * r.refusedAll) / r.answered),
        );
      }
      result.targets.push(
        atMost(
          group(c, regime, '429s on the wire, every run and delay'),
          Math.max(...all.map((r) => r.refusedAll)),
          0,
        ),
        atLeast(group(c, regime, 'use, %'), median(use), axis === 'concurrency' ? 96.5 : 98.4),
        atMost(group(c, regime, 'use, %, not above the limit'), Math.max(...use), 100.01),
      );
    }
  for (const { name, left } of TROUBLES)
    for (const by of ['quota', ...BASELINES.slice(0, 2).map(([, n]) => n)]) {
      const runs = of(`${name}: ${by}`);
      row(
        `${name}: 429s by ${by}`,
        'per 1,000 answers',
        runs.map((r) => (1000 * r.refusedAll) / r.answered),
      );
      row(
        `${name}: use of what is left by ${by}`,
        '%',
        runs.map((r) => (100 * r.use.requests) / left),
      );
      row(
        `${name}: agents told of a 429 by ${by}`,
        'per 1,000 answers',
        runs.map((r) => (1000 * r.told) / r.answered),
      );
      if (by === 'quota')
        result.targets.push(
          atMost(`${name}: agents told of a 429`, Math.max(...runs.map((r) => r.told)), 0),
          atMost(
            `${name}: 429s on the wire per 1,000 answers`,
            median(runs.map((r) => (1000 * r.refusedAll) / r.answered)),
            TROUBLE_429_MAX,
          ),
        );
    }
  return {
    title: 'Quota: use of the binding limit, and 429s',
    notes: [
      `${seeds} seeds of ${minutes} virtual minutes with one-way delays from 20 to 120 ms; baselines and other delays ${Math.min(seeds, SHORT_SEEDS)} of ${short}.`,
      'The endpoint charges requests and prompts on arrival and answers as they are made, in pieces of 400 ms; its buckets hold one second.',
      "Concurrency: an answer's way back and the next request's way there leave a place empty, so service / (service + both ways) is the most that a client can use without a 429 once in a while.",
    ],
    ...result,
  };
}
