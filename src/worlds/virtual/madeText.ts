import { power } from '../../kernel/maths.ts';
import { createRng } from '../../kernel/rng.ts';
import type { SourceDocument } from '../../memory/documents.ts';

const SYLLABLES = 'ba de fi go lu ma ne pi ro su ta ve wi xo ya ze kra stel mor ginth plo drun'.split(' ');
const WORDS_A_PASSAGE = 80;
/** Heaps' law: a text of n words has about k n^0.5 different ones, in English with k from 30 to 100 (Manning et al. 2008, 5.1.1). */
const HEAPS = 30;

/**
 * Documents of made-up words whose frequencies follow Zipf's law, as those of a language do, and whose vocabulary grows with
 * the text by Heaps' law: of a fixed one, big texts would have many passages that share all rare words. Decided by the seed.
 */
export function madeText(
  documents: number,
  passages: number,
  seed = 'made corpus',
): { readonly name: string; readonly documents: readonly SourceDocument[] } {
  const rng = createRng(seed);
  const different = new Set<string>();
  const wanted = Math.ceil(HEAPS * Math.sqrt(documents * passages * WORDS_A_PASSAGE));
  while (different.size < wanted)
    different.add(Array.from({ length: 2 + rng.int(3) }, () => rng.pick(SYLLABLES)).join(''));
  const words = [...different];
  // The inverse of Zipf's cumulated distribution with exponent 1, near enough.
  const word = (): string => words[Math.floor(power(words.length, rng.next())) - 1] ?? words[0]!;
  return {
    name: 'made words',
    documents: Array.from({ length: documents }, (_, i) => {
      const date = String(1800 + i);
      return {
        id: `made-${i}`,
        title: `Book ${i}`,
        speaker: '',
        date,
        ring: date,
        passages: Array.from({ length: passages }, () => ({
          text: `${Array.from({ length: WORDS_A_PASSAGE }, word).join(' ')}.`,
          speaker: '',
          date,
        })),
      };
    }),
  };
}

/** Made words enough for so many agents. */
export const madeTextFor = (agents: number): ReturnType<typeof madeText> =>
  madeText(Math.max(20, Math.ceil(agents / 5)), 10);
