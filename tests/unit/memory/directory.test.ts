import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agentId } from '../../../src/kernel/ids.ts';
import {
  bestPassage,
  Directory,
  mayKnow,
  passageSignature,
  summarise,
  type TermSummary,
} from '../../../src/memory/directory.ts';

const vocabulary = Array.from({ length: 60 }, (_, i) => `term${i}`);
const terms = fc.uniqueArray(fc.constantFrom(...vocabulary), { maxLength: 25 });

const summaryOf = (passages: readonly string[][]): TermSummary =>
  summarise(
    [...new Set(passages.flat())],
    Uint32Array.from(passages.flatMap((p) => [...passageSignature(p)])),
  );

describe('the summary of what an agent archives', () => {
  it('never underrates what one passage has together', () => {
    fc.assert(
      fc.property(fc.array(terms, { maxLength: 6 }), terms, (passages, wanted) => {
        const weighed = wanted.map((term, i) => ({ term, weight: 1 + (i % 3) }));
        const exact = passages.map((p) =>
          weighed.reduce((n, w) => n + (p.includes(w.term) ? w.weight : 0), 0),
        );
        const best = bestPassage(structuredClone(summaryOf(passages)), weighed);
        expect(best).toBeGreaterThanOrEqual(Math.max(0, ...exact));
        expect(best).toBeLessThanOrEqual(weighed.reduce((n, w) => n + w.weight, 0));
      }),
    );
  });

  it('claims for a passage of 55 terms fewer than 15 in 100 of the others', () => {
    let claimed = 0;
    const passages = Array.from({ length: 100 }, (_, p) =>
      Array.from({ length: 55 }, (_, i) => `in ${p} ${i}`),
    );
    for (const passage of passages)
      for (let i = 0; i < 100; i++)
        claimed += bestPassage(summaryOf([passage]), [{ term: `out ${passage[0]} ${i}`, weight: 1 }]);
    expect(claimed / 10_000).toBeLessThan(0.15);
  });

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

  it('names the agents that have the most of the terms, and most of them together, ties by id, never the asker or one that matches nothing', () => {
    const archive = fc.array(terms, { maxLength: 5 });
    fc.assert(
      fc.property(fc.array(archive, { maxLength: 12 }), terms, fc.nat({ max: 6 }), (archives, asked, k) => {
        const summaries = archives.map((passages) => summaryOf(passages));
        const directory = new Directory();
        summaries.forEach((summary, i) => directory.put(agentId(i), summary));
        const weighed = directory.weigh(asked);
        const expected = summaries
          .map((summary, i) => ({
            agent: agentId(i),
            score: weighed.reduce((sum, w) => sum + (mayKnow(summary, w.term) ? w.weight : 0), 0),
            together: bestPassage(summary, weighed),
          }))
          .filter((e) => e.score > 0 && e.agent !== agentId(0))
          .sort((a, b) => b.score + b.together - (a.score + a.together) || (a.agent < b.agent ? -1 : 1))
          .slice(0, k)
          .map((e) => e.agent);
        expect(directory.experts(weighed, k, agentId(0))).toEqual(expected);
      }),
    );
  });

  it('prefers the agent that has the terms in one passage to those that have them here and there', () => {
    const directory = new Directory();
    directory.put(
      agentId(1),
      summaryOf([
        ['oak', 'elm'],
        ['ash', 'fir'],
      ]),
    );
    directory.put(
      agentId(2),
      summaryOf([
        ['yew', 'bay'],
        ['oak', 'elm', 'ash'],
      ]),
    );
    expect(directory.experts(directory.weigh(['oak', 'elm', 'ash']), 1, agentId(0))).toEqual([agentId(2)]);
  });

  it('is the same whatever it held before: replaced and removed agents leave no trace', () => {
    fc.assert(
      fc.property(
        fc.array(terms, { minLength: 2, maxLength: 8 }),
        terms,
        fc.nat(),
        (archives, asked, which) => {
          const worn = build(archives.map((own) => [...own, 'once']));
          worn.experts(worn.weigh([...asked, 'once']), 3, agentId(0));
          archives.forEach((own, i) => worn.put(agentId(i), summarise(own)));
          expect(worn.weigh([...asked, 'once'])).toEqual(build(archives).weigh([...asked, 'once']));
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
