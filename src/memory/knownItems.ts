import type { Rng } from '../kernel/rng.ts';
import { termOf, words } from './text.ts';

/** A question with a known answer: the passage whose words it is made of (known-item search). */
export interface KnownItem {
  readonly query: string;
  /** The `source` of the passage that should be found. */
  readonly source: string;
}

const WORD_LENGTH_MIN = 4;
const WORDS_MIN = 4;
const WORDS_MAX = 5;

/**
 * A question of a passage's 4 or 5 rarest words as they stand in it: at least 4 letters, no numbers, no two of one stem.
 * Undefined when the passage has too few of them.
 * @param frequency how many records of the memory have a term
 */
export function pickKnownItem(
  text: string,
  frequency: (term: string) => number,
  rng: Rng,
): string | undefined {
  const candidates = new Map<string, { word: string; frequency: number; at: number }>();
  for (const word of words(text)) {
    if (word.length < WORD_LENGTH_MIN || /\p{N}/u.test(word)) continue;
    const term = termOf(word);
    if (term === '' || candidates.has(term)) continue;
    candidates.set(term, { word, frequency: frequency(term), at: candidates.size });
  }
  const wanted = WORDS_MIN + rng.int(WORDS_MAX - WORDS_MIN + 1);
  const chosen = [...candidates.values()]
    // Among equals the longer word comes first: the longer, the rarer in English at large.
    .sort((a, b) => a.frequency - b.frequency || b.word.length - a.word.length || a.at - b.at)
    .slice(0, wanted)
    .map((c) => c.word);
  if (chosen.length < WORDS_MIN) return undefined;
  return `What was said about ${chosen.slice(0, -1).join(', ')} and ${chosen[chosen.length - 1]}?`;
}
