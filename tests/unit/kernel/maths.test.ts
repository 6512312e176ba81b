import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cosOfTurns, exp, ln, power } from '../../../src/kernel/maths.ts';
import { mathsBits } from '../../harness/mathsBits.ts';

/** How far `got` is from `wanted`, in parts of it. */
const off = (got: number, wanted: number): number =>
  got === wanted ? 0 : Math.abs(got - wanted) / Math.max(Math.abs(wanted), Number.MIN_VALUE);
const positive = fc.double({ min: Number.MIN_VALUE, max: Number.MAX_VALUE, noNaN: true });

describe('the functions agree with those of the engine', () => {
  test('ln, to a few units in the last place', () => {
    fc.assert(
      fc.property(positive, (x) => {
        expect(off(ln(x), Math.log(x))).toBeLessThan(6e-16);
      }),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(fc.double({ min: 0.5, max: 2, noNaN: true }), (x) => {
        expect(off(ln(x), Math.log(x))).toBeLessThan(6e-16);
      }),
    );
  });

  test('exp, where its results are normal numbers, and near enough where they are not', () => {
    fc.assert(
      fc.property(fc.double({ min: -708, max: 709.7, noNaN: true }), (x) => {
        expect(off(exp(x), Math.exp(x))).toBeLessThan(6e-16);
      }),
      { numRuns: 2_000 },
    );
    for (const x of [-745, -740, -720, -709]) expect(off(exp(x), Math.exp(x))).toBeLessThan(0.5);
  });

  test('power, with the error that its exponent makes of that of the logarithm', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
        fc.double({ min: -5, max: 5, noNaN: true }),
        (x, y) => {
          expect(off(power(x, y), x ** y)).toBeLessThan(4e-14);
        },
      ),
    );
  });

  test('the cosine of turns', () => {
    fc.assert(
      fc.property(fc.double({ min: -3, max: 3, noNaN: true }), (t) => {
        expect(Math.abs(cosOfTurns(t) - Math.cos(2 * Math.PI * t))).toBeLessThan(4e-15);
      }),
    );
    expect([0, 0.25, 0.5, 0.75, 1].map((t) => Math.abs(cosOfTurns(t)))).toEqual([1, 0, 1, 0, 1]);
  });

  test.each([
    ['ln', [ln(0), ln(-1), ln(Infinity), ln(1)], [-Infinity, NaN, Infinity, 0]],
    ['exp', [exp(0), exp(Infinity), exp(-Infinity), exp(NaN), exp(1)], [1, Infinity, 0, NaN, Math.E]],
    ['power', [power(0, 2), power(0, -1), power(5, 0), power(0, 0), power(2, 10)], [0, Infinity, 1, 1, 1024]],
  ])('the ends of %s', (_name, got, wanted) => {
    got.forEach((x, i) =>
      Number.isNaN(wanted[i]) ? expect(x).toBeNaN() : expect(x).toBeCloseTo(wanted[i]!, 12),
    );
  });
});

test('and have these very bits, in whatever engine this runs', () => {
  expect(mathsBits()).toBe('40e4fedf');
});
