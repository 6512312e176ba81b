import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CausalChecker, relayCauses } from '../../harness/causalChecker.ts';

const out = (to: number, seq: number, message: object): string => JSON.stringify(['out', to, seq, message]);
const into = (from: number, seq: number, message: object): string =>
  JSON.stringify(['in', from, seq, message]);

describe('the checker of cause and effect', () => {
  test('finds what was accepted and never sent', () => {
    const checker = new CausalChecker(2);
    checker.committed('node/1', into(0, 1, {}));
    expect(checker.violations()).toEqual([
      'node 1 accepted message 1 of node 0, which had not been sent, or a second time',
    ]);
  });

  test('finds a stamp that does not follow one of a cause, over other nodes and in the own log', () => {
    const checker = new CausalChecker(3);
    const first = { hlc: 10 };
    checker.committed('node/0', out(1, 1, first));
    checker.committed('node/1', into(0, 1, first));
    // Concurrent with the first: any stamp will do.
    checker.committed('node/2', out(0, 1, { hlc: 3 }));
    checker.committed('node/1', out(2, 1, { hlc: 11 }));
    expect(checker.violations()).toEqual([]);
    checker.committed('node/2', into(1, 1, { hlc: 11 }));
    checker.committed('node/2', out(0, 2, { hlc: 11 }));
    checker.committed('node/0', out(1, 2, { hlc: 10 }));
    expect(checker.violations()).toHaveLength(2);
    expect(checker.violations()[0]).toMatch(
      /message 2 from 2 to 0 is stamped 11, not later than message 1 from 1 to 2/,
    );
    expect(checker.violations()[1]).toMatch(
      /message 2 from 0 to 1 is stamped 10, not later than message 1 from 0/,
    );
  });

  test('finds a task that was passed on by one who did not have it', () => {
    const checker = relayCauses(2);
    const task = (hops: number) => ({ kind: 'task', body: { task: 7, hops } });
    checker.committed('node/0', out(1, 1, task(5)));
    checker.committed('node/1', into(0, 1, task(5)));
    checker.committed('node/1', out(2, 1, task(4)));
    expect(checker.violations()).toEqual([]);
    checker.committed('node/2', out(1, 1, task(3)));
    expect(checker.violations()[0]).toMatch(/answers task 7\/4, which node 2 had not accepted/);
  });

  test('counts messages that overtake their causes on another way, and only those', () => {
    const checker = new CausalChecker(3);
    checker.committed('node/0', out(2, 1, {}));
    checker.committed('node/0', out(1, 1, {}));
    checker.committed('node/1', into(0, 1, {}));
    checker.committed('node/1', out(2, 1, {}));
    checker.committed('node/2', into(1, 1, {}));
    expect(checker.overtakings).toBe(1);
    checker.committed('node/2', into(0, 1, {}));
    expect(checker.overtakings).toBe(1);
  });
});

test('it finds a wrong stamp exactly where some path of causes leads from a stamp as high', () => {
  const step = fc.record({ from: fc.nat(3), to: fc.nat(3), accept: fc.boolean(), hlc: fc.nat(30) });
  const counts = { sound: 0, wrong: 0 };
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const checker = new CausalChecker(4);
      /** Events in order, each with those it follows directly. */
      const events: { node: number; hlc: number | null; after: number[] }[] = [];
      const lastOf = new Map<number, number>();
      const links = new Map<string, { event: number; hlc: number }[]>();
      const acceptedOf = new Map<string, number>();
      const add = (node: number, hlc: number | null, after: number[]): number => {
        const last = lastOf.get(node);
        const at = events.push({ node, hlc, after: last === undefined ? after : [...after, last] }) - 1;
        lastOf.set(node, at);
        return at;
      };
      for (const { from, to, accept, hlc } of steps) {
        const key = `${from}>${to}`;
        const link = links.get(key) ?? [];
        links.set(key, link);
        const next = acceptedOf.get(key) ?? 0;
        if (accept && next < link.length) {
          acceptedOf.set(key, next + 1);
          add(to, null, [link[next]!.event]);
          checker.committed(`node/${to}`, into(from, next + 1, { hlc: link[next]!.hlc }));
        } else {
          link.push({ event: add(from, hlc, []), hlc });
          checker.committed(`node/${from}`, out(to, link.length, { hlc }));
        }
      }
      const causes = (at: number, seen = new Set<number>()): Set<number> => {
        for (const before of events[at]!.after)
          if (!seen.has(before)) {
            seen.add(before);
            causes(before, seen);
          }
        return seen;
      };
      const wrong = events.some(
        (e, at) => e.hlc !== null && [...causes(at)].some((c) => (events[c]!.hlc ?? -1) >= e.hlc!),
      );
      counts[wrong ? 'wrong' : 'sound']++;
      expect(checker.violations().length > 0).toBe(wrong);
    }),
    { numRuns: 500 },
  );
  expect(Math.min(counts.sound, counts.wrong)).toBeGreaterThan(25);
});
