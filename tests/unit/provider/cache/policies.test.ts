import fc from 'fast-check';
import { LRUCache } from 'lru-cache';
import { describe, expect, test } from 'vitest';
import { createRng } from '../../../../src/kernel/rng.ts';
import { AutoPolicy } from '../../../../src/provider/cache/auto.ts';
import { POLICY_NAMES, type EvictionPolicy } from '../../../../src/provider/cache/evictionPolicy.ts';
import { createPolicy } from '../../../../src/provider/cache/policies.ts';
import { SievePolicy } from '../../../../src/provider/cache/singleQueue.ts';
import {
  beladyHits,
  fifoModel,
  lruModel,
  s3FifoModel,
  sieveModel,
  type CacheModel,
} from '../../../harness/cacheModels.ts';
import { BLOCK_TRACES, cacheTrace, NO_TRACES, replayTrace } from '../../../harness/cacheTraces.ts';

const models = { fifo: fifoModel, lru: lruModel, sieve: sieveModel, 's3-fifo': s3FifoModel } as const;
const all: readonly (readonly [string, (capacity: number, keys?: number) => EvictionPolicy])[] = [
  ...POLICY_NAMES.map(
    (name) => [name, (capacity: number, keys?: number) => createPolicy(name, capacity, keys)] as const,
  ),
  ['auto', (capacity, keys) => new AutoPolicy(capacity, keys)],
  // Few of the keys are simulated.
  ['auto, sampled', (capacity) => new AutoPolicy(capacity, 16_384)],
];

/** Few keys asked for often, many seldom. */
const skewed = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 9 }),
    fc.integer({ min: 10, max: 60 }),
    fc.integer({ min: 0, max: 400 }),
  ),
  { maxLength: 400 },
);

/** Hits one by one, so that two caches that differ once are told apart. */
const answers = (access: (key: number) => boolean, trace: readonly number[]): string =>
  trace.map((key) => (access(key) ? '+' : '-')).join('');

const accessOf =
  (policy: EvictionPolicy, weightOf: (key: number) => number = () => 1) =>
  (key: number): boolean => {
    if (policy.touch(key)) return true;
    policy.admit(key, weightOf(key), () => undefined);
    return false;
  };

describe.each(Object.entries(models))(
  '%s decides as a plain list of the paper’s rules does',
  (name, model) => {
    const policyOf = (capacity: number): EvictionPolicy =>
      createPolicy(name as keyof typeof models, capacity);

    test('with entries of one weight', () => {
      fc.assert(
        fc.property(skewed, fc.integer({ min: 20, max: 60 }), (trace, capacity) => {
          const theirs: CacheModel = model(capacity);
          const ours = policyOf(capacity);
          expect(answers(accessOf(ours), trace)).toBe(answers((key) => theirs.access(key), trace));
          expect([...ours.keys()].sort()).toEqual([...theirs.keys].sort());
        }),
      );
    });

    test('with entries of different weights', () => {
      const weightOf = (key: number): number => 1 + ((key * 7) % 13);
      fc.assert(
        fc.property(skewed, fc.integer({ min: 100, max: 300 }), (trace, capacity) => {
          const theirs = model(capacity, weightOf);
          expect(answers(accessOf(policyOf(capacity), weightOf), trace)).toBe(
            answers((key) => theirs.access(key), trace),
          );
        }),
      );
    });

    test('on real traces, miss for miss, where they are at hand', () => {
      const trace = cacheTrace('cs')?.slice(0, 4_000);
      if (trace === undefined) {
        console.log(NO_TRACES);
        return;
      }
      const theirs = model(200);
      expect(replayTrace(policyOf(200), trace)).toBe(trace.filter((key) => theirs.access(key)).length);
    });
  },
);

test('LRU decides as the package lru-cache does', () => {
  fc.assert(
    fc.property(skewed, fc.integer({ min: 1, max: 50 }), (trace, max) => {
      const theirs = new LRUCache<number, true>({ max });
      const access = (key: number): boolean => {
        if (theirs.get(key)) return true;
        theirs.set(key, true);
        return false;
      };
      expect(answers(accessOf(createPolicy('lru', max)), trace)).toBe(answers(access, trace));
    }),
  );
});

describe.each(all)('%s', (_name, create) => {
  test('never holds more than its capacity, and tells of every key that leaves', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1, max: 30 })), {
      maxLength: 300,
    });
    fc.assert(
      fc.property(
        steps,
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 0, max: 9 }),
        (asked, capacity, seed) => {
          const policy = create(capacity);
          const rng = createRng(String(seed));
          const held = new Map<number, number>();
          for (const [key, weight] of asked) {
            const hit = policy.touch(key);
            expect(hit).toBe(held.has(key));
            if (hit && rng.next() < 0.1) {
              policy.remove(key);
              held.delete(key);
            } else if (!hit) {
              held.set(key, weight);
              policy.admit(key, weight, (gone) => expect(held.delete(gone as number)).toBe(true));
            }
            const total = [...held.values()].reduce((sum, w) => sum + w, 0);
            expect(policy.used).toBe(total);
            expect(total).toBeLessThanOrEqual(capacity);
            expect(policy.size).toBe(held.size);
            expect(new Set(policy.keys())).toEqual(new Set(held.keys()));
          }
        },
      ),
    );
  });

  test('gets no more hits than Belady’s rule', () => {
    fc.assert(
      fc.property(skewed, fc.integer({ min: 1, max: 40 }), (trace, capacity) => {
        expect(replayTrace(create(capacity), trace)).toBeLessThanOrEqual(beladyHits(trace, capacity));
      }),
    );
  });

  test('decides the same the second time', () => {
    fc.assert(
      fc.property(skewed, fc.integer({ min: 1, max: 40 }), (trace, capacity) => {
        expect(answers(accessOf(create(capacity)), trace)).toBe(answers(accessOf(create(capacity)), trace));
      }),
      { numRuns: 20 },
    );
  });
});

test('Belady’s rule gets what trying every choice gets', () => {
  /** The most hits of any choice of victims. */
  function best(trace: readonly number[], capacity: number, held: readonly number[] = []): number {
    const [key, ...rest] = trace;
    if (key === undefined) return 0;
    if (held.includes(key)) return 1 + best(rest, capacity, held);
    if (held.length < capacity) return best(rest, capacity, [...held, key]);
    const choices = held.map((_, i) =>
      best(rest, capacity, [...held.slice(0, i), ...held.slice(i + 1), key]),
    );
    return Math.max(best(rest, capacity, held), ...choices);
  }
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 10 }),
      fc.integer({ min: 1, max: 3 }),
      (trace, capacity) => {
        expect(beladyHits(trace, capacity)).toBe(best(trace, capacity));
      },
    ),
  );
});

describe('auto', () => {
  /** A loop a little longer than the cache: LRU gets nothing, LIRS nearly all. */
  const loop = (length: number, rounds: number): number[] =>
    Array.from({ length: length * rounds }, (_, i) => i % length);
  /** Uses cluster in time: the recent comes again. */
  function recent(n: number): number[] {
    const rng = createRng('recent');
    return Array.from({ length: n }, (_, i) => 10_000 + Math.floor(i / 8) - Math.floor(rng.exponential(30)));
  }

  test('changes over to what serves a new phase', () => {
    const policy = new AutoPolicy(100);
    replayTrace(policy, loop(120, 40));
    const first = policy.leader;
    replayTrace(policy, recent(20_000));
    expect(first).not.toBe('lru');
    expect(policy.switches).toBeGreaterThan(0);
    const lru = createPolicy('lru', 100);
    replayTrace(lru, recent(20_000));
    const again = recent(20_000).map((key) => key + 1_000_000);
    expect(replayTrace(policy, again)).toBeGreaterThan(0.97 * replayTrace(lru, again));
  });

  test('a change of the leader throws nothing away by itself', () => {
    const policy = new AutoPolicy(50);
    const trace = [...loop(60, 30), ...recent(9_000)];
    for (const key of trace) {
      const before = policy.switches;
      const held = [...policy.keys()];
      if (policy.touch(key)) {
        if (policy.switches > before) expect(new Set(policy.keys())).toEqual(new Set(held));
      } else {
        let gone = 0;
        policy.admit(key, 1, () => {
          gone++;
        });
        expect(gone).toBeLessThanOrEqual(1);
      }
    }
    expect(policy.switches).toBeGreaterThan(0);
  });

  test('stays within two points of the best single policy on every block trace at hand', () => {
    for (const name of BLOCK_TRACES) {
      const trace = cacheTrace(name);
      if (trace === null) {
        console.log(NO_TRACES);
        return;
      }
      const best = Math.max(...POLICY_NAMES.map((policy) => replayTrace(createPolicy(policy, 500), trace)));
      const hits = replayTrace(new AutoPolicy(500), trace);
      expect((best - hits) / trace.length, name).toBeLessThan(0.02);
    }
  });
});

test('a hand that forgets what was used is noticed', () => {
  class Forgetful extends SievePolicy {
    protected override noteUse(): void {
      // The mutant.
    }
  }
  const trace = Array.from({ length: 400 }, (_, i) => (i % 3 === 0 ? 1 : i));
  const theirs = sieveModel(20);
  expect(answers(accessOf(new Forgetful(20)), trace)).not.toBe(answers((key) => theirs.access(key), trace));
});
