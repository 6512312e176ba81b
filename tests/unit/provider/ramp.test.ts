import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createQuota, type QuotaConfig, type QuotaState } from '../../../src/provider/quotaState.ts';
import { stepQuota } from '../../../src/provider/quota.ts';
import { Ramp } from '../../../src/provider/ramp.ts';

const CONFIG: QuotaConfig = {
  limits: [{ unit: 'requests', amount: 6_000, windowMs: 60_000, burst: 100, counted: 'admitted' }],
  concurrency: 100_000,
  queueMax: 10_000,
  jitterMs: 20,
  lagMs: 100,
  lingerMs: 250,
  expectedMs: 500,
  longestMs: 10_000,
};

/** Asks for `n` requests at once; those that go. */
function ask(quota: QuotaState, n: number, nowMs: number, firstId = 1): number[] {
  const permits: number[] = [];
  for (let i = 0; i < n; i++)
    for (const effect of stepQuota(
      quota,
      {
        type: 'acquire',
        id: firstId + i,
        holder: 1,
        flow: 'a',
        priority: 1,
        inputTokens: 1,
        outputTokens: 1,
        deadlineAtMs: Infinity,
      },
      nowMs,
    ))
      if (effect.type === 'go') permits.push(effect.permit);
  return permits;
}
const goesWithin = (quota: QuotaState, fromMs: number, toMs: number): number => {
  let gone = 0;
  for (let at = fromMs; at <= toMs; at += 10)
    gone += stepQuota(quota, { type: 'tick' }, at).filter((e) => e.type === 'go').length;
  return gone;
};
const refuse = (quota: QuotaState, permit: number, over: 'acceleration' | 'requests', nowMs: number): void =>
  void stepQuota(
    quota,
    { type: 'settle', permit, status: 429, usage: null, retryAfterMs: 2_000, over },
    nowMs,
  );

test('a rise that was refused leaves the limits as they are and only slows the way up to them', () => {
  const quota = createQuota(CONFIG, 0);
  const permits = ask(quota, 100, 0);
  expect(permits).toHaveLength(100);
  refuse(quota, permits.at(-1)!, 'acceleration', 100);
  ask(quota, 5_000, 100, 1_000);
  // 100 within 5 s were too many: a little less than 20 a second to begin with,
  const first = goesWithin(quota, 110, 2_100);
  expect(first).toBeGreaterThan(30);
  expect(first).toBeLessThan(60);
  // and the whole limit, 100 a second, before the second minute.
  goesWithin(quota, 2_110, 45_000);
  expect(goesWithin(quota, 45_010, 55_000)).toBeGreaterThan(950);
  expect(quota.meters[0]!.used(55_000)).toBeGreaterThan(0);
});

test('the same refusal of a limit that was used up stops everything for as long as it says', () => {
  const quota = createQuota(CONFIG, 0);
  const permits = ask(quota, 100, 0);
  refuse(quota, permits.at(-1)!, 'requests', 100);
  ask(quota, 5_000, 100, 1_000);
  expect(goesWithin(quota, 110, 2_090)).toBe(0);
});

test('what a ramp lets go never rises by more than its doubling, however often it is asked and refused', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ gapMs: fc.integer({ min: 1, max: 2_000 }), refused: fc.boolean() }), {
        minLength: 20,
        maxLength: 200,
      }),
      (steps) => {
        const ramp = new Ramp();
        let now = 0;
        for (let i = 0; i < 50; i++) ramp.take(1, now);
        ramp.refused(0, (now = 500));
        let rate = ramp.rate(now);
        expect(rate).toBeLessThan(50 / 5_000);
        for (const { gapMs, refused } of steps) {
          now += gapMs;
          const atMs = ramp.clearAtMs(0, now);
          expect(atMs).toBeGreaterThanOrEqual(now);
          now = atMs;
          const before = ramp.rate(now);
          ramp.take(1, now);
          if (refused) ramp.refused(now, now);
          rate = ramp.rate(now);
          if (rate === Infinity) return;
          expect(rate).toBeLessThanOrEqual(before);
        }
      },
    ),
  );
});
