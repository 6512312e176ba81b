import { stem } from './stem.ts';
import { STOP_WORDS } from './stopWords.ts';

/** Characters of a word: letters, marks and digits of any alphabet. */
const WORD_CHARACTER = /[\p{L}\p{M}\p{N}]/u;
/** Written without spaces between words; such a run is cut into overlapping pairs. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;
/** Tokens longer than this are not words (keys, hashes, encoded data); they are cut. */
const TOKEN_LENGTH_MAX = 64;
/** Words whose stems are kept; English text of any size stays below it. */
const CACHE_WORDS = 50_000;

const OTHER = 1;
const WORD = 2;
const DIGIT = 3;
const RUN = 4;

/** Class of each UTF-16 code unit, found out when first met; 0 for not yet. */
const classes = new Uint8Array(65_536);

function classOf(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  const known = classes[unit]!;
  if (known !== 0) return known;
  const found = classOfUnit(unit);
  classes[unit] = found;
  return found;
}

/** Most texts need no more than ASCII and punctuation, and so not the tables of all alphabets, which take an engine 10 ms. */
export function classOfUnit(unit: number): number {
  if (unit < 0x80) {
    if (unit >= 48 && unit <= 57) return DIGIT;
    const lower = unit | 0x20;
    return lower >= 97 && lower <= 122 ? WORD : OTHER;
  }
  if (unit >= 0x2000 && unit < 0x2070) return OTHER;
  const character = String.fromCharCode(unit);
  if (UNSPACED.test(character)) return RUN;
  // Halves of surrogate pairs are letters (rare scripts) or pictures; both are kept as words.
  return WORD_CHARACTER.test(character) || (unit >= 0xd800 && unit <= 0xdfff) ? WORD : OTHER;
}

const isWordLike = (kind: number): boolean => kind === WORD || kind === DIGIT;

/** Whether the comma at `at`, after a digit, separates thousands: exactly three digits follow. */
function groupsThousands(text: string, at: number): boolean {
  for (let i = 1; i <= 3; i++) if (at + i >= text.length || classOf(text, at + i) !== DIGIT) return false;
  return at + 4 >= text.length || classOf(text, at + 4) !== DIGIT;
}

/** A word after a mark this close before a full stop is an abbreviation or an initial, and no sentence ends there. */
const ABBREVIATION_LENGTH_MAX = 2;

/** Whether the character at `at` ends a sentence: a mark before a space, a closing quote or the end. */
function endsSentence(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  if (unit === 0x3002 || unit === 0xff01 || unit === 0xff1f) return true;
  if (unit !== 46 && unit !== 33 && unit !== 63 && unit !== 0x2026) return false;
  const next = text.charCodeAt(at + 1);
  return Number.isNaN(next) || next <= 32 || next === 34 || next === 39 || next === 41 || next === 0x201d;
}

/**
 * Calls `found` for every word of lower-cased text, in order: apostrophes inside words kept, thousands joined.
 * `at` is where the word begins, `opens` whether a sentence ended since the word before.
 */
function scan(text: string, found: (word: string, at: number, opens: boolean) => void): void {
  const n = text.length;
  let i = 0;
  let opens = false;
  let lastLength = 0;
  while (i < n) {
    const kind = classOf(text, i);
    if (kind === OTHER) {
      if (!opens && lastLength > ABBREVIATION_LENGTH_MAX) opens = endsSentence(text, i);
      i++;
      continue;
    }
    const from = i;
    if (kind === RUN) {
      while (i < n && classOf(text, i) === RUN) i++;
      if (i - from === 1) found(text.slice(from, i), from, opens);
      for (let at = from; at + 1 < i; at++) found(text.slice(at, at + 2), at, opens && at === from);
      opens = false;
      lastLength = i - from + ABBREVIATION_LENGTH_MAX;
      continue;
    }
    let odd = false;
    let last = kind;
    for (i++; i < n; i++) {
      const next = classOf(text, i);
      if (isWordLike(next)) {
        last = next;
        continue;
      }
      if (next !== OTHER || i + 1 >= n || !isWordLike(classOf(text, i + 1))) break;
      const unit = text.charCodeAt(i);
      const apostrophe = unit === 39 || unit === 0x2019;
      if (!apostrophe && !(unit === 44 && last === DIGIT && groupsThousands(text, i))) break;
      odd ||= unit !== 39;
    }
    let word = text.slice(from, Math.min(i, from + TOKEN_LENGTH_MAX));
    if (odd) word = word.replaceAll('’', "'").replaceAll(',', '');
    lastLength = i - from;
    found(word, from, opens);
    opens = false;
  }
}

const isUpper = (unit: number): boolean =>
  (unit >= 65 && unit <= 90) || (unit >= 0xc0 && unit <= 0xde && unit !== 0xd7);

/**
 * Calls `found` for every word of a text, in order, lower-cased.
 * `capital`: it begins with a capital letter (Latin-1); `opens`: a sentence ended since the word before.
 */
export function eachWord(
  text: string,
  found: (word: string, capital: boolean, opens: boolean) => void,
): void {
  const composed = text.normalize('NFC');
  const lower = composed.toLowerCase();
  // Lower-casing makes a few letters longer; then places no longer agree, and capitals are not told.
  const aligned = lower.length === composed.length;
  scan(lower, (word, at, opens) => found(word, aligned && isUpper(composed.charCodeAt(at)), opens));
}

/** Word to stem, '' for a stop word. Two generations: when the young one is full it becomes the old one. */
let young = new Map<string, string>();
let old = new Map<string, string>();

/** The term that a lower-cased word is indexed under; '' for a stop word. */
export function termOf(word: string): string {
  const known = young.get(word);
  if (known !== undefined) return known;
  const term = old.get(word) ?? (STOP_WORDS.has(word) ? '' : stem(word));
  if (young.size >= CACHE_WORDS) {
    old = young;
    young = new Map();
  }
  young.set(word, term);
  return term;
}

/** Lower-cased word tokens in order, without composed/decomposed differences, before stop words and stemming. */
export function words(text: string): string[] {
  const out: string[] = [];
  scan(text.normalize('NFC').toLowerCase(), (word) => out.push(word));
  return out;
}

/**
 * The index terms of a text, in order: lower-cased words, stop words dropped, stemmed (English).
 * Text written without spaces between words yields overlapping pairs of characters.
 */
export function analyse(text: string): string[] {
  const out: string[] = [];
  scan(text.normalize('NFC').toLowerCase(), (word) => {
    const term = termOf(word);
    if (term !== '') out.push(term);
  });
  return out;
}

/** About how many tokens a model would count in `text`: one for four characters, rounded up. */
export function estimateTokens(text: string): number {
  return Math.ceil(text.length / 4);
}
