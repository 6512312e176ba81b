import type { Rng } from '../../../src/kernel/rng.ts';

const WORDS = 30_000;

/** A made word of its rank; frequent ones are short. */
function wordOf(rank: number): string {
  const letters = 'etaoinshrdlcumwfgypbvk';
  let word = '';
  for (let rest = rank + 22; rest > 0; rest = Math.floor(rest / 22)) word += letters[rest % 22]!;
  return word;
}

/** The most frequent words are stop words and left out of the texts, which then have as many others as real ones. */
const FIRST_RANK = 50;

/** Texts of so many words each, which are as frequent as in running text: Zipf with exponent 1, by inverting its integral. */
export function madeTexts(rng: Rng, texts: number, wordsEach: number): string[] {
  const words = Array.from({ length: WORDS }, (_, rank) => wordOf(rank));
  const zipf = (): number =>
    Math.min(WORDS - 1, Math.floor(FIRST_RANK * Math.exp(rng.next() * Math.log(WORDS / FIRST_RANK))));
  return Array.from({ length: texts }, () =>
    Array.from({ length: wordsEach }, () => words[zipf()]!).join(' '),
  );
}

/** A question of words of one of the texts. */
export function madeQuestion(rng: Rng, texts: readonly string[], words: number): string {
  const own = rng.pick(texts).split(' ');
  return Array.from({ length: words }, () => rng.pick(own)).join(' ');
}
