import { meanConcurrency } from '../harness/endpointAuditor.ts';
import { atLeast, atMost, median, type BenchContext, type BenchResult } from '../harness/bench.ts';
import { hammer, type Hammering, type HammeringPlan } from '../harness/hammering.ts';

interface Subject {
  readonly name: string;
  readonly plan: Pick<HammeringPlan, 'limits' | 'agents' | 'passages'>;
  readonly used: (h: Hammering) => number;
}

const sum = (h: Hammering, key: 'inputTokens' | 'outputTokens'): number =>
  h.log.reduce((n, e) => n + (e.status === 200 ? e[key] : 0), 0);
const perMin = (h: Hammering): number => h.env.now() / 60_000;

const SUBJECTS: readonly Subject[] = [
  {
    name: 'requests/min',
    plan: { limits: { requestsPerMin: 600 }, agents: 40, passages: 1 },
    used: (h) => h.log.filter((e) => e.status !== 429).length / (h.options.requestsPerMin * perMin(h)),
  },
  {
    name: 'input tokens/min',
    plan: { limits: { inputTokensPerMin: 200_000 }, agents: 40, passages: 6 },
    used: (h) => sum(h, 'inputTokens') / (h.options.inputTokensPerMin * perMin(h)),
  },
  {
    name: 'output tokens/min',
    plan: { limits: { outputTokensPerMin: 60_000 }, agents: 40, passages: 4 },
    used: (h) => sum(h, 'outputTokens') / (h.options.outputTokensPerMin * perMin(h)),
  },
  {
    name: 'concurrency',
    plan: { limits: { concurrency: 10, requestsPerMin: 100_000 }, agents: 30, passages: 4 },
    used: (h) => meanConcurrency(h.log, 5_000, h.env.now()) / h.options.concurrency,
  },
];

/** How much of each limit the desk lets agents use, and what the wire sees, beside the same agents without a desk. */
export async function run({ args, log }: BenchContext): Promise<BenchResult> {
  const repeats = Number(args['repeats'] ?? 5);
  const minutes = Number(args['minutes'] ?? 10);
  const result = {
    rows: [] as BenchResult['rows'][number][],
    targets: [] as BenchResult['targets'][number][],
  };
  for (const subject of SUBJECTS) {
    log(subject.name);
    const of = async (withDesk: boolean, minutes: number): Promise<Hammering[]> => {
      const runs: Hammering[] = [];
      for (let i = 0; i < repeats; i++)
        runs.push(await hammer({ seed: `bench/${i}`, minutes, withDesk, ...subject.plan }));
      return runs;
    };
    const managed = await of(true, minutes);
    const open = await of(false, 1);
    const percent = (h: Hammering): number => 100 * subject.used(h);
    const refused = (h: Hammering): number => h.log.filter((e) => e.status === 429).length / perMin(h);
    const row = (name: string, unit: string, samples: number[]): void =>
      void result.rows.push({ name: `${subject.name}: ${name}`, unit, samples });
    row('use at the endpoint', '%', managed.map(percent));
    row(
      'use as the desk counts it',
      '%',
      managed.map((h) => 100 * h.desk.use().bindingUse),
    );
    row('429s', '/min', managed.map(refused));
    row('429s without the desk', '/min', open.map(refused));
    result.targets.push(atMost(`${subject.name}: 429s on the wire`, Math.max(...managed.map(refused)), 0));
    // An answer's way back and the next request's way there leave a place empty at the endpoint; the desk cannot fill it.
    const [where, bar, share] =
      subject.name === 'concurrency'
        ? (['as the desk counts it', 96, (h: Hammering) => 100 * h.desk.use().bindingUse] as const)
        : (['at the endpoint', 98, percent] as const);
    const name = `${subject.name}: use ${where}, %`;
    result.targets.push(atLeast(name, median(managed.map(share)), bar));
  }
  return {
    title: 'Quota: use of the binding limit, and 429s',
    notes: [
      `${minutes} minutes of virtual time each, 1 without the desk; one-way network delays uniform from 20 to 60 ms; agents ask again as soon as they are answered.`,
      'Concurrency at the endpoint leaves out the time an answer and the next request travel; the desk counts a place from permit to settlement.',
    ],
    ...result,
  };
}
