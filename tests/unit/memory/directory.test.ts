import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agentId } from '../../../src/kernel/ids.ts';
import { Directory, mayKnow, summarise } from '../../../src/memory/directory.ts';

const vocabulary = Array.from({ length: 60 }, (_, i) => `term${i}`);
const terms = fc.uniqueArray(fc.constantFrom(...vocabulary), { maxLength: 25 });

describe('the summary of what an agent archives', () => {
  it('never denies a term that went in, however few or many they are', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { maxLength: 400 }), (own) => {
        const summary = structuredClone(summarise(own));
        for (const term of own) expect(mayKnow(summary, term)).toBe(true);
      }),
    );
  });

  it.each([1, 30, 1_000, 20_000])('of %i terms claims fewer than 2 in 100 of the others', (size) => {
    // Small filters are tried many times over, so that the rate is one of thousands of probes of many filters.
    let claimed = 0;
    let asked = 0;
    for (let round = 0; round < Math.max(1, 20_000 / size); round++) {
      const summary = summarise(Array.from({ length: size }, (_, i) => `in ${round} ${i}`));
      for (let i = 0; i < Math.max(10, size); i++, asked++)
        if (mayKnow(summary, `out ${round} ${i}`)) claimed++;
    }
    expect(claimed / asked).toBeLessThan(0.02);
  });

  it('of nothing claims nothing', () => {
    expect(vocabulary.some((term) => mayKnow(summarise([]), term))).toBe(false);
  });
});

describe('the directory', () => {
  const build = (archives: readonly string[][]): Directory => {
    const directory = new Directory();
    archives.forEach((own, i) => directory.put(agentId(i), summarise(own)));
    return directory;
  };

  it('weighs every different term above zero, and a term that fewer agents may have no lower', () => {
    fc.assert(
      fc.property(fc.array(terms, { maxLength: 12 }), terms, (archives, asked) => {
        const weighed = build(archives).weigh([...asked, ...asked]);
        expect(weighed.map((w) => w.term)).toEqual(asked);
        const having = (term: string): number =>
          archives.filter((own) => mayKnow(summarise(own), term)).length;
        for (const a of weighed) {
          expect(a.weight).toBeGreaterThan(0);
          for (const b of weighed)
            if (having(a.term) < having(b.term)) expect(a.weight).toBeGreaterThan(b.weight);
        }
      }),
    );
  });

  it('names the agents with the highest summed weights, best first, ties by id, never the asker or one that matches nothing', () => {
    fc.assert(
      fc.property(
        fc.array(terms, { maxLength: 12 }),
        terms,
        fc.integer({ min: 0, max: 6 }),
        (archives, asked, k) => {
          const directory = build(archives);
          const weighed = directory.weigh(asked);
          const expected = archives
            .map((own, i) => ({
              agent: agentId(i),
              score: weighed.reduce((sum, w) => sum + (mayKnow(summarise(own), w.term) ? w.weight : 0), 0),
            }))
            .filter((e) => e.score > 0 && e.agent !== agentId(0))
            .sort((a, b) => b.score - a.score || (a.agent < b.agent ? -1 : 1))
            .slice(0, k)
            .map((e) => e.agent);
          expect(directory.experts(weighed, k, agentId(0))).toEqual(expected);
        },
      ),
    );
  });

  it('is the same whatever it held before: replaced and removed agents leave no trace', () => {
    fc.assert(
      fc.property(
        fc.array(terms, { minLength: 2, maxLength: 8 }),
        terms,
        fc.nat(),
        (archives, asked, which) => {
          const worn = build(archives.map((own) => [...own, 'once']));
          worn.experts(worn.weigh(asked), 3, agentId(0));
          archives.forEach((own, i) => worn.put(agentId(i), summarise(own)));
          const gone = which % archives.length;
          worn.delete(agentId(gone));
          worn.delete(agentId(999));
          const clean = new Directory();
          archives.forEach((own, i) => i !== gone && clean.put(agentId(i), summarise(own)));
          expect(worn.size).toBe(clean.size);
          expect(worn.weigh(asked)).toEqual(clean.weigh(asked));
          expect(worn.experts(worn.weigh(asked), 9, agentId(0))).toEqual(
            clean.experts(clean.weigh(asked), 9, agentId(0)),
          );
        },
      ),
    );
  });
});
