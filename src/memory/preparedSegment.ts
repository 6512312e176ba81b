import {
  FIRST_CODE,
  SENTENCE_END,
  countWords,
  termIn,
  wordIn,
  wordsOf,
  hasCapital,
  type DocumentTokens,
} from './documentTokens.ts';
import { flagsOfWord, IS_CAPITAL } from './lexicon.ts';
import { countOf, plus, posting, recordOf } from './postings.ts';

const KNOWN_FLAGS = 0x80;

/** Places in a vocabulary: from (inclusive) to (exclusive). */
export interface TermPlaces {
  readonly from: number;
  readonly to: number;
}

/** Terms whose places are kept. */
const FOUND_MAX = 1_000;
/** What a word of the vocabulary costs beside its characters, and what a term costs in an index's dictionary and lists. */
const WORD_BYTES = 32;
const TERM_BYTES = 72;

/**
 * Neighbouring passages of one document whose words are known, as part of an index: nothing is done for a passage until
 * a question comes, and then only postings are put in order (a counting sort); the vocabulary is searched as it came.
 */
export class PreparedSegment {
  readonly document: DocumentTokens;
  /** Entries `firstId` to `firstId + count - 1` are passages 0 to `count - 1` of the document. */
  readonly firstId: number;
  count = 0;
  #characters = 0;
  readonly #wordCount: number;
  /** Cut out when a question first comes. */
  #words: readonly string[] | null = null;
  /** Made at the first question. Postings of word w: `#postings[#starts[w]]` to `#postings[#starts[w + 1] - 1]`, passages ascending, one for each time. */
  #starts = new Uint32Array(0);
  #postings = new Uint16Array(0);
  /** By word: its term, once it was asked for. */
  #terms: (string | undefined)[] = [];
  readonly #found = new Map<string, TermPlaces>();
  /** By word: its flags with KNOWN_FLAGS once they were found out. */
  #flags = new Uint8Array(0);

  constructor(document: DocumentTokens, firstId: number) {
    this.document = document;
    this.firstId = firstId;
    this.#wordCount = countWords(document.vocabulary);
  }

  /** Passages that a segment can have. */
  static readonly PASSAGES_MAX = 0xffff;

  get isOpen(): boolean {
    return this.#starts.length === 0;
  }

  get words(): readonly string[] {
    return (this.#words ??= wordsOf(this.document.vocabulary));
  }

  get bytes(): number {
    return 2 * this.document.vocabulary.length + WORD_BYTES * this.#wordCount + 4 * this.#characters;
  }

  /** The most bytes that the postings of the same passages take as lists of an index, with so many characters more. */
  boundFor(characters: number): number {
    const { vocabulary } = this.document;
    return 2 * vocabulary.length + TERM_BYTES * this.#wordCount + 16 * (this.#characters + characters);
  }

  /** Takes in the next passage. */
  add(): void {
    this.#characters += this.document.passages[this.count++]!.length;
  }

  /** Puts the postings in order, and tells each passage's length in terms. */
  close(length: (passage: number, terms: number) => void): void {
    const n = this.#wordCount;
    const starts = new Uint32Array(n + 1);
    const { passages } = this.document;
    for (let p = 0; p < this.count; p++) {
      const codes = passages[p]!;
      let terms = 0;
      for (let i = 0; i < codes.length; i++) {
        const code = codes.charCodeAt(i);
        if (code === SENTENCE_END) continue;
        terms++;
        starts[code - FIRST_CODE]!++;
      }
      length(p, terms);
    }
    // Begins where it will end, and is counted down while it is filled from behind.
    let end = 0;
    for (let w = 0; w < n; w++) starts[w] = end += starts[w]!;
    starts[n] = end;
    const postings = new Uint16Array(end);
    for (let p = this.count - 1; p >= 0; p--) {
      const codes = passages[p]!;
      for (let i = 0; i < codes.length; i++) {
        const code = codes.charCodeAt(i);
        if (code !== SENTENCE_END) postings[--starts[code - FIRST_CODE]!] = p;
      }
    }
    this.#starts = starts;
    this.#postings = postings;
    this.#flags = new Uint8Array(n);
    // As long as it will be: an array that is filled from its middle becomes a slow one.
    this.#terms = new Array<string | undefined>(n).fill(undefined);
  }

  /** The term of a word; words are searched in the middle most, and those stay. */
  #termOf(place: number): string {
    return (this.#terms[place] ??= termIn(this.words[place]!));
  }

  /** The places of a term's words, the first and the one behind the last; equal when there are none. */
  find(term: string): TermPlaces {
    const known = this.#found.get(term);
    if (known !== undefined) return known;
    let low = 0;
    let high = this.#wordCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#termOf(middle) < term) low = middle + 1;
      else high = middle;
    }
    const places = { from: low, to: this.#endOf(low, term) };
    if (this.#found.size >= FOUND_MAX) this.#found.clear();
    this.#found.set(term, places);
    return places;
  }

  /** The place behind the last word of a term, from its first on. */
  #endOf(from: number, term: string): number {
    let to = from;
    while (to < this.#wordCount && this.#termOf(to) === term) to++;
    return to;
  }

  /** The postings of the words from `from` up to `to`, as `Postings` has them, in `gathered`; returns how many. */
  gather(from: number, to: number): number {
    const postings = this.#postings;
    const starts = this.#starts;
    if (gathered.length < starts[to]! - starts[from]!)
      gathered = new Uint32Array(2 * (starts[to]! - starts[from]!));
    const out = gathered;
    let n = 0;
    for (let w = from; w < to; w++) {
      const before = n;
      for (let p = starts[w]!; p < starts[w + 1]!; p++) {
        const record = this.firstId + postings[p]!;
        if (n > before && recordOf(out[n - 1]!) === record) out[n - 1] = plus(out[n - 1]!, 1);
        else out[n++] = posting(record, 1);
      }
    }
    return to - from > 1 ? merge(n) : n;
  }

  /** The postings of a term, in `gathered`; returns how many. */
  gatherTerm(term: string): number {
    const { from, to } = this.find(term);
    return this.gather(from, to);
  }

  /** Visits every term; its postings are in `gathered`. */
  eachTerm(visit: (term: string, postings: number) => void): void {
    for (let from = 0; from < this.#wordCount;) {
      const term = this.#termOf(from);
      const to = this.#endOf(from, term);
      visit(term, this.gather(from, to));
      from = to;
    }
  }

  /** What a word says beside its meaning (IS_TIME, HAS_DIGIT, IS_CAPITAL); other bits may be set. */
  flagsOf(place: number): number {
    const known = this.#flags[place]!;
    if (known !== 0) return known;
    const token = this.words[place]!;
    const found = KNOWN_FLAGS | flagsOfWord(wordIn(token)) | (hasCapital(token) ? IS_CAPITAL : 0);
    this.#flags[place] = found;
    return found;
  }
}

/** What `gather` found last, ascending by record. */
export let gathered = new Uint32Array(256);

/** Up to so many are sorted without leaving for the engine's sort. */
const FEW = 48;

/** Insertion sort: the lists of a few words one after the other are nearly in order. */
function sortFew(out: Uint32Array, n: number): void {
  for (let i = 1; i < n; i++) {
    const one = out[i]!;
    let at = i;
    for (; at > 0 && out[at - 1]! > one; at--) out[at] = out[at - 1]!;
    out[at] = one;
  }
}

/** Sorts postings by record and adds up those of one record; returns how many are left. */
function merge(n: number): number {
  const out = gathered;
  if (n > FEW) out.subarray(0, n).sort();
  else sortFew(out, n);
  let to = 0;
  for (let i = 1; i < n; i++) {
    if (recordOf(out[i]!) === recordOf(out[to]!)) out[to] = plus(out[to]!, countOf(out[i]!));
    else out[++to] = out[i]!;
  }
  return n === 0 ? 0 : to + 1;
}
