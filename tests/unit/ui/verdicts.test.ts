import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { GroveSnapshot } from '../../../src/lab/grove.ts';
import type { VitalSigns } from '../../../src/lab/report.ts';
import { verdicts, type Verdict } from '../../../src/ui/state/verdicts.ts';

type Measured = Parameters<typeof verdicts>[0];

const count = fc.nat(1_000_000);
const ms = fc.double({ min: 0, max: 1e6, noNaN: true });
const share = fc.double({ min: 0, max: 1, noNaN: true });
const signs: fc.Arbitrary<VitalSigns> = fc.record({
  responseTime: fc.record({ p50Ms: ms, p95Ms: ms, p99Ms: ms, samples: count }),
  concurrency: fc.record({ agents: count, nodes: count }),
  memory: fc.record({
    metric: fc.constant('found@1'),
    dataset: fc.constant('self-test'),
    value: share,
    queries: count,
  }),
  rateLimit: fc.record({
    wire429: fc.nat(3),
    agent429: fc.nat(3),
    bindingLimit: fc.constantFrom('requests/min', 'concurrency'),
    bindingUse: share,
    saturated: fc.boolean(),
  }),
  delivery: fc.record({
    sent: count,
    delivered: count,
    deadLettered: count,
    inFlight: count,
    lost: fc.nat(3),
    duplicated: fc.nat(3),
    misordered: fc.nat(3),
    corrupted: fc.nat(3),
    overdue: fc.nat(3),
  }),
  rush: fc.record({ p50Ms: ms, p999Ms: ms, samples: count }),
  crash: fc.record({ ackedWrites: count, lost: fc.nat(3) }),
});

const empty: VitalSigns = {
  responseTime: { p50Ms: 0, p95Ms: 0, p99Ms: 0, samples: 0 },
  concurrency: { agents: 0, nodes: 0 },
  memory: { metric: 'found@1', dataset: 'self-test', value: 0, queries: 0 },
  rateLimit: { wire429: 0, agent429: 0, bindingLimit: 'requests/min', bindingUse: 0, saturated: false },
  delivery: {
    sent: 0,
    delivered: 0,
    deadLettered: 0,
    inFlight: 0,
    lost: 0,
    duplicated: 0,
    misordered: 0,
    corrupted: 0,
    overdue: 0,
  },
  rush: { p50Ms: 0, p999Ms: 0, samples: 0 },
  crash: { ackedWrites: 0, lost: 0 },
};

function measured(vitalSigns: VitalSigns, over: Partial<Measured> = {}): Measured {
  const agents = vitalSigns.concurrency.agents;
  return {
    phase: 'running',
    vitalSigns,
    recovered: 0,
    resumed: null,
    questions: { asked: 0, answered: vitalSigns.responseTime.samples, failed: 0 },
    progress: { workersUp: 1, workersWanted: 1, agentsReady: agents, agentsWanted: agents, memories: 0 },
    ...over,
  };
}
const of = (key: Verdict['key'], m: Measured): Verdict => verdicts(m).find((v) => v.key === key)!;

test('before anything was measured no sign is called met, and no figure is shown for it', () => {
  for (const v of verdicts(measured(empty, { phase: 'spawning' }))) {
    expect(v.status).toBe('not yet measured');
    if (v.key !== 'concurrency') expect(v.value).toBe('–');
  }
});

test('there are always the same seven signs in the same order, each with bar, label and basis', () => {
  fc.assert(
    fc.property(signs, (s) => {
      const all = verdicts(measured(s));
      expect(all.map((v) => v.key)).toEqual([
        'responseTime',
        'concurrency',
        'memory',
        'rateLimit',
        'delivery',
        'rush',
        'crash',
      ]);
      for (const v of all) {
        expect(v.bar).not.toBe('');
        expect(v.label).not.toBe('');
        expect(v.basis).not.toBe('');
        expect(`${v.value} ${v.label} ${v.basis}`).not.toMatch(/NaN|undefined|Infinity/);
      }
    }),
  );
});

test('each sign is met exactly on the right side of its bar', () => {
  fc.assert(
    fc.property(signs, (s) => {
      const m = measured(s, { recovered: 1 });
      const d = s.delivery;
      const bars: Record<Verdict['key'], boolean> = {
        responseTime: s.responseTime.samples > 0 && s.responseTime.p99Ms < 2_000,
        concurrency: s.concurrency.agents >= 100,
        memory: s.memory.queries > 0 && s.memory.value > 0.9,
        rateLimit:
          s.rateLimit.wire429 + s.rateLimit.agent429 === 0 &&
          (!s.rateLimit.saturated || s.rateLimit.bindingUse >= 0.98) &&
          (s.responseTime.samples > 0 || s.rateLimit.bindingUse > 0),
        delivery:
          d.sent > 0 &&
          d.overdue === 0 &&
          d.lost + d.duplicated + d.misordered + d.corrupted === 0 &&
          d.sent === d.delivered + d.deadLettered + d.inFlight,
        rush: s.rush.samples > 0 && s.rush.p999Ms < 100,
        crash: s.crash.lost === 0,
      };
      for (const v of verdicts(m)) expect([v.key, v.status === 'met']).toEqual([v.key, bars[v.key]]);
    }),
  );
});

test('one message lost, delivered twice or out of order is enough to fail delivery', () => {
  const good = { ...empty.delivery, sent: 1_000, delivered: 990, deadLettered: 4, inFlight: 6 };
  expect(of('delivery', measured({ ...empty, delivery: good })).status).toBe('met');
  for (const key of ['lost', 'duplicated', 'misordered', 'corrupted'] as const)
    expect(of('delivery', measured({ ...empty, delivery: { ...good, [key]: 1 } })).status).toBe('not met');
  const short = of('delivery', measured({ ...empty, delivery: { ...good, delivered: 989 } }));
  expect(short.status).toBe('not met');
  expect(short.value).not.toBe('100 %');
});

test('messages in flight for too long fail delivery, and both are told', () => {
  const good = { ...empty.delivery, sent: 100, delivered: 93, deadLettered: 1, inFlight: 6 };
  expect(of('delivery', measured({ ...empty, delivery: good }))).toMatchObject({
    status: 'met',
    basis: '100 sent, 6 in flight, 0 overdue, 1 dead letter',
  });
  expect(of('delivery', measured({ ...empty, delivery: { ...good, overdue: 2 } }))).toMatchObject({
    status: 'not met',
    basis: '100 sent, 6 in flight, 2 overdue, 1 dead letter',
  });
});

test('a quick answer is no merit when more than one question in a hundred failed', () => {
  const quick = { ...empty, responseTime: { p50Ms: 400, p95Ms: 600, p99Ms: 800, samples: 990 } };
  const failing = (failed: number): Verdict =>
    of('responseTime', measured(quick, { questions: { asked: 2_000, answered: 990, failed } }));
  expect(failing(10).status).toBe('met');
  expect(failing(11).status).toBe('not met');
  expect(failing(11).basis).toContain('11 failed');
  const none = of('responseTime', measured(empty, { questions: { asked: 4, answered: 0, failed: 4 } }));
  expect(none).toMatchObject({ status: 'not met', value: '–', basis: 'no answer yet; 4 failed' });
});

test('a small scenario with all its agents up has not failed, and is not called met either', () => {
  const up = (agents: number, agentsWanted: number, phase: Measured['phase'] = 'running'): Verdict => {
    const m = measured({ ...empty, concurrency: { agents, nodes: agents } }, { phase });
    return of('concurrency', { ...m, progress: { ...m.progress, agentsWanted } });
  };
  expect(up(8, 8)).toMatchObject({ status: 'as asked', basis: '8 of 8 up; the first bar is 100' });
  expect(up(7, 8).status).toBe('not met');
  expect(up(99, 100)).toMatchObject({ status: 'not met', basis: '99 of 100 up' });
  expect(up(100, 100).status).toBe('met');
  expect(up(100, 100, 'stopped')).toMatchObject({ status: 'stopped', value: '0', label: 'agents up' });
});

test('a time below the step of the clock is not told as nothing', () => {
  const s = { ...empty, rush: { p50Ms: 0, p999Ms: 0, samples: 40 } };
  expect(of('rush', measured(s))).toMatchObject({ value: 'under 0.1 ms', status: 'met' });
  expect(of('rush', measured(s)).basis).toContain('p50 under 0.1 ms');
  expect(of('rush', measured({ ...s, rush: { ...s.rush, p999Ms: 0.3 } })).value).toBe('0.30 ms');
});

test('crash memory is not praised before something died', () => {
  const s = { ...empty, crash: { ackedWrites: 5_000, lost: 0 } };
  expect(of('crash', measured(s)).status).toBe('not yet measured');
  expect(of('crash', measured(s, { recovered: 1 })).status).toBe('met');
  expect(of('crash', measured({ ...s, crash: { ackedWrites: 5_000, lost: 1 } })).status).toBe('not met');
});

test('a limit that holds nothing back is said not to be saturated, and waste counts only when it does', () => {
  const rate = (saturated: boolean): GroveSnapshot['vitalSigns'] => ({
    ...empty,
    rateLimit: { ...empty.rateLimit, bindingUse: 0.4, saturated },
  });
  expect(of('rateLimit', measured(rate(false)))).toMatchObject({
    status: 'met',
    basis: 'requests/min is 40 % used; not saturated',
  });
  expect(of('rateLimit', measured(rate(true))).status).toBe('not met');
});
