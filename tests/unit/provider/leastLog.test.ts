import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LeastLog } from '../../../src/provider/leastLog.ts';

const SPAN_MS = 1_000;
const step = fc.record({
  gapMs: fc.nat(120),
  value: fc.integer({ min: -50, max: 200 }),
  agoMs: fc.nat(900),
  share: fc.constantFrom(0, 0.5, 1),
});

test('says what a list of everything would say, whatever is added and lowered', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const log = new LeastLog(SPAN_MS);
      const all: { atMs: number; value: number }[] = [];
      let nowMs = 0;
      for (const { gapMs, value, agoMs, share } of steps) {
        nowMs += gapMs;
        log.add(value, nowMs);
        all.push({ atMs: nowMs, value });
        // Never further back than it remembers, and at the start before everything.
        const sinceMs = nowMs - agoMs;
        const after = all.filter(({ atMs }) => atMs > sinceMs);
        const least = Math.max(0, Math.min(...after.map((e) => e.value)));
        expect(log.leastAfter(sinceMs)).toBeCloseTo(least, 6);
        if (least === Infinity) continue;
        log.lowerAfter(sinceMs, share * least);
        for (const e of after) e.value -= share * least;
      }
    }),
  );
});

test('of what is longer ago than it remembers it says nothing is left', () => {
  const log = new LeastLog(SPAN_MS);
  log.add(5, 0);
  log.add(9, 2_000);
  expect(log.leastAfter(-1)).toBe(0);
  expect(log.leastAfter(1_500)).toBe(9);
  expect(log.leastAfter(2_000)).toBe(Infinity);
});
