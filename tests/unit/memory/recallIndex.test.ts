import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WINDOW } from '../../../src/memory/recallColumns.ts';
import { createRecallIndex } from '../../../src/memory/recallIndex.ts';
import { FEATURES, type FeatureName, type RecallEntry } from '../../../src/memory/recallTypes.ts';
import { bm25Oracle } from '../../harness/bm25Oracle.ts';

const WORDS = 'harvest river granite lantern willow copper meadow thunder basket ember'.split(' ');
const entry = (text: string, more: Partial<RecallEntry> = {}): RecallEntry => ({
  text,
  speaker: '',
  date: '',
  ring: '',
  thread: '',
  ...more,
});
const feature = (features: Float32Array, name: FeatureName): number => features[FEATURES.indexOf(name)]!;

const words = fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 12 }).map((w) => w.join(' '));
const entries = fc.array(fc.record({ text: words, thread: fc.constantFrom('', 'a', 'b') }), {
  minLength: 1,
  maxLength: 40,
});

describe('the first stage', () => {
  it('scores every entry as BM25 computed from the formula does, own terms and window, after removals too', () => {
    fc.assert(
      fc.property(entries, fc.array(fc.nat(39), { maxLength: 30 }), words, (drafts, removals, query) => {
        const index = createRecallIndex();
        for (const draft of drafts) index.add(entry(draft.text, { thread: draft.thread }));
        const gone = new Set(removals.filter((id) => id < drafts.length));
        for (const id of gone) expect(index.remove(id)).toBe(true);
        const expected = bm25Oracle(
          drafts.map((d, i) => ({ ...d, removed: gone.has(i) })),
          query,
          WINDOW,
        );
        expect(index.size).toBe(drafts.length - gone.size);
        const hits = index.recall(query, drafts.length, { weights: null });
        const matching = expected.window.flatMap((s, i) => (s > 0 ? [i] : []));
        expect(hits.map((h) => h.id).sort((a, b) => a - b)).toEqual(matching);
        for (const hit of hits) {
          expect(feature(hit.features, 'own')).toBeCloseTo(expected.own[hit.id]!, 4);
          expect(feature(hit.features, 'window')).toBeCloseTo(expected.window[hit.id]!, 4);
        }
        const scores = hits.map((h) => h.score);
        expect(scores).toEqual([...scores].sort((a, b) => b - a));
      }),
      { numRuns: 150 },
    );
  });

  it('returns the best k of all that match, whatever k is', () => {
    fc.assert(
      fc.property(entries, words, fc.integer({ min: 1, max: 10 }), (drafts, query, k) => {
        const index = createRecallIndex();
        for (const draft of drafts) index.add(entry(draft.text, { thread: draft.thread }));
        const all = index.recall(query, 100, { weights: null });
        expect(index.recall(query, k, { weights: null })).toEqual(all.slice(0, k));
      }),
      { numRuns: 60 },
    );
  });
});

describe('a recall index', () => {
  it('finds an entry by its speaker, its year, its month and its ring', () => {
    const index = createRecallIndex();
    index.add(entry('nothing of note', { speaker: 'Ada Byron', date: '1843-07-10', ring: 'engine notes' }));
    index.add(entry('nothing of note', { speaker: 'Someone', date: '1900', ring: 'other' }));
    for (const query of ['Byron', 'what happened in 1843?', 'July', 'the engine'])
      expect(index.recall(query, 1)[0]?.id, query).toBe(0);
  });

  it('finds by a word that is spelt slightly otherwise', () => {
    const index = createRecallIndex();
    index.add(entry('The lighthouse keeper polished the brass lantern.'));
    index.add(entry('Rain fell on the meadow all day.'));
    expect(index.recall('lighthouze', 1)[0]?.id).toBe(0);
  });

  it('refuses what does not fit its budget and is then as it was', () => {
    fc.assert(
      fc.property(entries, fc.nat(4_000), (drafts, budget) => {
        const bounded = createRecallIndex();
        const free = createRecallIndex();
        for (const draft of drafts) {
          const bytes = bounded.bytes;
          const r = bounded.add(entry(draft.text, { ring: draft.thread }), budget);
          if (r.ok) free.add(entry(draft.text, { ring: draft.thread }));
          else expect(bounded.bytes).toBe(bytes);
          expect(bounded.bytes).toBeLessThanOrEqual(budget);
        }
        expect([...bounded.terms()]).toEqual([...free.terms()]);
        for (const word of WORDS) expect(bounded.recall(word, 50)).toEqual(free.recall(word, 50));
      }),
      { numRuns: 60 },
    );
  });

  it('gives the bytes of removed entries back', () => {
    const index = createRecallIndex();
    for (let i = 0; i < 400; i++) index.add(entry(`${WORDS.join(' ')} ${WORDS[i % 10]}`));
    const full = index.bytes;
    for (let i = 0; i < 390; i++) index.remove(i);
    expect(index.bytes).toBeLessThan(0.5 * full);
    expect(index.remove(0)).toBe(false);
    expect(index.recall(WORDS[5]!, 400).every((h) => h.id >= 390)).toBe(true);
  });

  it('keeps terms of entries, and leaves out those that are not accepted', () => {
    const index = createRecallIndex();
    index.add(entry('The harvest was good.', { speaker: 'Ruth' }));
    index.add(entry('The harvest was poor.'));
    expect(index.termsOf(0)).toEqual(['harvest', 'good', 'ruth']);
    expect(index.frequency('harvest')).toBe(2);
    expect(index.recall('harvest', 9, { accept: (id) => id === 1 }).map((h) => h.id)).toEqual([1]);
  });
});
