import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { summaryOf } from '../../../src/memory/archiveSummary.ts';
import { summarise, type TermSummary } from '../../../src/memory/termSummary.ts';
import { analyse } from '../../../src/memory/text.ts';
import { packTokens } from '../../../src/memory/documentTokens.ts';
import { createRecallIndex } from '../../../src/memory/recallIndex.ts';
import type { RecallIndex, RecallOptions, RecallWeights } from '../../../src/memory/recallTypes.ts';
import { PASSAGE_WEIGHTS } from '../../../src/memory/recallWeights.ts';

const WORDS = 'Harvest railway Treaty navy winter tariff delegates mill river 1862 harbour lights'.split(' ');
const text = fc
  .array(fc.constantFrom(...WORDS, 'the', 'Mill. The', 'navy?'), { minLength: 1, maxLength: 12 })
  .map((words) => words.join(' '));
const entries = fc.array(fc.record({ text, thread: fc.constantFrom('', 'a', 'b') }), {
  minLength: 1,
  maxLength: 40,
});
/** Passages, and sometimes turns among them. */
const passages = fc.oneof(
  fc.array(text, { minLength: 1, maxLength: 40 }).map((texts) => texts.map((t) => ({ text: t, thread: '' }))),
  entries,
);
const labels = { speaker: '', date: '', ring: '' };
/** Words that stand in texts too. */
const labelled = { speaker: '', date: '1862', ring: 'navy' };

interface Lazy {
  readonly index: RecallIndex;
  readonly read: () => number;
}

/** An index that reads texts when it needs them, and counts how often it did. */
function lazyIndex(texts: readonly { text: string; thread: string }[], budgetBytes = Infinity): Lazy {
  let reads = 0;
  const textOf = (id: number): string => {
    reads++;
    return texts[id]!.text;
  };
  const index = createRecallIndex({ textOf, budgetBytes: () => budgetBytes });
  for (const entry of texts) index.add({ ...labels, ...entry });
  return { index, read: () => reads };
}

describe('an index that reads texts when the second stage looks at them', () => {
  it('finds what one that read them at once finds, after removals and with no room for what it read', () => {
    fc.assert(
      fc.property(entries, fc.array(fc.nat(39), { maxLength: 30 }), text, (all, gone, query) => {
        const eager = createRecallIndex();
        for (const entry of all) eager.add({ ...labels, ...entry });
        const lazy = lazyIndex(all).index;
        const tight = lazyIndex(all, 0).index;
        for (const id of gone) for (const index of [eager, lazy, tight]) index.remove(id);
        const expected = eager.recall(query, 50);
        expect(lazy.recall(query, 50)).toEqual(expected);
        expect(lazy.recall(query, 50)).toEqual(expected);
        expect(tight.recall(query, 50)).toEqual(expected);
      }),
    );
  });

  it('finds the same among passages whose words were found out beforehand, and reads none of them', () => {
    fc.assert(
      fc.property(passages, fc.array(fc.nat(39), { maxLength: 30 }), text, (all, gone, query) => {
        const half = Math.ceil(all.length / 2);
        const documents = [all.slice(0, half), all.slice(half)].map((part) =>
          packTokens(part.map((entry) => entry.text))!,
        );
        const eager = createRecallIndex();
        for (const entry of all) eager.add({ ...labelled, ...entry });
        let reads = 0;
        const prepared = (budgetBytes: number): RecallIndex => {
          const textOf = (id: number): string => {
            reads++;
            return all[id]!.text;
          };
          const index = createRecallIndex({ textOf, budgetBytes: () => budgetBytes });
          all.forEach((entry, i) =>
            index.add(
              { ...labelled, ...entry },
              Infinity,
              i < half
                ? { document: documents[0]!, passage: i }
                : { document: documents[1]!, passage: i - half },
            ),
          );
          return index;
        };
        const roomy = prepared(Infinity);
        const tight = prepared(0);
        const exact = { spelling: false };
        expect(roomy.recall(query, 50, exact)).toEqual(eager.recall(query, 50, exact));
        const expectSameFrequencies = (): void => {
          // All at once first: asking for `terms` puts all words into the lists of the index.
          const atOnce = [roomy, tight, eager].map((index) => index.frequencies());
          for (const term of eager.terms()) {
            expect(roomy.frequency(term)).toBe(eager.frequency(term));
            for (const known of atOnce) expect(known.get(term) ?? 0).toBe(eager.frequency(term));
          }
        };
        expectSameFrequencies();
        // Only words of turns that stand beside each other are looked for in the index's own lists.
        if (all.every(({ thread }) => thread === '')) expect(reads).toBe(0);
        for (const index of [eager, roomy, tight]) for (const id of gone) index.remove(id);
        expectSameFrequencies();
        expect(roomy.recall(query, 50, exact)).toEqual(eager.recall(query, 50, exact));
        const expected = eager.recall(query, 50);
        expect(roomy.recall(query, 50)).toEqual(expected);
        expect(tight.recall(query, 50)).toEqual(expected);
        expect(tight.recall(query, 50)).toEqual(expected);
        expect([...roomy.terms()].sort()).toEqual([...eager.terms()].sort());
      }),
      // A document of stop words alone has no words, not one that is empty.
      { examples: [[[{ text: 'the', thread: '' }], [], 'Harvest']] },
    );
  });

  it('takes in passages whose words are known wherever there is room for them as texts', () => {
    const words = Array.from({ length: 300 }, (_, i) => `word${String.fromCharCode(97 + (i % 26))}${i}x`);
    const texts = Array.from({ length: 12 }, (_, i) => [...words.slice(i), ...words.slice(0, i)].join(' '));
    const indexOf = (): RecallIndex =>
      createRecallIndex({ textOf: (id) => texts[id]!, budgetBytes: () => Infinity });
    /** How many of the texts, each a document of its own, fit into so many bytes. */
    const taken = (budgetBytes: number, known: boolean): number => {
      const index = indexOf();
      const fits = (t: string): boolean =>
        index.add(
          { ...labels, text: t, thread: '' },
          budgetBytes,
          known ? { document: packTokens([t])!, passage: 0 } : undefined,
        ).ok;
      return texts.filter(fits).length;
    };
    let bound = 0;
    for (let budgetBytes = 10_000; taken(budgetBytes, false) < texts.length; budgetBytes += 5_000) {
      expect(taken(budgetBytes, true)).toBeGreaterThanOrEqual(taken(budgetBytes, false));
      bound = budgetBytes;
    }
    expect(bound).toBeGreaterThan(10_000);
  });

  it('tells the directory every term of every passage once, whether its words were known or not', () => {
    fc.assert(
      fc.property(passages, fc.boolean(), (all, known) => {
        const document = packTokens(all.map((entry) => entry.text))!;
        const index = createRecallIndex({ textOf: (id) => all[id]!.text, budgetBytes: () => Infinity });
        all.forEach((entry, passage) =>
          index.add(
            { ...labels, ...entry, date: '1862', ring: 'navy' },
            Infinity,
            known ? { document, passage } : undefined,
          ),
        );
        const sorted = ({ hashes, ends }: TermSummary): number[][] =>
          [...ends].map((end, i) => [...hashes.slice(i === 0 ? 0 : ends[i - 1], end)].sort((a, b) => a - b));
        const expected = summarise(all.map(({ text: t }) => [...analyse(t), '1862', 'navi']));
        const places = Int32Array.from(all, (_, i) => i);
        expect(sorted(summaryOf(index, places, all.length))).toEqual(sorted(expected));
        index.recall('navy', 3);
        expect(sorted(summaryOf(index, places, all.length)), 'after a question').toEqual(sorted(expected));
        places[0] = -1;
        const others = { hashes: expected.hashes.slice(expected.ends[0]), ends: expected.ends.slice(1) };
        for (let i = 1; i < all.length; i++) places[i] = i - 1;
        others.ends.forEach((end, i) => (others.ends[i] = end - expected.ends[0]!));
        expect(sorted(summaryOf(index, places, all.length - 1)), 'without the first').toEqual(sorted(others));
      }),
      { numRuns: 50 },
    );
  });

  it('reads nothing to take entries in, and each candidate once', () => {
    const texts = WORDS.map((word) => ({ text: `${word} harvest`, thread: '' }));
    const { index, read } = lazyIndex(texts);
    expect(read()).toBe(0);
    index.recall('navy', 5);
    expect(read()).toBe(1);
    index.recall('navy', 5);
    expect(read()).toBe(1);
  });

  it('gives up what it read when that is beyond the budget', () => {
    const texts = WORDS.map((word) => ({ text: `${word} harvest`, thread: '' }));
    const { index, read } = lazyIndex(texts, 0);
    const before = index.bytes;
    index.recall('harvest', 5);
    expect(read()).toBe(WORDS.length);
    expect(index.bytes).toBe(before);
  });
});

describe('scores in fixed units', () => {
  const weights = ['harvest', 'navi'].map((term) => ({ term, weight: 3 }));
  const options: RecallOptions = { termWeights: weights, comparable: true };
  const add = (index: RecallIndex, ...texts: string[]): RecallIndex => {
    for (const t of texts) index.add({ ...labels, text: t, thread: '' });
    return index;
  };

  it('rank the better passage of two indexes first, which z-scores do not', () => {
    const good = add(
      createRecallIndex(),
      'The navy brought the harvest',
      'The navy and the harvest, the navy',
    );
    const poor = add(
      createRecallIndex(),
      'The harvest was late',
      'A mill by the river',
      'The tariff of winter',
    );
    const best = (index: RecallIndex, o: RecallOptions): number =>
      index.recall('navy harvest', 1, o)[0]!.score;
    const worst = (index: RecallIndex, o: RecallOptions): number =>
      index.recall('navy harvest', 9, o).at(-1)!.score;
    expect(worst(good, options)).toBeGreaterThan(best(poor, options));
    expect(worst(good, { termWeights: weights })).toBeLessThanOrEqual(best(poor, { termWeights: weights }));
  });

  it('do not depend on what else is found', () => {
    const index = add(createRecallIndex(), 'The navy brought the harvest', 'The harvest was late');
    const all = index.recall('navy harvest', 9, options);
    const alone = index.recall('navy harvest', 9, { ...options, accept: (id) => id === 1 });
    expect(alone[0]!.score).toBe(all.find((hit) => hit.id === 1)!.score);
  });
});

it('scores what has no word vectors neither better nor worse for the weights of meaning', () => {
  const index = createRecallIndex();
  for (const text of ['The mill stands by the river.', 'Eleven ships were built.', 'Taxes fell that year.'])
    expect(index.add({ ...labels, text, thread: '' }).ok).toBe(true);
  const { embedding, windowEmbedding, sentenceEmbedding, ...words } = PASSAGE_WEIGHTS;
  expect(Math.max(embedding ?? 0, windowEmbedding ?? 0, sentenceEmbedding ?? 0)).toBeGreaterThan(0);
  const scores = (weights: RecallWeights): number[] =>
    index.recall('Which ships had a mill?', 3, { comparable: true, weights }).map((entry) => entry.score);
  expect(scores(PASSAGE_WEIGHTS)).toHaveLength(2);
  expect(scores(PASSAGE_WEIGHTS)).toEqual(scores(words));
});
