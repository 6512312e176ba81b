import { GrowableU32 } from './growable.ts';
import { STOP_WORDS } from './stopWords.ts';
import { termOf } from './text.ts';

/** What a word says beside its meaning. */
export const IS_TIME = 1;
export const HAS_DIGIT = 2;

const TIME_WORDS = new Set(
  (
    'january february march april may june july august september october november december monday tuesday wednesday ' +
    'thursday friday saturday sunday yesterday tomorrow today tonight morning afternoon evening night day days week ' +
    'weeks weekend month months year years decade decades century centuries ago'
  ).split(' '),
);

/** What an entry of a dictionary costs beside its characters and columns. */
const ENTRY_BYTES = 48;

/** The words and terms (stems) of one index, numbered from 0; a term that stands in a label, not in a text, begins with @. */
export class Lexicon {
  readonly #words = new Map<string, number>();
  readonly #terms = new Map<string, number>();
  /** By word: its term, and its flags. */
  readonly wordTerms = new GrowableU32();
  readonly wordFlags = new GrowableU32();
  /** Bytes of both dictionaries. */
  bytes = 0;

  get words(): number {
    return this.wordTerms.length;
  }

  get terms(): number {
    return this.#terms.size;
  }

  termNames(): IterableIterator<string> {
    return this.#terms.keys();
  }

  term(term: string): number | undefined {
    return this.#terms.get(term);
  }

  word(word: string): number | undefined {
    return this.#words.get(word);
  }

  /** The number of a word, taken in when it is new; -1 for a stop word. */
  takeWord(word: string): number {
    const known = this.#words.get(word);
    if (known !== undefined) return known;
    if (STOP_WORDS.has(word)) return -1;
    const term = termOf(word);
    if (term === '') return -1;
    const id = this.words;
    this.#words.set(word, id);
    this.wordTerms.push(this.takeTerm(term));
    const digit = /\d/.test(word);
    const year = digit && /^(1\d|20)\d\d$/.test(word);
    this.wordFlags.push((TIME_WORDS.has(word) || year ? IS_TIME : 0) | (digit ? HAS_DIGIT : 0));
    this.bytes += ENTRY_BYTES + 8 + 2 * word.length;
    return id;
  }

  /** The number of a term, taken in when it is new. */
  takeTerm(term: string): number {
    const known = this.#terms.get(term);
    if (known !== undefined) return known;
    const id = this.#terms.size;
    this.#terms.set(term, id);
    this.bytes += ENTRY_BYTES + 2 * term.length;
    return id;
  }

  /** Forgets the words and terms taken in last, so that as many are left. */
  cut(words: number, terms: number): void {
    for (const word of lastKeys(this.#words, words)) {
      this.#words.delete(word);
      this.bytes -= ENTRY_BYTES + 8 + 2 * word.length;
    }
    for (const term of lastKeys(this.#terms, terms)) {
      this.#terms.delete(term);
      this.bytes -= ENTRY_BYTES + 2 * term.length;
    }
    this.wordTerms.length = this.wordFlags.length = words;
  }
}

function lastKeys(map: ReadonlyMap<string, number>, from: number): string[] {
  return map.size === from ? [] : [...map.keys()].slice(from);
}
