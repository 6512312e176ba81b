import type { Lexicon } from './lexicon.ts';

/** Terms shorter than this have too few trigrams to be compared. */
const LETTERS_MIN = 4;
/** What two terms must share at least, as Dice's coefficient of their trigrams. */
const DICE_MIN = 0.5;
const NEAR_MAX = 5;

/** A term of the index that is spelt like another one, and how much: from 0.5 to 1. */
export interface NearTerm {
  readonly term: number;
  readonly likeness: number;
}

/** Trigrams of a term between two marks, each once. */
function trigrams(term: string): Set<string> {
  const marked = `#${term}#`;
  const grams = new Set<string>();
  for (let i = 0; i + 3 <= marked.length; i++) grams.add(marked.slice(i, i + 3));
  return grams;
}

/** Finds terms that are spelt alike, for words that an index does not know: misspellings and kin that stemming keeps apart. */
export class Backoff {
  readonly #lexicon: Lexicon;
  readonly #byGram = new Map<string, number[]>();
  readonly #names: string[] = [];
  readonly #sizes: number[] = [];

  constructor(lexicon: Lexicon) {
    this.#lexicon = lexicon;
  }

  /**
   * The up to 5 terms most like `term`, itself left out, best first, ties by name.
   * @param isHeld false for terms of removed entries only: they are left out
   */
  near(term: string, isHeld: (term: number) => boolean): NearTerm[] {
    if (term.length < LETTERS_MIN || /\p{N}/u.test(term)) return [];
    this.#learn();
    const own = trigrams(term);
    const shared = new Map<number, number>();
    for (const gram of own)
      for (const id of this.#byGram.get(gram) ?? []) shared.set(id, (shared.get(id) ?? 0) + 1);
    const found: NearTerm[] = [];
    for (const [id, common] of shared) {
      const likeness = (2 * common) / (own.size + this.#sizes[id]!);
      if (likeness >= DICE_MIN && this.#names[id] !== term && isHeld(id)) found.push({ term: id, likeness });
    }
    const names = this.#names;
    return found
      .sort((a, b) => b.likeness - a.likeness || (names[a.term]! < names[b.term]! ? -1 : 1))
      .slice(0, NEAR_MAX);
  }

  /** Takes up terms that are new since the last time; most indexes are never asked for an unknown word. */
  #learn(): void {
    if (this.#lexicon.terms < this.#names.length) this.forget();
    if (this.#lexicon.terms === this.#names.length) return;
    let i = 0;
    for (const name of this.#lexicon.termNames()) {
      const id = i++;
      if (id < this.#names.length) continue;
      this.#names.push(name);
      const grams = name.startsWith('@') || name.length < LETTERS_MIN ? [] : [...trigrams(name)];
      this.#sizes.push(grams.length);
      for (const gram of grams) {
        const list = this.#byGram.get(gram);
        if (list) list.push(id);
        else this.#byGram.set(gram, [id]);
      }
    }
  }

  forget(): void {
    this.#byGram.clear();
    this.#names.length = this.#sizes.length = 0;
  }
}
