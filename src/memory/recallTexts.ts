import { FIRST_CODE, isWord, SENTENCE_END } from './documentTokens.ts';
import { HAS_DIGIT, IS_CAPITAL, IS_TIME } from './lexicon.ts';
import type { PreparedSegment } from './preparedSegment.ts';
import { CAPITAL, type RecallColumns } from './recallColumns.ts';
import { at, shareOf, WIDTH } from './recallScores.ts';
import type { Question } from './recallTypes.ts';

/** What a question's term counts that stands in the sentence after the best. */
const NEXT_SENTENCE = 0.7;
/** Words as written that one question can have: places in a number of 32 bits, 0 for none. */
const WORDS_MAX = 31;

/**
 * What a token says to a question, in bits: 0 to 4 the place of its term in the question + 1, 5 to 9 the place of the
 * word as written + 1, then flags, and one mark for the end of a sentence.
 */
const SLOT = 31;
const WORD_SHIFT = 5;
const FLAG_SHIFT = 10;
const FLAGS = IS_TIME | HAS_DIGIT | IS_CAPITAL;
const END = 1 << 13;

/** By term and by word of an index: their places in the question, as in a mark. All zero between questions. */
let slotOfTerm = new Uint8Array(1_024);
let slotOfWord = new Uint8Array(1_024);
/** By word of a segment: its mark. All zero between segments. */
let markOfCode = new Uint16Array(1_024);
/** The marks of one candidate. */
let marks = new Uint16Array(256);

const grown = (array: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> =>
  array.length >= size ? array : new Uint8Array(Math.ceil(size * 1.5));

/** What can only be seen in the tokens of a candidate: sentences, pairs, words as written, capitals, times and numbers. */
export function measureTexts(
  columns: RecallColumns,
  question: Question,
  termWeights: Float64Array,
  ids: readonly number[],
  rows: Float32Array,
): void {
  const { segments } = columns;
  const measure = measureFor(question, termWeights, rows);
  let inSegments = 0;
  for (const segment of segments) {
    const end = segment.firstId + segment.count;
    let first = true;
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      if (id < segment.firstId || id >= end) continue;
      if (first) markWords(segment, question);
      first = false;
      inSegments++;
      measure(i, columns.lengths.array[id]!, marksInSegment(segment, id - segment.firstId, question));
    }
    if (!first) unmarkWords(segment, question);
  }
  if (inSegments === ids.length) return;
  const isOutside = (id: number): boolean =>
    !segments.some((s) => id >= s.firstId && id < s.firstId + s.count);
  const outside: number[] = [];
  for (let i = 0; i < ids.length; i++) if (inSegments === 0 || isOutside(ids[i]!)) outside.push(i);
  // What is read may bring new words.
  for (const i of outside) columns.read(ids[i]!);
  markTerms(columns, question, true);
  for (const i of outside) measure(i, columns.lengths.array[ids[i]!]!, marksOf(columns, ids[i]!));
  markTerms(columns, question, false);
}

/** The place of a word as written among those of the question, stop words aside, + 1; 0 beyond the last that is looked at. */
function wordPlace(place: number): number {
  return place < WORDS_MAX ? place + 1 : 0;
}

/** Sets the marks of the question's words in a segment. */
function markWords(segment: PreparedSegment, { terms }: Question): void {
  if (markOfCode.length < segment.words.length) markOfCode = new Uint16Array(2 * segment.words.length);
  let words = 0;
  for (let slot = 0; slot < terms.length; slot++) {
    const asked = terms[slot]!;
    const { from, to } = segment.find(asked.term);
    for (let w = from; w < to; w++) markOfCode[w] = (slot + 1) | ((segment.flagsOf(w) & FLAGS) << FLAG_SHIFT);
    for (const word of asked.words) {
      const place = wordPlace(words++);
      for (let w = from; w < to; w++)
        if (isWord(segment.words[w]!, word)) markOfCode[w]! |= place << WORD_SHIFT;
    }
  }
}

function unmarkWords(segment: PreparedSegment, { terms }: Question): void {
  for (const { term } of terms) {
    const { from, to } = segment.find(term);
    markOfCode.fill(0, from, to);
  }
}

function marksInSegment(segment: PreparedSegment, passage: number, question: Question): number {
  const codes = segment.document.passages[passage]!;
  if (marks.length < codes.length) marks = new Uint16Array(2 * codes.length);
  const flagged = question.asksWhen || question.asksNumber || question.asksWho;
  let n = 0;
  let last = 0;
  for (let i = 0; i < codes.length; i++) {
    const code = codes.charCodeAt(i);
    let mark = END;
    if (code !== SENTENCE_END) {
      mark = markOfCode[code - FIRST_CODE]!;
      if (flagged && mark === 0) mark = (segment.flagsOf(code - FIRST_CODE) & FLAGS) << FLAG_SHIFT;
    }
    // Many words in a row that say nothing say as much as one.
    if (mark !== 0 || last !== 0 || n === 0) marks[n++] = mark;
    last = mark;
  }
  return n;
}

/** Sets or clears the places of the question's terms and words in the columns of the index. */
function markTerms({ lexicon }: RecallColumns, { terms }: Question, set: boolean): void {
  slotOfTerm = grown(slotOfTerm, lexicon.terms);
  slotOfWord = grown(slotOfWord, lexicon.words);
  let words = 0;
  for (let slot = 0; slot < terms.length; slot++) {
    const asked = terms[slot]!;
    const id = lexicon.term(asked.term);
    if (id !== undefined) slotOfTerm[id] = set ? slot + 1 : 0;
    for (const word of asked.words) {
      const place = wordPlace(words++);
      const w = id === undefined ? undefined : lexicon.wordOf(id, word);
      if (w !== undefined) slotOfWord[w] = set ? place : 0;
    }
  }
}

function marksOf(columns: RecallColumns, id: number): number {
  const { lexicon, tokens, tokenStarts, tokenEnds } = columns;
  const from = tokenStarts.array[id]!;
  const n = tokenEnds.array[id]! - from;
  const wordTerms = lexicon.wordTerms.array;
  const wordFlags = lexicon.wordFlags.array;
  const array = tokens.array;
  if (marks.length < n) marks = new Uint16Array(2 * n);
  for (let i = 0; i < n; i++) {
    const token = array[from + i]!;
    if (token === 0) {
      marks[i] = END;
      continue;
    }
    const word = (token & 0x7fff_ffff) - 1;
    const flags = wordFlags[word]! | ((token & CAPITAL) !== 0 ? IS_CAPITAL : 0);
    marks[i] = slotOfTerm[wordTerms[word]!]! | (slotOfWord[word]! << WORD_SHIFT) | (flags << FLAG_SHIFT);
  }
  return n;
}

/** How to measure one candidate, by its row, its length and how many marks it has in `marks`. */
function measureFor(
  question: Question,
  termWeights: Float64Array,
  rows: Float32Array,
): (i: number, length: number, n: number) => void {
  const { terms } = question;
  const pairsOf = new Uint32Array(terms.length);
  for (const [a, b] of question.pairs) pairsOf[a]! |= 1 << b;
  const pairSeen = new Uint32Array(terms.length);
  const wordWeights = new Float64Array(WORDS_MAX);
  let words = 0;
  let asked = 0;
  let total = 0;
  for (let slot = 0; slot < terms.length; slot++) {
    const term = terms[slot]!;
    total += termWeights[slot]!;
    if (term.capital) asked |= 1 << slot;
    for (let w = 0; w < term.words.length; w++, words++)
      if (words < WORDS_MAX) wordWeights[words] = termWeights[slot]!;
  }

  return (i, length, n) => {
    let mask = 0;
    let lastMask = 0;
    let sum = 0;
    let lastSum = 0;
    let best = 0;
    let bestTwo = 0;
    let first = -1;
    let wordMask = 0;
    let capitalMask = 0;
    let numberMask = 0;
    let names = 0;
    let flags = 0;
    let before = -1;
    let pairs = 0;
    pairSeen.fill(0);
    for (let m = 0; m <= n; m++) {
      const mark = m === n ? END : marks[m]!;
      if (mark === 0) {
        before = -1;
        continue;
      }
      if (mark === END) {
        if (first < 0) first = sum;
        if (sum > best) best = sum;
        if (sum > bestTwo) bestTwo = sum;
        // The sentence before with what this one adds.
        let added = 0;
        for (let rest = mask & ~lastMask; rest !== 0; rest &= rest - 1)
          added += termWeights[31 - Math.clz32(rest & -rest)]!;
        if (lastSum + NEXT_SENTENCE * added > bestTwo) bestTwo = lastSum + NEXT_SENTENCE * added;
        lastMask = mask;
        lastSum = sum;
        mask = 0;
        sum = 0;
        continue;
      }
      const flag = mark >>> FLAG_SHIFT;
      const isName = (flag & IS_CAPITAL) !== 0;
      const slot = (mark & SLOT) - 1;
      flags |= flag;
      if (isName) names++;
      if (slot >= 0) {
        const bit = 1 << slot;
        if ((mask & bit) === 0) {
          mask |= bit;
          sum += termWeights[slot]!;
        }
        if (isName && (asked & bit) !== 0) capitalMask |= bit;
        if ((flag & HAS_DIGIT) !== 0) numberMask |= bit;
        if (before >= 0 && (pairsOf[before]! & bit) !== 0 && (pairSeen[before]! & bit) === 0) {
          pairSeen[before]! |= bit;
          pairs += termWeights[before]! + termWeights[slot]!;
        }
        const w = (mark >>> WORD_SHIFT) & SLOT;
        if (w !== 0) wordMask |= 1 << (w - 1);
      }
      before = slot;
    }
    const row = i * WIDTH;
    rows[row + at.sentence] = best;
    rows[row + at.sentences] = bestTwo;
    rows[row + at.first] = total > 0 ? first / total : 0;
    rows[row + at.surface] = shareOf(wordMask, wordWeights, 1);
    rows[row + at.capitals] = shareOf(capitalMask, termWeights, 1);
    rows[row + at.names] = question.asksWho ? names / (1 + length) : 0;
    rows[row + at.when] = question.asksWhen && (flags & IS_TIME) !== 0 ? 1 : 0;
    rows[row + at.number] = question.asksNumber && (flags & HAS_DIGIT) !== 0 ? 1 : 0;
    rows[row + at.date] = shareOf(numberMask, termWeights, 1);
    rows[row + at.pairs] = pairs;
  };
}
