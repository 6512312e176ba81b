import { ln } from '../kernel/maths.ts';
import { countOf, recordOf } from './postings.ts';
import { WINDOW, type RecallColumns } from './recallColumns.ts';
import { B, K1, saturated } from './bm25.ts';
import type { Candidates, Hits } from './recallScan.ts';
import { at, shareOf, sumInUnits, sumOfZScores, WIDTH } from './recallScores.ts';
import { measureTexts } from './recallTexts.ts';
import type { Question, RankedEntry, RecallOptions, RecallWeights } from './recallTypes.ts';

/** How far the far window reaches; a neighbour's weight falls evenly to 0 just beyond it. */
const FAR = 10;
/** Entries that a far window holds, weights added up, in the middle of its thread. */
const FAR_USUAL = FAR + 1;
/** By entry: its place among the candidates + 1; all zero between questions. */
let placeOf = new Uint32Array(1_024);
const NO_FEATURES = new Float32Array(0);
let rows = new Float32Array(64 * WIDTH);

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
  const ids = withExtra(columns, found.ids, options);
  const n = ids.length;
  if (n === 0) return [];
  if (rows.length < n * WIDTH) rows = new Float32Array(2 * n * WIDTH);
  else rows.fill(0, 0, n * WIDTH);
  for (let i = 0; i < found.ids.length; i++) {
    rows[i * WIDTH + at.own] = found.own[i]!;
    rows[i * WIDTH + at.window] = found.window[i]!;
    rows[i * WIDTH + at.backoff] = found.backoff[i]!;
  }
  const comparable = options.comparable ?? false;
  if (found.hits) measureAlone(columns, found.hits, found.termWeights, ids, comparable);
  else measureWindows(columns, question, found.termWeights, ids, comparable);
  measureTexts(columns, question, found.termWeights, ids, rows);
  measureRest(columns, question, ids, options);
  const scores = options.comparable
    ? sumInUnits(rows, n, weights, found.termWeights)
    : sumOfZScores(rows, n, weights);
  const order: number[] = [];
  for (let i = 0; i < n; i++) order.push(i);
  order.sort((a, b) => scores[b]! - scores[a]! || ids[a]! - ids[b]!);
  if (order.length > k) order.length = k;
  const wanted = options.features ?? true;
  return order.map((i) => ({
    id: ids[i]!,
    score: scores[i]!,
    features: wanted ? rows.slice(i * WIDTH, (i + 1) * WIDTH) : NO_FEATURES,
  }));
}

function withExtra(
  columns: RecallColumns,
  ids: readonly number[],
  options: RecallOptions,
): readonly number[] {
  if (!options.extra || options.extra.length === 0) return ids;
  const all = [...ids];
  const known = new Set(ids);
  for (const id of options.extra)
    if (!known.has(id) && columns.threads.array[id]! > 0 && (options.accept?.(id) ?? true)) all.push(id);
  return all;
}

/** `far`, `coverage`, `windowCoverage` where every window is its entry alone: from what the first stage came by. */
function measureAlone(
  columns: RecallColumns,
  hits: Hits,
  termWeights: Float64Array,
  ids: readonly number[],
  comparable: boolean,
): void {
  const n = ids.length;
  const lengths = columns.lengths.array;
  if (placeOf.length < columns.threads.length) placeOf = new Uint32Array(2 * columns.threads.length);
  let usual = (FAR_USUAL * columns.lengthSum) / columns.live;
  if (!comparable) {
    usual = 0;
    for (const id of ids) usual += lengths[id]! / n;
  }
  const masks = new Uint32Array(n);
  for (let i = 0; i < n; i++) placeOf[ids[i]!] = i + 1;
  for (let h = 0; h < hits.n; h++) {
    const id = hits.ids[h]!;
    const i = placeOf[id]! - 1;
    if (i < 0) continue;
    const slot = hits.slots[h]!;
    const count = hits.counts[h]!;
    masks[i]! |= 1 << slot;
    rows[i * WIDTH + at.far]! += termWeights[slot]! * saturated(count, lengths[id]!, usual || 1);
  }
  let total = 0;
  for (const weight of termWeights) total += weight;
  for (let i = 0; i < n; i++) {
    placeOf[ids[i]!] = 0;
    const share = shareOf(masks[i]!, termWeights, total);
    rows[i * WIDTH + at.coverage] = share;
    rows[i * WIDTH + at.windowCoverage] = share;
  }
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

/** Length, labels, questions around, vectors, and what is known of an entry beside its words. */
function measureRest(
  columns: RecallColumns,
  question: Question,
  ids: readonly number[],
  { similarity, sentenceSimilarity }: RecallOptions,
): void {
  const { labels, labelSets, threads, asks } = columns;
  let lastLabel = -1;
  let match = 0;
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    const row = i * WIDTH;
    const thread = threads.array[id]!;
    const label = labels.array[id]!;
    rows[row + at.length] = lnOf(columns.lengths.array[id]!);
    // Neighbours mostly have equal labels.
    if (label !== lastLabel) {
      lastLabel = label;
      const { speaker } = labelSets[label]!;
      let said = 0;
      for (const word of speaker) if (question.words.has(word)) said++;
      match = said / Math.max(1, speaker.length);
    }
    rows[row + at.speaker] = match;
    rows[row + at.asks] = asks.array[id]!;
    rows[row + at.answers] = id > 0 && threads.array[id - 1] === thread ? asks.array[id - 1]! : 0;
    rows[row + at.recency] = id / threads.length;
    rows[row + at.core] = columns.cores.array[id]!;
    rows[row + at.importance] = columns.importances.array[id]!;
    // What has no vector is neither better nor worse for it.
    rows[row + at.sentenceEmbedding] = sentenceSimilarity ? sentenceSimilarity(id) : NaN;
    rows[row + at.embedding] = NaN;
    rows[row + at.windowEmbedding] = NaN;
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
  for (const { term } of question.terms) {
    const first = term.charCodeAt(0);
    const id = first >= 48 && first <= 57 ? columns.lexicon.term(`@${term}`) : undefined;
    if (id === undefined) continue;
    for (let i = 0; i < ids.length; i++)
      if (labelSets[labels.array[ids[i]!]!]!.terms.includes(id)) rows[i * WIDTH + at.date]! += 1;
  }
}

/** ln(1 + n) of small whole numbers, found when first asked for. */
const logarithms = new Float64Array(1_024);
function lnOf(n: number): number {
  if (n >= logarithms.length) return ln(1 + n);
  return n === 0 ? 0 : (logarithms[n] ||= ln(1 + n));
}
