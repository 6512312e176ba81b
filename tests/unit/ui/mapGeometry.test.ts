import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hit, layoutGrove, share, sunflower, type NodeSeed } from '../../../src/ui/charts/mapGeometry.ts';

const set = fc
  .record({
    nodes: fc.integer({ min: 1, max: 220 }),
    regions: fc.integer({ min: 1, max: 6 }),
    agents: fc.constantFrom(1, 1, 1, 25, 250),
    width: fc.integer({ min: 280, max: 1_600 }),
    height: fc.integer({ min: 280, max: 900 }),
  })
  .map(({ nodes, regions, agents, width, height }) => ({
    width,
    height,
    nodes: Array.from({ length: nodes }, (_, i): NodeSeed => ({
      id: i + 1,
      region: `region ${i % regions}`,
      agents: Array.from({ length: nodes > 64 ? 1 : agents }, (_, k) => `a${i}-${k}`),
    })),
  }));

test('every node has its place: inside the canvas, apart from the others and from the gate', () => {
  fc.assert(
    fc.property(set, ({ nodes, width, height }) => {
      const l = layoutGrove(nodes, width, height);
      expect(l.trees.map((t) => t.id).sort((a, b) => a - b)).toEqual(nodes.map((n) => n.id));
      for (const t of l.trees) {
        expect(Math.min(t.x - t.r, t.y - t.r)).toBeGreaterThanOrEqual(0);
        expect(t.x + t.r).toBeLessThanOrEqual(width);
        expect(t.y + t.r).toBeLessThanOrEqual(height);
        expect(Math.hypot(t.x - l.centre.x, t.y - l.centre.y)).toBeGreaterThan(t.r + l.gateR);
      }
      let clearance = Infinity;
      for (const a of l.trees)
        for (const b of l.trees)
          if (a.id < b.id) clearance = Math.min(clearance, Math.hypot(a.x - b.x, a.y - b.y) - a.r - b.r);
      expect(clearance).toBeGreaterThan(0);
    }),
    { numRuns: 60 },
  );
});

test('a very narrow, very high canvas cuts no node off', () => {
  const nodes = Array.from({ length: 44 }, (_, i) => ({
    id: i + 1,
    region: `region ${i % 2}`,
    agents: [`a${i}`],
  }));
  for (const t of layoutGrove(nodes, 280, 867).trees) {
    expect(t.x - t.r).toBeGreaterThanOrEqual(0);
    expect(t.x + t.r).toBeLessThanOrEqual(280);
  }
});

test('a thousand nodes of their own fit on a phone and on a desktop', () => {
  const nodes = Array.from({ length: 1_000 }, (_, i) => ({
    id: i + 1,
    region: ['north', 'west', 'east'][i % 3]!,
    agents: [`a${i}`],
  }));
  expect(layoutGrove(nodes, 328, 400).trees[0]!.r).toBeGreaterThan(1.5);
  expect(layoutGrove(nodes, 900, 560).trees[0]!.r).toBeGreaterThan(4);
});

test('a place depends on the set of nodes, not on the order in which they are told', () => {
  fc.assert(
    fc.property(set, fc.func(fc.integer()), ({ nodes, width, height }, key) => {
      const shuffled = [...nodes].sort((a, b) => key(a.id) - key(b.id));
      expect(layoutGrove(shuffled, width, height)).toEqual(layoutGrove(nodes, width, height));
    }),
    { numRuns: 30 },
  );
});

test('nodes of a region stand within its sector', () => {
  fc.assert(
    fc.property(set, ({ nodes, width, height }) => {
      const l = layoutGrove(nodes, width, height);
      for (const t of l.trees) {
        const s = l.sectors.find((x) => x.name === t.region)!;
        let angle = Math.atan2(t.y - l.centre.y, (t.x - l.centre.x) / l.stretch);
        while (angle < s.from - 1e-9) angle += 2 * Math.PI;
        expect(angle).toBeLessThanOrEqual(s.to + 1e-9);
      }
    }),
    { numRuns: 40 },
  );
});

test('agents of a pooled node are dots inside its disc, one for each', () => {
  fc.assert(
    fc.property(set, ({ nodes, width, height }) => {
      for (const t of layoutGrove(nodes, width, height).trees) {
        const agents = nodes.find((n) => n.id === t.id)!.agents;
        expect(t.dots.map((d) => d.agent)).toEqual(agents.length > 1 ? agents : []);
        for (const d of t.dots) expect(Math.hypot(d.x - t.x, d.y - t.y)).toBeLessThanOrEqual(t.r);
      }
    }),
    { numRuns: 40 },
  );
});

test('pointing at the middle of a disc finds that node; pointing at a dot finds its agent', () => {
  fc.assert(
    fc.property(set, ({ nodes, width, height }) => {
      const l = layoutGrove(nodes, width, height);
      for (const t of l.trees) {
        expect(hit(l, t.x, t.y)?.node).toBe(t.id);
        const dot = t.dots.at(-1);
        if (dot) expect(hit(l, dot.x, dot.y)).toEqual({ node: t.id, agent: dot.agent });
      }
      expect(hit(l, 0, 0)).toBeNull();
    }),
    { numRuns: 30 },
  );
});

test('a share over rows adds up, and no row is more than one away from its exact part', () => {
  fc.assert(
    fc.property(
      fc.nat(5_000),
      fc.array(fc.double({ min: 0.1, max: 1_000, noNaN: true }), { minLength: 1, maxLength: 40 }),
      (n, lengths) => {
        const parts = share(n, lengths);
        const total = lengths.reduce((a, b) => a + b, 0);
        expect(parts.reduce((a, b) => a + b, 0)).toBe(n);
        parts.forEach((p, i) => expect(Math.abs(p - (n * lengths[i]!) / total)).toBeLessThan(1.001));
      },
    ),
  );
});

test('the sunflower keeps within its disc', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_000 }), fc.double({ min: 1, max: 500, noNaN: true }), (n, r) => {
      const spots = sunflower(n, r);
      expect(spots).toHaveLength(n);
      for (const s of spots) expect(Math.hypot(s.x, s.y)).toBeLessThanOrEqual(r);
    }),
    { numRuns: 40 },
  );
});
