import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRng, hash32 } from '../../../src/kernel/rng.ts';

const seeds = fc.string({ maxLength: 40 });
const draw = (rng: { next(): number }, n: number): number[] => Array.from({ length: n }, () => rng.next());

describe('random streams', () => {
  test('streams of the same seed are equal, number for number', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        expect(draw(createRng(seed), 50)).toEqual(draw(createRng(seed), 50));
      }),
    );
  });

  test('a fork is decided by seed and name alone, not by how much was drawn before', () => {
    fc.assert(
      fc.property(seeds, seeds, fc.nat(20), (seed, name, drawn) => {
        const used = createRng(seed);
        draw(used, drawn);
        expect(draw(used.fork(name), 10)).toEqual(draw(createRng(seed).fork(name), 10));
      }),
    );
  });

  test('forks of different names do not follow one another', () => {
    const a = draw(createRng('s').fork('a'), 20_000);
    const b = draw(createRng('s').fork('b'), 20_000);
    const mean = (xs: number[]): number => xs.reduce((x, y) => x + y, 0) / xs.length;
    const covariance = mean(a.map((x, i) => (x - 0.5) * (b[i]! - 0.5)));
    // Twelve times the covariance is the correlation; its standard error here is 0.007.
    expect(Math.abs(12 * covariance)).toBeLessThan(0.035);
  });

  test('int(n) fills [0, n) evenly and never leaves it', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 2 ** 32 }), (seed, n) => {
        const rng = createRng(seed);
        for (let i = 0; i < 20; i++) {
          const k = rng.int(n);
          expect(Number.isInteger(k) && k >= 0 && k < n).toBe(true);
        }
      }),
    );
    const counts = new Array<number>(10).fill(0);
    const rng = createRng('even');
    for (let i = 0; i < 100_000; i++) counts[rng.int(10)]!++;
    const chiSquare = counts.reduce((sum, c) => sum + (c - 10_000) ** 2 / 10_000, 0);
    // 9 degrees of freedom: above 27.9 one time in a thousand.
    expect(chiSquare).toBeLessThan(27.9);
  });

  test.each([0, -1, 1.5, NaN, Infinity])('int(%s) is refused', (n) => {
    expect(() => createRng('s').int(n)).toThrow(RangeError);
  });

  test('pick from nothing is refused', () => {
    expect(() => createRng('s').pick([])).toThrow(RangeError);
  });

  test('exponential, normal and log-normal have the moments they promise', () => {
    const rng = createRng('moments');
    const n = 100_000;
    const mean = (f: () => number): number => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += f();
      return sum / n;
    };
    // Each bound is five standard errors.
    expect(Math.abs(mean(() => rng.exponential(3)) - 3)).toBeLessThan((5 * 3) / Math.sqrt(n));
    expect(Math.abs(mean(() => rng.normal()))).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(mean(() => rng.normal() ** 2) - 1)).toBeLessThan((5 * Math.SQRT2) / Math.sqrt(n));
    expect(Math.abs(mean(() => Math.log(rng.logNormal(1, 0.5))) - 1)).toBeLessThan((5 * 0.5) / Math.sqrt(n));
  });
});

describe('hash32', () => {
  test('is a 32-bit whole number, and another salt gives another hash', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(1000), (text, salt) => {
        const h = hash32(text, salt);
        expect(h >>> 0).toBe(h);
        expect(hash32(text, salt + 1)).not.toBe(h);
      }),
    );
  });

  test('flipping one character flips about half of the bits', () => {
    let flipped = 0;
    for (let i = 0; i < 2_000; i++) {
      let x = hash32(`node/${i}a`) ^ hash32(`node/${i}b`);
      for (; x !== 0; x &= x - 1) flipped++;
    }
    expect(flipped / 2_000).toBeGreaterThan(15);
    expect(flipped / 2_000).toBeLessThan(17);
  });
});
