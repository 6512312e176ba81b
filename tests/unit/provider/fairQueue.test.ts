import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runCrowd, type Member } from '../../harness/crowd.ts';
import { jain, maxMinShares, worstShare } from '../../harness/fairness.ts';
import { FairQueue, type Priority, type Queued } from '../../../src/provider/fairQueue.ts';

const MINUTES = 3;
const CAPACITY = 10_000 * 60 * MINUTES;
const greedy = (i: number, inputTokens: number): Member => ({
  flow: `greedy-${i}`,
  outstanding: 30,
  inputTokens,
});
const modest = (i: number): Member => ({
  flow: `modest-${i}`,
  outstanding: 1,
  inputTokens: 400,
  thinkMs: 1_500,
});

test('greedy agents get equal shares however long their prompts are', () => {
  const got = runCrowd(
    [200, 500, 1_000, 2_000, 4_000].map((tokens, i) => greedy(i, tokens)),
    MINUTES,
  );
  console.log(`Jain's index of five greedy agents: ${jain(got).toFixed(4)}`);
  expect(jain(got)).toBeGreaterThan(0.995);
});

test('modest agents get what they ask for beside greedy ones, who share the rest; without flows they do not', () => {
  const members = [...[0, 1, 2, 3].map((i) => greedy(i, 2_000)), ...[0, 1, 2, 3, 4, 5].map(modest)];
  // What a modest agent gets with nobody beside it is what it asks for.
  const demands = members.map((m) => (m.flow.startsWith('greedy') ? CAPACITY : runCrowd([m], MINUTES)[0]!));
  const due = maxMinShares(demands, CAPACITY);
  const fair = worstShare(runCrowd(members, MINUTES), due);
  const mixed = worstShare(
    runCrowd(
      members.map((m) => ({ ...m, flow: 'all' })),
      MINUTES,
    ),
    due,
  );
  console.log(
    `worst share of what is due (max-min): ${fair.toFixed(3)}, first come first served ${mixed.toFixed(3)}`,
  );
  // In a closed loop who waits asks for less: a modest agent waits for one round of the others' prompts.
  expect(fair).toBeGreaterThan(0.8);
  expect(mixed).toBeLessThan(0.5);
});

test('classes share by weight while all of them wait, and the last one does not starve', () => {
  const got = runCrowd(
    [0, 1, 2].map((priority) => ({ ...greedy(priority, 1_000), priority: priority as Priority })),
    MINUTES,
  );
  const sum = got.reduce((a, b) => a + b, 0);
  expect(got[0]! / sum).toBeCloseTo(16 / 21, 1);
  expect(got[1]! / sum).toBeCloseTo(4 / 21, 1);
  expect(got[2]! / sum).toBeGreaterThan(0.03);
});

test('what is put in comes out, each flow in its order, whatever is taken out between', () => {
  interface Item extends Queued {
    readonly n: number;
  }
  const step = fc.record({
    kind: fc.constantFrom('push', 'push', 'push', 'pop', 'remove', 'charge'),
    flow: fc.constantFrom('a', 'b', 'c'),
    priority: fc.constantFrom<Priority>(0, 1, 2),
    cost: fc.double({ min: 0.01, max: 100, noNaN: true }),
    pick: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const queue = new FairQueue<Item>();
      const inside: Item[] = [];
      const check = (item: Item | null): void => {
        if (inside.length === 0) {
          expect(item).toBeNull();
          return;
        }
        const first = inside.find((x) => x.flow === item!.flow && x.priority === item!.priority);
        expect(item).toBe(first);
        inside.splice(inside.indexOf(item!), 1);
      };
      steps.forEach(({ kind, flow, priority, cost, pick }, n) => {
        if (kind === 'push') {
          const item = { flow, priority, cost, n };
          queue.push(item);
          inside.push(item);
        } else if (kind === 'pop') {
          const peeked = queue.peek();
          const popped = queue.pop();
          expect(popped).toBe(peeked);
          check(popped);
        } else if (kind === 'remove' && inside.length > 0) {
          const [gone] = inside.splice(pick % inside.length, 1);
          expect(queue.remove(gone!)).toBe(true);
          expect(queue.remove(gone!)).toBe(false);
        } else if (kind === 'charge') queue.charge(flow, priority, cost - 50);
        expect(queue.size).toBe(inside.length);
        expect(queue.ahead(flow, priority, cost)).toBeGreaterThanOrEqual(0);
      });
      while (inside.length > 0) check(queue.pop());
      expect(queue.pop()).toBeNull();
    }),
  );
});

test("the measures of fairness: Jain's index and max-min shares of textbook cases", () => {
  expect(jain([1, 1, 1, 1])).toBe(1);
  expect(jain([1, 0, 0, 0])).toBe(0.25);
  expect(maxMinShares([2, 2.6, 4, 5], 10)).toEqual([
    2,
    expect.closeTo(2.6),
    expect.closeTo(2.7),
    expect.closeTo(2.7),
  ]);
});
