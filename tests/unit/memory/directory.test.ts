import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agentId } from '../../../src/kernel/ids.ts';
import { Directory } from '../../../src/memory/directory.ts';
import { mayKnow, summarise } from '../../../src/memory/termSummary.ts';

const vocabulary = Array.from({ length: 60 }, (_, i) => `term${i}`);
const terms = fc.uniqueArray(fc.constantFrom(...vocabulary), { maxLength: 25 });

describe('the summary of what an agent archives', () => {
  it('knows what is in its passages, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.string(), { maxLength: 40 }), { maxLength: 6 }), (passages) => {
        const summary = structuredClone(summarise(passages));
        for (const term of passages.flat()) expect(mayKnow(summary, term)).toBe(true);
        expect(vocabulary.some((term) => mayKnow(summary, term))).toBe(false);
      }),
    );
  });

  it('holds each term of a passage once, and the passages apart', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.constantFrom(...vocabulary)), { maxLength: 6 }), (passages) => {
        const { hashes, ends } = summarise(passages);
        const counts = passages.map((own) => new Set(own).size);
        expect([...ends]).toEqual(counts.map((_, i) => counts.slice(0, i + 1).reduce((n, c) => n + c, 0)));
        expect(hashes.length).toBe(ends.at(-1) ?? 0);
      }),
    );
  });
});

describe('the directory', () => {
  const build = (archives: readonly string[][]): Directory => {
    const directory = new Directory();
    archives.forEach((own, i) => directory.put(agentId(i), summarise([own])));
    return directory;
  };

  it('weighs every different term above zero, and a term that fewer agents may have no lower', () => {
    fc.assert(
      fc.property(fc.array(terms, { maxLength: 12 }), terms, (archives, asked) => {
        const weighed = build(archives).weigh([...asked, ...asked]);
        expect(weighed.map((w) => w.term)).toEqual(asked);
        const having = (term: string): number => archives.filter((own) => own.includes(term)).length;
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
        const directory = new Directory();
        archives.forEach((passages, i) => directory.put(agentId(i), summarise(passages)));
        const weighed = directory.weigh(asked);
        const sum = (own: readonly string[]): number =>
          weighed.reduce((n, w) => n + (own.includes(w.term) ? w.weight : 0), 0);
        const expected = archives
          .map((passages, i) => ({
            agent: agentId(i),
            score: sum(passages.flat()),
            together: Math.max(0, ...passages.map(sum)),
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
      summarise([
        ['oak', 'elm'],
        ['ash', 'fir'],
      ]),
    );
    directory.put(
      agentId(2),
      summarise([
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
          archives.forEach((own, i) => worn.put(agentId(i), summarise([own])));
          expect(worn.weigh([...asked, 'once'])).toEqual(build(archives).weigh([...asked, 'once']));
          const gone = which % archives.length;
          worn.delete(agentId(gone));
          worn.delete(agentId(999));
          const clean = new Directory();
          archives.forEach((own, i) => i !== gone && clean.put(agentId(i), summarise([own])));
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
