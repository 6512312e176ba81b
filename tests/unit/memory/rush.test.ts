import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WeightedTerm } from '../../../src/memory/record.ts';
import { RushIndex } from '../../../src/memory/rush.ts';

const term = fc.constantFrom('oak', 'elm', 'ash', 'fir', 'yew', 'bay');
const record = fc.array(term, { maxLength: 80 });
const query: fc.Arbitrary<WeightedTerm[]> = fc.array(
  fc.record({ term: fc.oneof(term, fc.constant('unknown')), weight: fc.constantFrom(0.25, 1, 2.5) }),
  { maxLength: 5 },
);

/** BM25 straight from its formula, over plain arrays: k1 = 0.9, b = 0.4, a pivot of 60 terms. */
function naive(
  records: readonly string[][],
  terms: readonly WeightedTerm[],
): { index: number; score: number }[] {
  return records
    .map((own, index) => {
      let score = 0;
      for (const { term, weight } of terms) {
        const tf = own.filter((t) => t === term).length;
        score += (weight * tf * 1.9) / (tf + 0.9 * (1 - 0.4 + (0.4 * own.length) / 60));
      }
      return { index, score };
    })
    .filter((hit) => hit.score > 0)
    .sort((a, b) => b.score - a.score || a.index - b.index);
}

function build(records: readonly string[][]): RushIndex {
  const index = new RushIndex();
  for (const terms of records) expect(index.insert(terms).ok).toBe(true);
  return index;
}

describe('the rush index', () => {
  it('ranks and scores as BM25 over plain arrays does, after every insert', () => {
    fc.assert(
      fc.property(
        fc.array(record, { maxLength: 40 }),
        query,
        fc.integer({ min: 0, max: 12 }),
        (records, terms, k) => {
          const index = new RushIndex();
          records.forEach((own, n) => {
            index.insert(own);
            if (n % 5 !== 0 && n !== records.length - 1) return;
            expect(index.search(terms, k)).toEqual(naive(records.slice(0, n + 1), terms).slice(0, k));
          });
        },
      ),
    );
  });

  it('gives a query the same answer whatever was asked before', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 20 }), query, query, (records, first, second) => {
        const index = build(records);
        const alone = index.search(second, 5);
        index.search(first, 5);
        index.search(first, 0);
        expect(index.search(second, 5)).toEqual(alone);
      }),
    );
  });

  it('leaves out what is not accepted and fills up with the next best', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 20 }), query, (records, terms) => {
        const even = (i: number): boolean => i % 2 === 0;
        expect(build(records).search(terms, 3, even)).toEqual(
          naive(records, terms)
            .filter((hit) => even(hit.index))
            .slice(0, 3),
        );
      }),
    );
  });

  it('counts in how many records a term is', () => {
    fc.assert(
      fc.property(fc.array(record), term, (records, wanted) => {
        expect(build(records).frequency(wanted)).toBe(records.filter((r) => r.includes(wanted)).length);
      }),
    );
  });

  it('refuses what goes over its budget and is as it was before', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1 }), query, (records, terms) => {
        const index = build(records);
        const { bytes, size } = index;
        const before = index.search(terms, 10);
        const r = index.insert(['oak', 'a new one'], bytes + 20);
        expect(r).toMatchObject({ ok: false, error: { reason: 'full', leftBytes: 20 } });
        expect([index.bytes, index.size]).toEqual([bytes, size]);
        expect(index.frequency('a new one')).toBe(0);
        expect(index.search(terms, 10)).toEqual(before);
      }),
    );
  });
});
