import { hash32 } from '../kernel/rng.ts';
import { eachWord, termOf } from './text.ts';

/**
 * The words of a document's passages, found out beforehand so that whoever remembers them need not read and stem them.
 * A few strings cross between workers faster than their words do.
 */
export interface DocumentTokens {
  /** The document's words by their terms, joined by spaces: see `readToken`. */
  readonly vocabulary: string;
  /** A character of `passages[n]` is the end of a sentence (`SENTENCE_END`), or stands for the word at its code less `FIRST_CODE`. */
  readonly passages: readonly string[];
}

export const SENTENCE_END = 0x20;
export const FIRST_CODE = 0x21;
/** Codes end before the surrogates, which are no characters of their own. */
const WORDS_MAX = 0xd800 - FIRST_CODE;
/** `^`: the word is written with a capital. */
const CAPITAL_MARK = 0x5e;
/** `/`: its stem follows. */
const STEM_MARK = 0x2f;
/** Between the words of a vocabulary. */
const SPACE = 0x20;

/** Words and stems have no characters but letters, marks, digits and apostrophes. */
const written = (word: string, term: string, capital: boolean): string =>
  `${capital ? '^' : ''}${word}${term === word ? '' : `/${term}`}`;

/** Whether a word of the vocabulary is written with a capital. */
export const hasCapital = (token: string): boolean => token.charCodeAt(0) === CAPITAL_MARK;

/** The word, lower-cased. */
export function wordIn(token: string): string {
  const cut = token.indexOf('/');
  return token.slice(hasCapital(token) ? 1 : 0, cut < 0 ? undefined : cut);
}

/** Whether a token is that word. */
export function isWord(token: string, word: string): boolean {
  const from = hasCapital(token) ? 1 : 0;
  const to = from + word.length;
  return token.startsWith(word, from) && (token.length === to || token.charCodeAt(to) === STEM_MARK);
}

/** The word's term. */
export function termIn(token: string): string {
  const cut = token.indexOf('/');
  return cut < 0 ? wordIn(token) : token.slice(cut + 1);
}

/** Finds out the words of texts, stop words left out; null when there are too many different ones. */
export function packTokens(texts: readonly string[]): DocumentTokens | null {
  const terms = new Map<string, string>();
  const read = texts.map((text) => {
    const tokens: string[] = [];
    eachWord(text, (word, capital, opens) => {
      if (opens && tokens.length > 0 && tokens.at(-1) !== '') tokens.push('');
      const term = termOf(word);
      if (term === '') return;
      const token = written(word, term, capital);
      tokens.push(token);
      terms.set(token, term);
    });
    return tokens;
  });
  const key = (token: string): string => `${terms.get(token)!} ${token}`;
  const vocabulary = [...terms.keys()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  if (vocabulary.length > WORDS_MAX) return null;
  const codes = new Map(vocabulary.map((token, place) => [token, String.fromCharCode(FIRST_CODE + place)]));
  codes.set('', String.fromCharCode(SENTENCE_END));
  return {
    vocabulary: vocabulary.join(' '),
    passages: read.map((tokens) => tokens.map((token) => codes.get(token)!).join('')),
  };
}

/** The words of a vocabulary; that of texts with stop words alone has none. */
export const wordsOf = (vocabulary: string): string[] => (vocabulary === '' ? [] : vocabulary.split(' '));

/** How many words a vocabulary has, without making them. */
export function countWords(vocabulary: string): number {
  if (vocabulary === '') return 0;
  let n = 1;
  for (let i = 0; i < vocabulary.length; i++) if (vocabulary.charCodeAt(i) === SPACE) n++;
  return n;
}

/** By word of a vocabulary: `hash32` of its term. No word is cut out for it: an agent that is planted has thousands. */
export function hashTerms(vocabulary: string): Uint32Array {
  const hashes = new Uint32Array(countWords(vocabulary));
  let from = 0;
  for (let i = 0, n = 0; n < hashes.length; i++) {
    const c = i < vocabulary.length ? vocabulary.charCodeAt(i) : SPACE;
    if (c === SPACE) {
      hashes[n++] = hash32(vocabulary, 0, from, i);
      from = i + 1;
    } else if (c === STEM_MARK || c === CAPITAL_MARK) from = i + 1;
  }
  return hashes;
}

/** The vocabulary split last: slices of one document are cut one after the other. */
let splitLast: { readonly vocabulary: string; readonly words: readonly string[] } = {
  vocabulary: '',
  words: [],
};

/** Passages from (inclusive) to (exclusive), with the words that they have. */
export function sliceTokens(
  { vocabulary, passages }: DocumentTokens,
  from: number,
  to: number,
): DocumentTokens {
  if (from === 0 && to >= passages.length) return { vocabulary, passages };
  if (splitLast.vocabulary !== vocabulary) splitLast = { vocabulary, words: wordsOf(vocabulary) };
  const { words } = splitLast;
  const part = passages.slice(from, to);
  const places = new Uint16Array(words.length);
  for (const codes of part)
    for (let i = 0; i < codes.length; i++) {
      const code = codes.charCodeAt(i);
      if (code !== SENTENCE_END) places[code - FIRST_CODE] = 1;
    }
  const kept = words.filter((_, place) => places[place] !== 0);
  let next = 0;
  for (let place = 0; place < places.length; place++) if (places[place] !== 0) places[place] = next++;
  const moved = (codes: string): string => {
    let out = '';
    for (let i = 0; i < codes.length; i++) {
      const code = codes.charCodeAt(i);
      out += String.fromCharCode(code === SENTENCE_END ? code : FIRST_CODE + places[code - FIRST_CODE]!);
    }
    return out;
  };
  return { vocabulary: kept.join(' '), passages: part.map(moved) };
}

/** The index terms of passage `n`, in order: what `analyse` yields for its text. */
export function termsOfPassage({ vocabulary, passages }: DocumentTokens, n: number): string[] {
  const words = wordsOf(vocabulary);
  const terms: string[] = [];
  for (let i = 0; i < passages[n]!.length; i++) {
    const code = passages[n]!.charCodeAt(i);
    if (code !== SENTENCE_END) terms.push(termIn(words[code - FIRST_CODE]!));
  }
  return terms;
}
