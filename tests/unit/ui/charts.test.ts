import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plotLines, timeDomain } from '../../../src/ui/charts/lineGeometry.ts';
import { ringShapes, wobble, type Ring } from '../../../src/ui/charts/ringGeometry.ts';

const frame = { width: 400, height: 160, left: 40, right: 10, top: 10, bottom: 20 };
const value = fc.option(fc.double({ min: 0, max: 1e5, noNaN: true }), { nil: null });
const run = fc.array(value, { minLength: 1, maxLength: 180 });

test('a line stays inside its frame whatever the values are', () => {
  fc.assert(
    fc.property(run, fc.nat(1_000), (values, start) => {
      const seconds = values.map((_, i) => start + i);
      const plot = plotLines(seconds, [{ name: 'v', values }], frame, timeDomain(seconds, 120), 1);
      const numbers = [...plot.paths[0]!.d.matchAll(/(-?[\d.]+),(-?[\d.]+)/g)];
      for (const [, x, y] of numbers) {
        expect(Number(x)).toBeGreaterThanOrEqual(frame.left - 0.06);
        expect(Number(x)).toBeLessThanOrEqual(frame.width - frame.right + 0.06);
        expect(Number(y)).toBeGreaterThanOrEqual(frame.top - 0.06);
        expect(Number(y)).toBeLessThanOrEqual(frame.height - frame.bottom + 0.06);
      }
      const visible = values.filter((v, i) => v !== null && seconds[i]! >= timeDomain(seconds, 120)[0]);
      expect(numbers).toHaveLength(visible.length);
    }),
  );
});

test('a gap in the values is a gap in the line', () => {
  const plot = plotLines([0, 1, 2, 3], [{ name: 'v', values: [1, null, 2, 3] }], frame, [0, 120], 1);
  expect(plot.paths[0]!.d.match(/M/g)).toHaveLength(2);
});

test('the crosshair finds the second under it', () => {
  fc.assert(
    fc.property(run, fc.nat(1_000), fc.nat(), (values, start, pick) => {
      const seconds = values.map((_, i) => start + i);
      const domain = timeDomain(seconds, 120);
      const plot = plotLines(seconds, [{ name: 'v', values }], frame, domain, 1);
      const i = pick % seconds.length;
      if (seconds[i]! >= domain[0]) expect(plot.indexAt(plot.x(seconds[i]!))).toBe(i);
    }),
  );
});

test('the bar is always within the axis', () => {
  const plot = plotLines([], [{ name: 'v', values: [] }], frame, timeDomain([], 120), 2_000);
  expect(plot.y(2_000)).toBeGreaterThanOrEqual(frame.top);
  expect(plot.paths[0]!.d).toBe('');
  expect(plot.indexAt(100)).toBe(-1);
});

const ring = fc.record({
  label: fc.integer({ min: 1790, max: 2021 }).map(String),
  zone: fc.constant('growth' as const),
  count: fc.nat(500),
  bytes: fc.nat(1_000_000),
  hits: fc.nat(500),
  scars: fc.nat(20),
  stale: fc.nat(9),
  merged: fc.nat(9),
  movedIn: fc.nat(9),
  movedOut: fc.nat(9),
  accessMs: fc.constant(null),
});
const trunk = fc.uniqueArray(ring, { selector: (r) => r.label, maxLength: 232 }).map((growth): Ring[] => [
  {
    label: 'today',
    zone: 'rush',
    count: 3,
    bytes: 900,
    hits: 1,
    scars: 0,
    stale: 0,
    merged: 0,
    movedIn: 0,
    movedOut: 0,
    accessMs: null,
  },
  ...growth,
  {
    label: 'core',
    zone: 'core',
    count: 2,
    bytes: 700,
    hits: 9,
    scars: 0,
    stale: 0,
    merged: 0,
    movedIn: 0,
    movedOut: 0,
    accessMs: null,
  },
]);

test('rings lie one around another: core, years in order, rush as the bark', () => {
  fc.assert(
    fc.property(trunk, (rings) => {
      const shapes = ringShapes('a017', rings, 140);
      expect(shapes).toHaveLength(rings.length);
      expect(shapes[0]!.ring.zone).toBe('core');
      expect(shapes.at(-1)!.ring.zone).toBe('rush');
      const years = shapes.filter((s) => s.ring.zone === 'growth').map((s) => Number(s.ring.label));
      expect(years).toEqual([...years].sort((a, b) => a - b));
      let edge = 0;
      for (const s of shapes) {
        expect(s.inner).toBeCloseTo(edge, 6);
        expect(s.outer).toBeGreaterThan(s.inner);
        expect(s.shade).toBeGreaterThanOrEqual(0);
        expect(s.shade).toBeLessThanOrEqual(1);
        edge = s.outer;
      }
      expect(edge).toBeCloseTo(140, 6);
    }),
  );
});

test('a ring with more text is never thinner', () => {
  fc.assert(
    fc.property(trunk, (rings) => {
      const byBytes = ringShapes('a017', rings, 140).sort((a, b) => a.ring.bytes - b.ring.bytes);
      for (let i = 1; i < byBytes.length; i++) {
        const before = byBytes[i - 1]!;
        const here = byBytes[i]!;
        expect(here.outer - here.inner).toBeGreaterThanOrEqual(before.outer - before.inner - 1e-6);
      }
    }),
  );
});

test('no trunk bulges out of its drawing, and every agent has its own shape', () => {
  fc.assert(
    fc.property(fc.string(), fc.double({ min: 0, max: 7, noNaN: true }), (name, angle) => {
      expect(Math.abs(wobble(name)(angle) - 1)).toBeLessThan(0.05);
    }),
  );
  expect(wobble('a001')(1)).not.toBe(wobble('a002')(1));
});
