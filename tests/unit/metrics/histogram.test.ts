import fc from 'fast-check';
import * as hdr from 'hdr-histogram-js';
import { expect, test } from 'vitest';
import { cumulativeOctaves, Histogram } from '../../../src/metrics/histogram.ts';

const QUANTILES = [0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999];

const latencies = fc.array(
  fc.oneof(
    fc.double({ min: 0.001, max: 1e6, noNaN: true }),
    fc.double({ min: 0.001, max: 0.01, noNaN: true }),
    fc.integer({ min: 0, max: 30 }).map((k) => 0.001 * 2 ** k),
    fc.constantFrom(1, 10, 100, 1000),
  ),
  { minLength: 1, maxLength: 300 },
);

/** The value at a rank of the sorted data: what a quantile is, without any histogram. */
function exact(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(q * sorted.length - 1e-6)) - 1]!;
}

test('every quantile is within 0.4 % of the recorded value at its rank, over random and adversarial data', () => {
  fc.assert(
    fc.property(latencies, (values) => {
      const histogram = new Histogram(0.001);
      for (const v of values) histogram.record(v);
      for (const q of QUANTILES) {
        const want = exact(values, q);
        expect(Math.abs(histogram.quantile(q) - want)).toBeLessThanOrEqual(0.004 * want);
      }
    }),
  );
});

test('quantiles agree with HdrHistogram within 1 %', () => {
  fc.assert(
    fc.property(latencies, (values) => {
      const ours = new Histogram(0.001);
      const oracle = hdr.build({
        lowestDiscernibleValue: 1,
        highestTrackableValue: 2e9,
        numberOfSignificantValueDigits: 3,
      });
      for (const v of values) {
        ours.record(v);
        oracle.recordValue(Math.round(v * 1000));
      }
      for (const q of QUANTILES) {
        const theirs = oracle.getValueAtPercentile(q * 100) / 1000;
        // HdrHistogram holds whole numbers, so up to half a unit is its own rounding.
        expect(Math.abs(ours.quantile(q) - theirs)).toBeLessThanOrEqual(0.01 * theirs + 0.0005);
      }
    }),
  );
});

test('merging histograms, directly or through their states, equals recording everything in one', () => {
  fc.assert(
    fc.property(fc.array(latencies, { minLength: 1, maxLength: 5 }), (parts) => {
      const one = new Histogram(0.001);
      const merged = new Histogram(0.001);
      const byState = new Histogram(0.001);
      for (const part of parts) {
        const h = new Histogram(0.001);
        for (const v of part) {
          h.record(v);
          one.record(v);
        }
        merged.merge(h);
        byState.mergeState(structuredClone(h.toState()));
      }
      const { sum, ...rest } = one.toState();
      expect(merged.toState()).toMatchObject(rest);
      expect(byState.toState()).toMatchObject(rest);
      expect(merged.sum).toBeCloseTo(sum, 3);
      expect(Histogram.fromState(one.toState()).toState()).toEqual(one.toState());
    }),
  );
});

test('cumulative counts at powers of two are those of the values themselves, bounds included', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1 }), (values) => {
      const histogram = new Histogram(1);
      for (const v of values) histogram.record(v);
      const octaves = cumulativeOctaves(histogram.toState());
      for (const { le, count } of octaves) {
        const want = values.filter((v) => v <= le).length;
        expect(count).toBe(want);
      }
      expect(octaves.at(-1)!.count).toBe(values.length);
    }),
  );
});

test('what is no measurement is refused and counted, and changes nothing else', () => {
  const histogram = new Histogram();
  histogram.record(5, 3);
  const before = histogram.toState();
  for (const bad of [-1, NaN, Infinity, -Infinity]) histogram.record(bad);
  expect(histogram.toState()).toEqual({ ...before, refused: 4 });
  expect(histogram).toMatchObject({ count: 3, sum: 15, min: 5, max: 5, mean: 5, refused: 4 });
});

test('an empty histogram answers 0 to everything, and is empty again after a reset', () => {
  const histogram = new Histogram();
  const empty = { count: 0, sum: 0, min: 0, max: 0, mean: 0 };
  expect(histogram).toMatchObject(empty);
  expect(histogram.quantile(0.99)).toBe(0);
  histogram.record(7);
  histogram.reset();
  expect(histogram).toMatchObject(empty);
  expect(histogram.toState().buckets).toEqual([]);
});

test('histograms of different units do not merge', () => {
  expect(() => new Histogram(1).merge(new Histogram(0.001))).toThrow(RangeError);
  expect(() => new Histogram(0)).toThrow(RangeError);
  expect(() => new Histogram(1).quantile(1.5)).toThrow(RangeError);
});
