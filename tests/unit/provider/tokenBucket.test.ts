import fc from 'fast-check';
import { expect, test } from 'vitest';
import { worstExcess } from '../../harness/endpointAuditor.ts';
import { allows, charge, createTokenBucket, levelOf, waitMs } from '../../../src/provider/tokenBucket.ts';

const arrivals = fc.array(
  fc.record({ gapMs: fc.double({ min: 0, max: 3000, noNaN: true }), cost: fc.integer({ min: 1, max: 10 }) }),
  { maxLength: 200 },
);

test('whatever arrives, no window of time lets more through than the capacity and the rate allow', () => {
  fc.assert(
    fc.property(arrivals, fc.integer({ min: 10, max: 200 }), (list, capacity) => {
      const bucket = createTokenBucket(600, capacity, 0);
      const passed: { atMs: number; amount: number }[] = [];
      let now = 0;
      for (const { gapMs, cost } of list) {
        now += gapMs;
        if (!allows(bucket, cost, now)) continue;
        charge(bucket, cost, now);
        passed.push({ atMs: now, amount: cost });
      }
      if (passed.length > 0)
        expect(worstExcess(passed, { perMinute: 600, burst: capacity })).toBeLessThanOrEqual(1e-6);
    }),
  );
});

test('the stated wait is exact: allowed then, not a moment before', () => {
  fc.assert(
    fc.property(arrivals, (list) => {
      const bucket = createTokenBucket(600, 20, 0);
      let now = 0;
      for (const { gapMs, cost } of list) {
        now += gapMs;
        const wait = waitMs(bucket, cost, now);
        if (wait > 0.01) expect(allows({ ...bucket }, cost, now + wait - 0.01)).toBe(false);
        expect(allows({ ...bucket }, cost, now + wait + 1e-6)).toBe(true);
        if (wait === 0) charge(bucket, cost, now);
      }
    }),
  );
});

test('a cost larger than the bucket needs it full, leaves a debt, and the rate still holds', () => {
  const bucket = createTokenBucket(60, 2, 0);
  expect(allows(bucket, 5, 0)).toBe(true);
  charge(bucket, 5, 0);
  expect(levelOf(bucket, 0)).toBe(-3);
  expect(waitMs(bucket, 1, 0)).toBe(4000);
  charge(bucket, -100, 0);
  expect(levelOf(bucket, 0)).toBe(2);
  expect(() => createTokenBucket(0, 1, 0)).toThrow(RangeError);
});
