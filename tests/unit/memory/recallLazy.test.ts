import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyse } from '../../../src/memory/text.ts';
import { createRecallIndex } from '../../../src/memory/recallIndex.ts';
import type { RecallIndex, RecallOptions } from '../../../src/memory/recallTypes.ts';

const WORDS = 'Harvest railway Treaty navy winter tariff delegates mill river 1862 harbour lights'.split(' ');
const text = fc
  .array(fc.constantFrom(...WORDS, 'the', 'Mill. The', 'navy?'), { minLength: 1, maxLength: 12 })
  .map((words) => words.join(' '));
const entries = fc.array(fc.record({ text, thread: fc.constantFrom('', 'a', 'b') }), {
  minLength: 1,
  maxLength: 40,
});
const labels = { speaker: '', date: '', ring: '' };

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
  for (const entry of texts) index.add({ ...labels, ...entry }, Infinity, analyse(entry.text));
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
