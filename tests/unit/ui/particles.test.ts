import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ParticleField, planDots } from '../../../src/ui/charts/particles.ts';

const links = fc.array(fc.record({ from: fc.nat(100), to: fc.nat(100), messages: fc.nat(5_000) }), {
  maxLength: 200,
});

test('as long as all fit, every message has its own dot', () => {
  fc.assert(
    fc.property(links, (all) => {
      const total = all.reduce((n, l) => n + l.messages, 0);
      const plan = planDots(all, Math.max(1, total));
      expect(plan.perDot).toBe(1);
      expect(plan.links).toEqual(
        all.filter((l) => l.messages > 0).map((l) => ({ from: l.from, to: l.to, dots: l.messages })),
      );
    }),
  );
});

test('dots never exceed the cap, and a link is within one dot of its fair part', () => {
  fc.assert(
    fc.property(links, fc.integer({ min: 1, max: 500 }), (all, cap) => {
      const plan = planDots(all, cap);
      expect(plan.links.reduce((n, l) => n + l.dots, 0)).toBeLessThanOrEqual(cap);
      let next = 0;
      for (const l of all) {
        const shown = plan.links[next];
        const mine = shown && shown.from === l.from && shown.to === l.to ? shown.dots : 0;
        if (mine > 0) next++;
        else if (l.messages / plan.perDot < 1) continue;
        expect(Math.abs(mine - l.messages / plan.perDot)).toBeLessThanOrEqual(1 + 1e-6);
      }
      const total = all.reduce((n, l) => n + l.messages, 0);
      if (total > cap) expect(plan.perDot * cap).toBeCloseTo(total, 3);
    }),
  );
});

test('a dot is drawn only while it is under way, from its start to its end', () => {
  const field = new ParticleField(4);
  field.launch(1, 0, 0, 5, 0, 10, 0, 100, 50);
  const heads: number[] = [];
  for (const t of [99, 100, 125, 149.9, 150]) field.each(1, t, (_tx, _ty, hx) => heads.push(hx));
  expect(heads).toHaveLength(3);
  expect(heads[0]).toBe(0);
  expect(heads[1]).toBeCloseTo(5, 9);
  expect(heads[2]).toBeCloseTo(10, 0);
  field.each(0, 125, () => expect.unreachable('another kind was drawn'));
});

test('when there is no room the oldest dot gives way', () => {
  const field = new ParticleField(3);
  for (let i = 0; i < 10; i++) field.launch(0, i, 0, i, 0, i, 0, 0, 100);
  const seen: number[] = [];
  field.each(0, 50, (_tx, _ty, hx) => seen.push(hx));
  expect(seen.sort()).toEqual([7, 8, 9]);
});
