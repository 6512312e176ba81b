import { B, inverseFrequency, K1 } from './bm25.ts';
import { countOf, recordOf } from './postings.ts';
import { WINDOW, type RecallColumns } from './recallColumns.ts';
import { gathered } from './preparedSegment.ts';
import type { Question, RecallOptions } from './recallTypes.ts';

/** What the first stage found, best first, as columns of one length. */
export interface Candidates {
  readonly ids: readonly number[];
  /** BM25 of the entry's own terms, and of its window's. */
  readonly own: readonly number[];
  readonly window: readonly number[];
  /** BM25 of terms spelt like those that the index hardly knows. */
  readonly backoff: readonly number[];
  /** Weights of the question's terms, in their order. */
  readonly termWeights: Float64Array;
  /** Of an index without windows: every place in which a term of the question stands, until the next question. */
  readonly hits: Hits | null;
}

/** Columns of one length `n`. */
export interface Hits {
  n: number;
  ids: Uint32Array;
  /** The place of the term in the question. */
  slots: Uint8Array;
  counts: Uint8Array;
}
const hits: Hits = {
  n: 0,
  ids: new Uint32Array(512),
  slots: new Uint8Array(512),
  counts: new Uint8Array(512),
};

function makeRoomForHits(more: number): void {
  if (hits.n + more <= hits.ids.length) return;
  const room = 2 * (hits.n + more);
  const { ids, slots, counts } = hits;
  (hits.ids = new Uint32Array(room)).set(ids);
  (hits.slots = new Uint8Array(room)).set(slots);
  (hits.counts = new Uint8Array(room)).set(counts);
}

/** One number an entry while a question is dealt with, shared by all indexes of a thread; all zero between. */
let ownScores = new Float32Array(1_024);
let windowScores = new Float32Array(1_024);
let backoffScores = new Float32Array(1_024);
let windowCounts = new Float32Array(1_024);
let touched = new Uint32Array(1_024);
let termTouched = new Uint32Array(1_024);

function makeRoom(entries: number): void {
  if (ownScores.length >= entries) return;
  const room = Math.ceil(entries * 1.5);
  ownScores = new Float32Array(room);
  windowScores = new Float32Array(room);
  backoffScores = new Float32Array(room);
  windowCounts = new Float32Array(room);
  touched = new Uint32Array(room);
  termTouched = new Uint32Array(room);
}

/** How many entries have a term: a word that stands in many labels is no rarer for standing in few texts. */
export function frequencyOf(columns: RecallColumns, term: string): number {
  const { lexicon, frequencies, segments } = columns;
  const text = lexicon.term(term);
  const label = lexicon.term(`@${term}`);
  let having = text === undefined ? 0 : frequencies.array[text]!;
  for (const segment of segments) having += segment.gatherTerm(term);
  return label === undefined ? having : Math.max(having, frequencies.array[label]!);
}

/** What `frequencyOf` says of every term: for one who asks for many. */
export function frequenciesOf({ lexicon, frequencies, segments }: RecallColumns): Map<string, number> {
  const found = new Map<string, number>();
  const having = (term: string): number => found.get(term) ?? 0;
  for (const segment of segments) segment.eachTerm((term, n) => found.set(term, having(term) + n));
  const labels: [term: string, n: number][] = [];
  [...lexicon.termNames()].forEach((name, term) => {
    const n = frequencies.array[term]!;
    if (name.startsWith('@')) labels.push([name.slice(1), n]);
    else found.set(name, having(name) + n);
  });
  for (const [term, n] of labels) found.set(term, Math.max(having(term), n));
  return found;
}

/** The weight of each of the question's terms. */
function weigh(columns: RecallColumns, question: Question, options: RecallOptions): Float64Array {
  const { terms } = question;
  const weights = new Float64Array(terms.length);
  const given = options.termWeights;
  for (let i = 0; i < terms.length; i++) {
    const { term, factor } = terms[i]!;
    if (!given) weights[i] = factor * inverseFrequency(columns.live, frequencyOf(columns, term));
    // Those of a question mostly come in its order.
    else if (given[i]?.term === term) weights[i] = factor * given[i]!.weight;
    else weights[i] = factor * (given.find((t) => t.term === term)?.weight ?? 0);
  }
  return weights;
}

/**
 * The `limit` best entries by the sum of two BM25 scores (Robertson and Zaragoza 2009): of an entry's own terms, and of
 * its window, in which terms of neighbours in the same thread count less with their distance.
 */
export function firstStage(
  columns: RecallColumns,
  question: Question,
  limit: number,
  options: RecallOptions,
): Candidates {
  const { lexicon, postings, live } = columns;
  const entries = columns.threads.length;
  makeRoom(entries);
  const threads = columns.threads.array;
  const lengths = columns.lengths.array;
  const windowLengths = columns.windowLengths.array;
  const arena = postings.array;
  const termWeights = weigh(columns, question, options);
  const flat = K1 * (1 - B);
  const perTerm = (K1 * B * live) / Math.max(1, columns.lengthSum);
  const perWindowTerm = (K1 * B * live) / Math.max(1, columns.windowLengthSum);
  const spelling = options.weights !== null && (options.spelling ?? true);
  let n = 0;
  hits.n = 0;

  /** Postings of an index without windows. */
  const scoreAlone = (
    from: Uint32Array,
    start: number,
    end: number,
    slot: number,
    isLabel: boolean,
  ): void => {
    const gain = termWeights[slot]! * (K1 + 1);
    makeRoomForHits(end - start);
    const { ids, slots, counts } = hits;
    for (let p = start; p < end; p++) {
      const id = recordOf(from[p]!);
      if (threads[id] === 0) continue;
      const count = countOf(from[p]!);
      if (windowScores[id] === 0 && backoffScores[id] === 0) touched[n++] = id;
      const score = (gain * count) / (count + flat + perTerm * lengths[id]!);
      ownScores[id]! += score;
      windowScores[id]! += score;
      if (isLabel) continue;
      ids[hits.n] = id;
      slots[hits.n] = slot;
      counts[hits.n++] = count;
    }
  };

  const score = (list: number, weight: number, spreads: boolean): void => {
    const end = postings.start(list) + postings.length(list);
    const gain = weight * (K1 + 1);
    let t = 0;
    for (let p = postings.start(list); p < end; p++) {
      const id = recordOf(arena[p]!);
      const thread = threads[id]!;
      if (thread === 0) continue;
      const count = countOf(arena[p]!);
      ownScores[id]! += (gain * count) / (count + flat + perTerm * lengths[id]!);
      const from = spreads ? Math.max(0, id - WINDOW.length + 1) : id;
      const to = spreads ? Math.min(entries - 1, id + WINDOW.length - 1) : id;
      for (let e = from; e <= to; e++) {
        if (threads[e] !== thread) continue;
        if (windowCounts[e] === 0) termTouched[t++] = e;
        windowCounts[e]! += count * WINDOW[e < id ? id - e : e - id]!;
      }
    }
    for (let i = 0; i < t; i++) {
      const e = termTouched[i]!;
      const count = windowCounts[e]!;
      windowCounts[e] = 0;
      if (windowScores[e] === 0 && backoffScores[e] === 0) touched[n++] = e;
      windowScores[e]! += (gain * count) / (count + flat + perWindowTerm * windowLengths[e]!);
    }
  };

  const isHeld = (list: number): boolean => columns.frequencies.array[list]! > 0;

  /** The best of the terms that are spelt like an unknown one, at the weight of the unknown one or its own if lower. */
  const scoreLike = (term: string, weight: number): void => {
    let t = 0;
    for (const { term: list, likeness } of columns.backoff.near(term, isHeld)) {
      const own = Math.min(weight, inverseFrequency(live, columns.frequencies.array[list]!));
      const end = postings.start(list) + postings.length(list);
      for (let p = postings.start(list); p < end; p++) {
        const id = recordOf(arena[p]!);
        if (threads[id] === 0) continue;
        const count = countOf(arena[p]!);
        const gain = (likeness * own * (K1 + 1) * count) / (count + flat + perTerm * lengths[id]!);
        if (windowCounts[id] === 0) termTouched[t++] = id;
        if (gain > windowCounts[id]!) windowCounts[id] = gain;
      }
    }
    for (let i = 0; i < t; i++) {
      const id = termTouched[i]!;
      if (windowScores[id] === 0 && backoffScores[id] === 0) touched[n++] = id;
      backoffScores[id]! += windowCounts[id]!;
      windowCounts[id] = 0;
    }
  };

  for (let i = 0; i < question.terms.length; i++) {
    const { term } = question.terms[i]!;
    const weight = termWeights[i]!;
    if (!(weight > 0)) continue;
    const text = lexicon.term(term);
    const label = lexicon.term(`@${term}`);
    if (columns.linked) {
      if (text !== undefined) score(text, weight, true);
      if (label !== undefined) score(label, weight, false);
    } else {
      for (const segment of columns.segments) {
        const found = segment.gatherTerm(term);
        scoreAlone(gathered, 0, found, i, false);
      }
      if (text !== undefined) scoreAlone(arena, postings.start(text), postings.end(text), i, false);
      if (label !== undefined) scoreAlone(arena, postings.start(label), postings.end(label), i, true);
    }
    // A first stage alone stays plain BM25.
    if (label === undefined && spelling && isRare(columns, text)) scoreLike(term, weight);
  }
  return select(n, limit, options.accept, termWeights, columns.linked ? null : hits);
}

const isRare = (columns: RecallColumns, term: number | undefined): boolean =>
  term === undefined || columns.frequencies.array[term]! <= 1;

/** The best of what was touched, by a heap whose root is the worst that stays; clears the scores. */
function select(
  n: number,
  limit: number,
  accept: ((id: number) => boolean) | undefined,
  termWeights: Float64Array,
  found: Hits | null,
): Candidates {
  const ids: number[] = [];
  const total = (id: number): number => ownScores[id]! + windowScores[id]! + backoffScores[id]!;
  const isWorse = (a: number, b: number): boolean => {
    const difference = total(a) - total(b);
    return difference < 0 || (difference === 0 && a > b);
  };
  const sink = (from: number): void => {
    const id = ids[from]!;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= ids.length) break;
      if (child + 1 < ids.length && isWorse(ids[child + 1]!, ids[child]!)) child++;
      if (!isWorse(ids[child]!, id)) break;
      ids[at] = ids[child]!;
      at = child;
    }
    ids[at] = id;
  };
  for (let i = 0; i < n; i++) {
    const id = touched[i]!;
    if (ids.length === limit && !isWorse(ids[0]!, id)) continue;
    if (accept && !accept(id)) continue;
    if (ids.length < limit) {
      ids.push(id);
      if (ids.length === limit) for (let at = limit >> 1; at >= 0; at--) sink(at);
    } else {
      ids[0] = id;
      sink(0);
    }
  }
  ids.sort((a, b) => (isWorse(b, a) ? -1 : 1));
  const candidates: Candidates = {
    ids,
    own: ids.map((id) => ownScores[id]!),
    window: ids.map((id) => windowScores[id]!),
    backoff: ids.map((id) => backoffScores[id]!),
    termWeights,
    hits: found,
  };
  for (let i = 0; i < n; i++) {
    const id = touched[i]!;
    ownScores[id] = windowScores[id] = backoffScores[id] = 0;
  }
  return candidates;
}
