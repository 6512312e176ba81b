import fc from 'fast-check';
import { expect, test } from 'vitest';
import { amount, bytes, duration, percent, population } from '../../../src/ui/state/words.ts';

test('the count is honest about sharing', () => {
  expect(population(100, 100)).toBe('100 agents in 100 workers');
  expect(population(1_000, 4)).toBe('1,000 agents multiplexed over 4 workers');
  expect(population(1, 1)).toBe('1 agent in 1 worker');
});

test('less than all is never shown as 100 %', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 0.99999999, noNaN: true }), (share) => {
      expect(percent(share)).not.toMatch(/^100/);
    }),
  );
  expect(percent(1)).toBe('100 %');
});

test('every duration carries a unit and keeps its size', () => {
  expect([0.42, 8.13, 812, 12_340, 245_000].map(duration)).toEqual([
    '0.42 ms',
    '8.1 ms',
    '812 ms',
    '12.3 s',
    '4 min 05 s',
  ]);
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e8, noNaN: true }), (ms) => {
      expect(duration(ms)).toMatch(/^[\d,.]+ (ms|s|min \d\d s)$/);
      expect(duration(ms)).not.toContain(' 60 s');
    }),
  );
});

test('words agree with their number', () => {
  expect(amount(1, 'memory', 'memories')).toBe('1 memory');
  expect(amount(0, 'agent')).toBe('0 agents');
  expect(bytes(2_048)).toBe('2.0 KiB');
});
