import { ln } from '../kernel/maths.ts';
import { HAS_DIGIT, IS_TIME } from './lexicon.ts';
import { countOf, recordOf } from './postings.ts';
import { CAPITAL, WINDOW, type RecallColumns } from './recallColumns.ts';
import { B, K1, type Candidates } from './recallScan.ts';
import { at, sumInUnits, sumOfZScores, WIDTH } from './recallScores.ts';
import type { Question, RankedEntry, RecallOptions, RecallWeights } from './recallTypes.ts';

/** How far the far window reaches; a neighbour's weight falls evenly to 0 just beyond it. */
const FAR = 10;
/** Entries that a far window holds, weights added up, in the middle of its thread. */
const FAR_USUAL = FAR + 1;
/** What a question's term counts that stands in the sentence after the best. */
const NEXT_SENTENCE = 0.7;

/** By term: its place in the question + 1. By word: bit of the question's word + 1. All zero between questions. */
let slotOfTerm = new Uint8Array(1_024);
let slotOfWord = new Uint8Array(1_024);
let rows = new Float32Array(64 * WIDTH);

const grown = (array: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> =>
  array.length >= size ? array : new Uint8Array(Math.ceil(size * 1.5));

/** Weights of the terms whose bits are set, as a share of all. */
function shareOf(mask: number, weights: Float64Array, total: number): number {
  let sum = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) sum += weights[31 - Math.clz32(rest & -rest)]!;
  return total > 0 ? sum / total : 0;
}

/**
 * Orders candidates by a weighted sum of features, each made a z-score over the candidates, or put in fixed units, so
 * that the weights do not depend on how many words a question has. Up to `k`, best first, ties by lower id.
 */
export function secondStage(
  columns: RecallColumns,
  question: Question,
  found: Candidates,
  k: number,
  weights: RecallWeights,
  options: RecallOptions,
): RankedEntry[] {
  const ids = [...found.ids];
  const known = new Set(ids);
  for (const id of options.extra ?? [])
    if (!known.has(id) && columns.threads.array[id]! > 0 && (options.accept?.(id) ?? true)) ids.push(id);
  const n = ids.length;
  if (n === 0) return [];
  if (rows.length < n * WIDTH) rows = new Float32Array(2 * n * WIDTH);
  else rows.fill(0, 0, n * WIDTH);
  for (let i = 0; i < found.ids.length; i++) {
    rows[i * WIDTH + at.own] = found.own[i]!;
    rows[i * WIDTH + at.window] = found.window[i]!;
    rows[i * WIDTH + at.backoff] = found.backoff[i]!;
  }
  measureWindows(columns, question, found.termWeights, ids, options.comparable ?? false);
  measureTexts(columns, question, found.termWeights, ids);
  measureRest(columns, question, ids, options);
  const scores = options.comparable
    ? sumInUnits(rows, n, weights, found.termWeights)
    : sumOfZScores(rows, n, weights);
  const order = Array.from({ length: n }, (_, i) => i).sort(
    (a, b) => scores[b]! - scores[a]! || ids[a]! - ids[b]!,
  );
  return order.slice(0, k).map((i) => ({
    id: ids[i]!,
    score: scores[i]!,
    features: rows.slice(i * WIDTH, (i + 1) * WIDTH),
  }));
}

/** `far`, `coverage`, `windowCoverage`: from the postings around each candidate. */
function measureWindows(
  columns: RecallColumns,
  question: Question,
  termWeights: Float64Array,
  ids: readonly number[],
  comparable: boolean,
): void {
  const n = ids.length;
  const { postings, lexicon, lengths, threads } = columns;
  const arena = postings.array;
  const entries = threads.length;
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => ids[a]! - ids[b]!);
  const ownMask = new Uint32Array(n);
  const windowMask = new Uint32Array(n);
  const norms = new Float64Array(n);
  let farLength = 0;
  for (let i = 0; i < n; i++) {
    const id = ids[i]!;
    const thread = threads.array[id]!;
    for (let e = Math.max(0, id - FAR); e <= id + FAR && e < entries; e++)
      if (threads.array[e] === thread) norms[i]! += (1 - Math.abs(e - id) / (FAR + 1)) * lengths.array[e]!;
    farLength += norms[i]! / n;
  }
  // What compares with other indexes may not depend on the other candidates.
  if (comparable) farLength = (FAR_USUAL * columns.lengthSum) / columns.live;
  for (let i = 0; i < n; i++) norms[i] = K1 * (1 - B + (B * norms[i]!) / (farLength || 1));
  let total = 0;
  for (const weight of termWeights) total += weight;
  question.terms.forEach(({ term }, slot) => {
    const list = lexicon.term(term);
    const weight = termWeights[slot]!;
    if (list === undefined || !(weight > 0)) return;
    const end = postings.start(list) + postings.length(list);
    let p = postings.start(list);
    for (const i of order) {
      const id = ids[i]!;
      const thread = threads.array[id]!;
      if (p < end && recordOf(arena[p]!) < id - FAR) p = postings.seek(list, id - FAR, p);
      let count = 0;
      for (let q = p; q < end; q++) {
        const e = recordOf(arena[q]!);
        if (e > id + FAR) break;
        if (threads.array[e] !== thread) continue;
        const distance = e < id ? id - e : e - id;
        count += (1 - distance / (FAR + 1)) * countOf(arena[q]!);
        if (distance < WINDOW.length) windowMask[i]! |= 1 << slot;
        if (distance === 0) ownMask[i]! |= 1 << slot;
      }
      if (count > 0) rows[i * WIDTH + at.far]! += (weight * (K1 + 1) * count) / (count + norms[i]!);
    }
  });
  for (let i = 0; i < n; i++) {
    rows[i * WIDTH + at.coverage] = shareOf(ownMask[i]!, termWeights, total);
    rows[i * WIDTH + at.windowCoverage] = shareOf(windowMask[i]!, termWeights, total);
  }
}

/** What can only be seen in the tokens of a candidate: sentences, pairs, words as written, capitals, times and numbers. */
function measureTexts(
  columns: RecallColumns,
  question: Question,
  termWeights: Float64Array,
  ids: readonly number[],
): void {
  const { lexicon, tokens, tokenStarts, tokenEnds } = columns;
  for (const id of ids) columns.read(id);
  slotOfTerm = grown(slotOfTerm, lexicon.terms);
  slotOfWord = grown(slotOfWord, lexicon.words);
  const pairsOf = new Uint32Array(question.terms.length);
  for (const [a, b] of question.pairs) pairsOf[a]! |= 1 << b;
  const wordWeights: number[] = [];
  let capitals = 0;
  let total = 0;
  question.terms.forEach(({ term, words, capital }, slot) => {
    const id = lexicon.term(term);
    total += termWeights[slot]!;
    if (id !== undefined) slotOfTerm[id] = slot + 1;
    if (capital) capitals |= 1 << slot;
    for (const word of words) {
      const w = lexicon.word(word);
      if (w === undefined || wordWeights.length > 30) continue;
      wordWeights.push(termWeights[slot]!);
      slotOfWord[w] = wordWeights.length;
    }
  });
  const pairSeen = new Uint32Array(question.terms.length);
  const wordTerms = lexicon.wordTerms.array;
  const wordFlags = lexicon.wordFlags.array;
  const array = tokens.array;

  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    const end = tokenEnds.array[id]!;
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
    const close = (): void => {
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
    };
    for (let t = tokenStarts.array[id]!; t < end; t++) {
      const token = array[t]!;
      if (token === 0) {
        close();
        continue;
      }
      const word = (token & 0x7fff_ffff) - 1;
      flags |= wordFlags[word]!;
      const isName = (token & CAPITAL) !== 0;
      if (isName) names++;
      const slot = slotOfTerm[wordTerms[word]!]! - 1;
      if (slot >= 0) {
        const bit = 1 << slot;
        if ((mask & bit) === 0) {
          mask |= bit;
          sum += termWeights[slot]!;
        }
        if (isName && (capitals & bit) !== 0) capitalMask |= bit;
        if ((wordFlags[word]! & HAS_DIGIT) !== 0) numberMask |= bit;
        if (before >= 0 && (pairsOf[before]! & bit) !== 0 && (pairSeen[before]! & bit) === 0) {
          pairSeen[before]! |= bit;
          pairs += termWeights[before]! + termWeights[slot]!;
        }
        const w = slotOfWord[word]!;
        if (w !== 0) wordMask |= 1 << (w - 1);
      }
      before = slot;
    }
    close();
    let surface = 0;
    for (let rest = wordMask; rest !== 0; rest &= rest - 1)
      surface += wordWeights[31 - Math.clz32(rest & -rest)]!;
    const length = columns.lengths.array[id]!;
    const row = i * WIDTH;
    rows[row + at.sentence] = best;
    rows[row + at.sentences] = bestTwo;
    rows[row + at.first] = total > 0 ? first / total : 0;
    rows[row + at.surface] = surface;
    rows[row + at.capitals] = shareOf(capitalMask, termWeights, 1);
    rows[row + at.names] = question.asksWho ? names / (1 + length) : 0;
    rows[row + at.when] = question.asksWhen && (flags & IS_TIME) !== 0 ? 1 : 0;
    rows[row + at.number] = question.asksNumber && (flags & HAS_DIGIT) !== 0 ? 1 : 0;
    rows[row + at.date] = shareOf(numberMask, termWeights, 1);
    rows[row + at.pairs] = pairs;
  }
  question.terms.forEach(({ term, words }) => {
    const id = lexicon.term(term);
    if (id !== undefined) slotOfTerm[id] = 0;
    for (const word of words) {
      const w = lexicon.word(word);
      if (w !== undefined) slotOfWord[w] = 0;
    }
  });
}

/** Length, labels, questions around, vectors, and what is known of an entry beside its words. */
function measureRest(
  columns: RecallColumns,
  question: Question,
  ids: readonly number[],
  { similarity }: RecallOptions,
): void {
  const { labels, labelSets, threads, asks } = columns;
  const spoken = new Map<number, number>();
  const speakerMatch = (label: number): number => {
    const known = spoken.get(label);
    if (known !== undefined) return known;
    const { speaker } = labelSets[label]!;
    const match = speaker.filter((word) => question.words.has(word)).length / Math.max(1, speaker.length);
    spoken.set(label, match);
    return match;
  };
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    const row = i * WIDTH;
    const thread = threads.array[id]!;
    const label = labels.array[id]!;
    rows[row + at.length] = ln(1 + columns.lengths.array[id]!);
    rows[row + at.speaker] = speakerMatch(label);
    rows[row + at.asks] = asks.array[id]!;
    rows[row + at.answers] = id > 0 && threads.array[id - 1] === thread ? asks.array[id - 1]! : 0;
    rows[row + at.recency] = id / threads.length;
    rows[row + at.core] = columns.cores.array[id]!;
    rows[row + at.importance] = columns.importances.array[id]!;
    if (!similarity) continue;
    rows[row + at.embedding] = similarity(id);
    let sum = 0;
    let weight = 0;
    for (let o = 1 - WINDOW.length; o < WINDOW.length; o++) {
      const e = id + o;
      if (e < 0 || e >= threads.length || threads.array[e] !== thread) continue;
      const s = similarity(e);
      if (Number.isNaN(s)) continue;
      sum += WINDOW[Math.abs(o)]! * s;
      weight += WINDOW[Math.abs(o)]!;
    }
    rows[row + at.windowEmbedding] = weight > 0 ? sum / weight : NaN;
  }
  // What labels say of a date counts beside what the text says of it.
  question.terms.forEach(({ term }) => {
    const id = /^\d/.test(term) ? columns.lexicon.term(`@${term}`) : undefined;
    if (id === undefined) return;
    for (let i = 0; i < ids.length; i++)
      if (labelSets[labels.array[ids[i]!]!]!.terms.includes(id)) rows[i * WIDTH + at.date]! += 1;
  });
}
