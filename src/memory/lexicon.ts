import { GrowableU32 } from './growable.ts';
import { termOf } from './text.ts';

/** What a word says beside its meaning. */
export const IS_TIME = 1;
export const HAS_DIGIT = 2;
/** Of a word in its place, not of a word of a lexicon. */
export const IS_CAPITAL = 4;

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
  readonly #terms = new Map<string, number>();
  /** Words that were looked for by their spelling: a shorter way than by their terms. */
  readonly #words = new Map<string, number>();
  readonly #spellings: string[] = [];
  /** By term: its word that came last + 1; by word: the one of the same term that came before it + 1. 0 for none. */
  readonly #lastWords = new GrowableU32();
  readonly #wordsBefore = new GrowableU32();
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

  /** The number of a word of that term; undefined when there is none. */
  wordOf(term: number, word: string): number | undefined {
    for (let at = this.#lastWords.array[term]!; at !== 0; at = this.#wordsBefore.array[at - 1]!)
      if (this.#spellings[at - 1] === word) return at - 1;
    return undefined;
  }

  /** The number of a word, taken in when it is new; -1 for a stop word. */
  takeWord(word: string): number {
    const known = this.#words.get(word);
    if (known !== undefined) return known;
    const term = termOf(word);
    if (term === '') return -1;
    const id = this.takeWordOf(term, word);
    this.#words.set(word, id);
    return id;
  }

  /** The number of a word whose term is known, taken in when it is new. */
  takeWordOf(termName: string, word: string): number {
    const term = this.takeTerm(termName);
    const known = this.wordOf(term, word);
    if (known !== undefined) return known;
    const id = this.words;
    this.#spellings.push(word);
    this.wordTerms.push(term);
    this.#wordsBefore.push(this.#lastWords.array[term]!);
    this.#lastWords.array[term] = id + 1;
    this.wordFlags.push(flagsOfWord(word));
    this.bytes += ENTRY_BYTES + 8 + 2 * word.length;
    return id;
  }

  /** The number of a term, taken in when it is new. */
  takeTerm(term: string): number {
    const known = this.#terms.get(term);
    if (known !== undefined) return known;
    const id = this.#terms.size;
    this.#terms.set(term, id);
    this.#lastWords.push(0);
    this.bytes += ENTRY_BYTES + 2 * term.length;
    return id;
  }

  /** Forgets the words and terms taken in last, so that as many are left. */
  cut(words: number, terms: number): void {
    for (let id = this.words - 1; id >= words; id--) {
      const word = this.#spellings.pop()!;
      this.#words.delete(word);
      this.#lastWords.array[this.wordTerms.array[id]!] = this.#wordsBefore.array[id]!;
      this.bytes -= ENTRY_BYTES + 8 + 2 * word.length;
    }
    for (const term of lastKeys(this.#terms, terms)) {
      this.#terms.delete(term);
      this.bytes -= ENTRY_BYTES + 2 * term.length;
    }
    this.#lastWords.length = terms;
    this.wordTerms.length = this.wordFlags.length = this.#wordsBefore.length = words;
  }
}

/** IS_TIME and HAS_DIGIT, as they are true of a lower-cased word. */
export function flagsOfWord(word: string): number {
  const first = word.charCodeAt(0);
  // Most words begin with a letter and have no digit.
  const digit = first <= 57 || /\d/.test(word);
  const year = digit && /^(1\d|20)\d\d$/.test(word);
  return (TIME_WORDS.has(word) || year ? IS_TIME : 0) | (digit ? HAS_DIGIT : 0);
}

function lastKeys(map: ReadonlyMap<string, number>, from: number): string[] {
  return map.size === from ? [] : [...map.keys()].slice(from);
}
