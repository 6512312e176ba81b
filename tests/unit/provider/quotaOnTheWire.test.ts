import { expect, test } from 'vitest';
import {
  meanConcurrency,
  peakConcurrency,
  worstExcess,
  type EndpointEntry,
} from '../../harness/endpointAuditor.ts';
import { hammer, type Hammering, type HammeringPlan } from '../../harness/hammering.ts';
import { enforcedLimits } from '../../../src/provider/limits.ts';
import type { Unit } from '../../../src/provider/meter.ts';

const MINUTES = 4;
/** A tree, and as many numbered ones as TREERING_SEEDS says; each way of enforcing a limit is quotaCells.test.ts's matter. */
const SEEDS = [
  'oak',
  ...Array.from({ length: Number(process.env['TREERING_SEEDS'] ?? 0) }, (_, i) => `seedling-${i}`),
];

interface Axis {
  readonly name: string;
  readonly plan: Pick<HammeringPlan, 'limits' | 'agents' | 'passages'>;
  /** Use of the binding limit, measured at the endpoint's door. */
  readonly use: (h: Hammering) => number;
  /** What the measured use clears with margin. */
  readonly floor: number;
}

const answered = (h: Hammering): EndpointEntry[] => h.log.filter((e) => e.status === 200);
const share = (used: number, perMin: number, h: Hammering): number =>
  used / ((perMin * h.env.now()) / 60_000);

const AXES: readonly Axis[] = [
  {
    name: 'requests/min',
    plan: { limits: { requestsPerMin: 600 }, agents: 40, passages: 1 },
    use: (h) => share(h.log.length, h.options.requestsPerMin, h),
    floor: 0.985,
  },
  {
    name: 'a slow 30 requests/min',
    plan: { limits: { requestsPerMin: 30 }, agents: 10, passages: 1 },
    use: (h) => share(h.log.length, h.options.requestsPerMin, h),
    floor: 0.985,
  },
  {
    name: 'input tokens/min',
    plan: { limits: { inputTokensPerMin: 200_000 }, agents: 40, passages: 6 },
    use: (h) =>
      share(
        answered(h).reduce((n, e) => n + e.inputTokens, 0),
        h.options.inputTokensPerMin,
        h,
      ),
    floor: 0.985,
  },
  {
    name: 'output tokens/min',
    plan: { limits: { outputTokensPerMin: 60_000 }, agents: 40, passages: 4 },
    use: (h) =>
      share(
        answered(h).reduce((n, e) => n + e.outputTokens, 0),
        h.options.outputTokensPerMin,
        h,
      ),
    floor: 0.98,
  },
  {
    // A place stands empty at the endpoint while its answer travels back and the next request comes, 2 x 40 ms here.
    name: 'concurrency',
    plan: { limits: { concurrency: 10, requestsPerMin: 100_000 }, agents: 30, passages: 4 },
    use: (h) => meanConcurrency(h.log, 5_000, h.env.now()) / h.options.concurrency,
    floor: 0.88,
  },
];

/** By how much each limit was exceeded at worst, from the log alone; <= 0 everywhere when all held. */
function excesses(h: Hammering): Record<string, number> {
  const { limits } = enforcedLimits(h.options);
  const entries = h.log.filter((e) => e.status !== 429);
  const rate = (unit: Unit, amount: (e: EndpointEntry) => number): number => {
    const limit = limits.find((l) => l.unit === unit)!;
    return worstExcess(
      entries.map((e) => ({ atMs: e.arrivedAtMs, amount: amount(e) })),
      { perMinute: limit.amount, burst: limit.capacity },
    );
  };
  // Tokens are put at the request's arrival, when they are charged or reserved.
  return {
    requests: rate('requests', () => 1),
    inputTokens: rate('inputTokens', (e) => e.inputTokens),
    outputTokens: rate('outputTokens', (e) => e.outputTokens),
    concurrency: peakConcurrency(entries) - h.options.concurrency,
  };
}

for (const axis of AXES)
  for (const seed of SEEDS)
    test(`${axis.name}, seed ${seed}: agents hammering through the desk for ${MINUTES} minutes never see a 429, nor does the wire`, async () => {
      const h = await hammer({ seed, minutes: MINUTES, withDesk: true, ...axis.plan });
      const use = axis.use(h);
      const atDesk = h.desk.use();
      console.log(
        `${axis.name}, seed ${seed}: ${h.log.length} requests, use at the endpoint ${(use * 100).toFixed(2)} %, at the desk ${(atDesk.bindingUse * 100).toFixed(2)} % of ${atDesk.bindingLimit}`,
      );
      expect(h.log.filter((e) => e.status === 429)).toEqual([]);
      expect(h.provider.counts().status429).toBe(0);
      expect(h.desk.counts()).toMatchObject({ agent429: 0, wire429: 0, shed: 0 });
      expect(h.results.filter((r) => !r.ok)).toEqual([]);
      for (const worst of Object.values(excesses(h))) expect(worst).toBeLessThanOrEqual(1e-6);
      expect(use).toBeGreaterThan(axis.floor);
      expect(use).toBeLessThan(1.02);
      expect(atDesk.saturated).toBe(true);
      expect(axis.name).toContain(atDesk.bindingLimit);
      expect(atDesk.bindingUse).toBeGreaterThan(0.98);
    }, 60_000);

for (const axis of AXES)
  test(`${axis.name}: without the desk the same agents do see 429s`, async () => {
    const h = await hammer({ seed: 'oak', minutes: 1, withDesk: false, ...axis.plan });
    expect(h.log.filter((e) => e.status === 429).length).toBeGreaterThan(20);
    // The endpoint itself must hold its limits against them.
    for (const worst of Object.values(excesses(h))) expect(worst).toBeLessThanOrEqual(1e-6);
  }, 60_000);

for (const axis of AXES)
  test(`${axis.name}: nodes that die with requests under way and nodes that are up to 100 ms late cause no 429, and their permits come back`, async () => {
    const h = await hammer({
      seed: 'elm',
      minutes: MINUTES,
      withDesk: true,
      killEveryMs: 2_000,
      hopMsMax: 100,
      ...axis.plan,
    });
    const use = axis.use(h);
    console.log(
      `${axis.name}, ${h.kills} kills: use at the endpoint ${(use * 100).toFixed(2)} %, ${h.desk.counts().reclaimed} permits reclaimed`,
    );
    expect(h.log.filter((e) => e.status === 429)).toEqual([]);
    expect(h.results.filter((r) => !r.ok)).toEqual([]);
    for (const worst of Object.values(excesses(h))) expect(worst).toBeLessThanOrEqual(1e-6);
    expect(h.kills).toBeGreaterThan(80);
    if (h.log.length > 1_000) expect(h.desk.counts().reclaimed).toBeGreaterThan(5);
    expect(use).toBeGreaterThan(0.5);
    await h.env.advance(60_000);
    expect(h.desk.view()).toMatchObject({ queued: 0, inFlight: 0 });
  }, 60_000);

for (const seed of ['ash', ...SEEDS])
  test(`requests/min, seed ${seed}: nodes that stand still, and so hand back many permits at once, cause no 429`, async () => {
    const h = await hammer({
      seed,
      minutes: MINUTES,
      withDesk: true,
      hopMsMax: 20,
      still: { everyMs: 7_000, forMs: 2_000 },
      limits: { requestsPerMin: 600 },
      agents: 60,
      passages: 1,
      thinkMs: 4_000,
    });
    const handedBack = h.desk.counts().granted - h.log.length;
    console.log(
      `seed ${seed}: ${h.log.length} requests, ${handedBack} permits handed back, 429s ${h.provider.counts().status429}`,
    );
    expect(h.log.filter((e) => e.status === 429)).toEqual([]);
    expect(handedBack).toBeGreaterThan(h.log.length / 20);
    expect(h.results.filter((r) => !r.ok)).toEqual([]);
  }, 60_000);

test('the auditor finds the worst window: what a rate and a burst allow passes, one more does not', () => {
  const limit = { perMinute: 60, burst: 2 };
  const at = (...times: number[]): { atMs: number; amount: number }[] =>
    times.map((atMs) => ({ atMs, amount: 1 }));
  expect(worstExcess(at(0, 0, 1000, 2000, 3000), limit)).toBeLessThanOrEqual(0);
  expect(worstExcess(at(0, 0, 999), limit)).toBeGreaterThan(0);
  expect(worstExcess(at(0, 9000, 9000, 9000), limit)).toBe(1);
});
