import { expect, test } from 'vitest';
import { bucket, fixed, REGIMES, sliding } from '../../harness/enforcement.ts';
import { CELLS, DELAYS, TROUBLES, type Cell } from '../../harness/quotaCells.ts';
import { naiveRetries, quotaSender, type Believed } from '../../harness/quotaSenders.ts';
import { runQuotaWorld, type QuotaWorldPlan, type QuotaWorldResult } from '../../harness/quotaWorld.ts';

const MINUTES = 6;
const BETWEEN = DELAYS[0]!;
const believed = (cell: Cell): Believed => ({
  limits: cell.plan.limits,
  jitterMs: BETWEEN.jitterMs,
  delayMsMax: BETWEEN.maxMs,
});
const cellOf = (axis: Cell['axis']): Cell => CELLS.find((c) => c.axis === axis)!;
const run = (
  cell: Cell,
  more: Partial<QuotaWorldPlan>,
  sender: Parameters<typeof runQuotaWorld>[1] = quotaSender(believed(cell)),
): QuotaWorldResult =>
  runQuotaWorld(
    { seed: 'cells', regime: 'bucket', minutes: MINUTES, delays: BETWEEN.draw, ...cell.plan, ...more },
    sender,
  );

for (const cell of CELLS)
  for (const regime of REGIMES)
    test(`${cell.axis} bind, ${regime} enforcement: no 429, and nearly all of the limit is used`, () => {
      const r = run(cell, { regime });
      expect(r.refusedAll).toBe(0);
      // The first minute, in which nothing is known of the length of answers, weighs more here than in the bench.
      expect(r.use[cell.axis]).toBeGreaterThan(cell.axis === 'requests' ? 0.99 : 0.96);
      expect(r.use[cell.axis]).toBeLessThanOrEqual(1.0001);
      if (cell.axis !== 'concurrency') expect(r.worstMinute[cell.axis]).toBeLessThan(1.002);
      else expect(r.use.concurrency / r.ceiling).toBeGreaterThan(0.985);
    });

test('clients that just retry see thousands of 429s from the same endpoint', () => {
  for (const cell of CELLS)
    expect(run(cell, { regime: 'sliding' }, naiveRetries).refusedAll).toBeGreaterThan(1_000);
});

test('a quota that forgets what is under way is caught', () => {
  const cell = cellOf('concurrency');
  const forgetful = quotaSender(believed(cell), (c) => ({ ...c, concurrency: 100_000 }));
  expect(run(cell, {}, forgetful).refused.concurrency).toBeGreaterThan(20);
});

test('a quota that settles twice, giving two places back for one, is caught', () => {
  const cell = cellOf('concurrency');
  const twice = quotaSender(
    believed(cell),
    (c) => c,
    ({ permits }) => {
      const once = permits.delete.bind(permits);
      permits.delete = (number) => {
        const done = once(number);
        for (const other of permits.keys()) {
          once(other);
          break;
        }
        return done;
      };
    },
  );
  expect(run(cell, {}, twice).refused.concurrency).toBeGreaterThan(5);
});

test('a quota that gives tokens back twice is caught', () => {
  const cell = cellOf('inputTokens');
  const twice = quotaSender(
    believed(cell),
    (c) => c,
    ({ meters }) => {
      for (const meter of meters) {
        const correct = meter.correct.bind(meter);
        meter.correct = (...how) => {
          correct(...how);
          correct(...how);
        };
      }
    },
  );
  // Prompts are reckoned a fifth too long, so that there is something to give back.
  const reckoned =
    (sender: ReturnType<typeof quotaSender>): ReturnType<typeof quotaSender> =>
    (loop) => {
      const inner = sender(loop);
      return {
        ...inner,
        acquire: (agent, input, output, go) => inner.acquire(agent, Math.ceil(input * 1.2), output, go),
      };
    };
  expect(run(cell, { regime: 'sliding' }, reckoned(quotaSender(believed(cell)))).refusedAll).toBe(0);
  expect(run(cell, { regime: 'sliding' }, reckoned(twice)).refused.inputTokens).toBeGreaterThan(5);
});

test('a quota that ignores the variation of delays is caught', () => {
  const cell = cellOf('requests');
  const hasty = quotaSender({ ...believed(cell), jitterMs: 0 });
  expect(run(cell, { regime: 'sliding' }, hasty).refused.requests).toBeGreaterThan(0);
});

for (const { name, plan } of TROUBLES)
  test(`${name}: few 429s on the wire, fewer than a hundredth of what retries cause, and no agent is told`, () => {
    const cell = cellOf('requests');
    const ours = run(cell, { ...plan, minutes: 10 });
    const theirs = run(cell, { ...plan, minutes: 10 }, naiveRetries);
    expect(ours.told).toBe(0);
    expect(ours.refusedAll).toBeLessThan(theirs.refusedAll / 100);
    expect(theirs.told).toBeGreaterThan(0);
  });

test('the three enforcements refuse what they should and no more', () => {
  const b = bucket(600, 10);
  for (let i = 0; i < 10; i++) {
    expect(b.allows(1, 0)).toBe(true);
    b.charge(1, 0);
  }
  expect(b.allows(1, 99)).toBe(false);
  expect(b.allows(1, 100)).toBe(true);
  const s = sliding(2);
  s.charge(1, 0);
  s.charge(1, 30_000);
  expect(s.allows(1, 59_999)).toBe(false);
  expect(s.allows(1, 60_000)).toBe(true);
  expect(s.allows(2, 60_000)).toBe(false);
  const f = fixed(2, 10_000);
  f.charge(2, 49_000);
  expect(f.allows(1, 49_999)).toBe(false);
  expect(f.allows(1, 50_000)).toBe(true);
});
