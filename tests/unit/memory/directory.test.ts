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

  it('names the agents whose best passage fits best and that have most of it, ties by id, never the asker or one that matches nothing', () => {
    const archive = fc.array(terms, { maxLength: 5 });
    fc.assert(
      fc.property(fc.array(archive, { maxLength: 12 }), terms, fc.nat({ max: 6 }), (archives, asked, k) => {
        const directory = new Directory();
        archives.forEach((passages, i) => directory.put(agentId(i), summarise(passages)));
        const weighed = directory.weigh(asked);
        const all = archives.flat();
        const usual = all.reduce((n, own) => n + own.length, 0) / all.length;
        const sum = (of: (w: (typeof weighed)[number]) => number): number =>
          weighed.reduce((n, w) => n + of(w), 0);
        const fit = (own: readonly string[]): number =>
          sum(({ term, weight }) => {
            if (!own.includes(term)) return 0;
            const having = all.filter((other) => other.includes(term)).length;
            const rarity = Math.log(1 + (all.length - having + 0.5) / (having + 0.5));
            return (((weight + rarity) / 2) * 1.9) / (1 + 0.9 * (0.6 + (0.4 * own.length) / usual));
          });
        const altogether = (passages: readonly string[][]): number =>
          sum(({ term, weight }) => {
            const having = passages.filter((own) => own.includes(term)).length;
            return (weight * having) / (having + 2);
          });
        const score = (agent: string): number => {
          const own = archives[Number(agent.slice(1))]!;
          return altogether(own) + Math.max(0, ...own.map(fit));
        };
        const named = directory.experts(weighed, k, agentId(0));
        const others = archives.map((_, i) => agentId(i) as string).slice(1);
        const fitting = others.filter((agent) => score(agent) > 0);
        expect(named).toHaveLength(Math.min(k, fitting.length));
        // The last digits of sums in another order may differ: those that are as good by a hair may change places.
        const hair = 1e-9;
        for (const [i, agent] of named.entries()) {
          expect(score(agent)).toBeGreaterThan(0);
          if (i > 0) expect(score(agent)).toBeLessThan(score(named[i - 1]!) + hair);
        }
        const worst = Math.min(Infinity, ...named.map(score));
        for (const agent of fitting)
          if (!named.some((n) => n === agent)) expect(score(agent)).toBeLessThan(worst + hair);
      }),
    );
  });

  it('breaks ties by id', () => {
    const directory = new Directory();
    for (const i of [7, 3, 5]) directory.put(agentId(i), summarise([['oak', 'elm']]));
    expect(directory.experts(directory.weigh(['oak']), 2, agentId(3))).toEqual([agentId(5), agentId(7)]);
  });

  it('prefers the agent whose passage says it in few words', () => {
    const directory = new Directory();
    const padding = vocabulary.slice(0, 40);
    directory.put(agentId(1), summarise([['oak', 'elm', ...padding]]));
    directory.put(agentId(2), summarise([['oak', 'elm', 'ash']]));
    expect(directory.experts(directory.weigh(['oak', 'elm']), 1, agentId(0))).toEqual([agentId(2)]);
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
