import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hash32 } from '../../../src/kernel/rng.ts';
import { countWords, hashTerms, packTokens, termIn, wordsOf } from '../../../src/memory/documentTokens.ts';

const texts = fc.array(
  fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc.constantFrom('The Congress convened.', 'Pumps pumped; 3,000 dollars', 'Ærø ’tis 東京 and the of'),
  ),
  { maxLength: 6 },
);

describe('the vocabulary of a document', () => {
  it('is counted and hashed without being cut into words as if it had been', () => {
    fc.assert(
      fc.property(texts, (drawn) => {
        const { vocabulary } = packTokens(drawn)!;
        const words = wordsOf(vocabulary);
        expect(countWords(vocabulary)).toBe(words.length);
        expect([...hashTerms(vocabulary)]).toEqual(words.map((token) => hash32(termIn(token))));
      }),
    );
  });

  it('of stop words alone has none', () => {
    const { vocabulary } = packTokens(['and the of'])!;
    expect(countWords(vocabulary)).toBe(0);
    expect(hashTerms(vocabulary).length).toBe(0);
  });
});
