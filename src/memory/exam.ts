import type { Rng } from '../kernel/rng.ts';
import type { ExamData, ExamGroup } from './examTypes.ts';
import type { LifeState } from './ringLife.ts';
import { bootstrap, DEPTHS, measureRanking, METRICS, type Estimate, type Metric } from './examMetrics.ts';
import { analyseQuestion, questionOfTerms } from './question.ts';
import { sentencesIn } from './sentences.ts';
import { createRecallIndex } from './recallIndex.ts';
import type { Question, RecallIndex, RecallOptions } from './recallTypes.ts';
import { SentenceVectors } from './sentenceVectors.ts';
import { analyse } from './text.ts';
import { VectorIndex, type VectorTag } from './vectorIndex.ts';

/** Something that answers an exam's questions. */
export interface Examinee {
  readonly name: string;
  /** Takes up a group's entries in their order. */
  learn(group: ExamGroup): Learned;
}

/** Where an entry is in a tree-ring memory; `merged`: an earlier one that says the same stands for it. */
export type ExamZone = Exclude<LifeState['zone'], 'forgotten'> | 'not remembered';

/** An examinee that has taken up a group. */
export interface Learned {
  /** Up to `k` places of entries, best first. */
  ask(question: string, k: number): readonly number[];
  /** Where the entry of that place is now; only a tree-ring memory has zones. */
  zoneOf?(place: number): ExamZone;
}

/** How one examinee did. */
export interface ExamResult {
  readonly examinee: string;
  readonly questions: number;
  readonly overall: Readonly<Record<Metric, Estimate>>;
  /** Means by the question's category and by the ring of its first relevant entry, where there is more than one. */
  readonly byCategory: readonly ExamPart[];
  readonly byRing: readonly ExamPart[];
  /**
   * Means by the zone in which the first relevant entry was, in the first examinee that has zones, when the question was
   * put: the same questions for every examinee, so that they compare.
   */
  readonly byZone: readonly ExamPart[];
  /** Of a tree-ring memory: entries by zone when the last question had been put. */
  readonly zones: readonly { readonly zone: ExamZone; readonly entries: number }[];
}

/** One part of the questions. */
export interface ExamPart {
  readonly name: string;
  readonly questions: number;
  readonly means: Readonly<Record<Metric, number>>;
}

export interface ExamReport {
  readonly dataset: string;
  readonly unit: ExamData['unit'];
  readonly entries: number;
  readonly questions: number;
  readonly results: readonly ExamResult[];
  /** Why nobody was examined with word vectors, where they could not be had. */
  readonly withoutVectors?: string;
}

export interface ExamProgress {
  /** Questions dealt with by all examinees together, and how many there are. */
  readonly done: number;
  readonly total: number;
  /** Whose turn it is. */
  readonly examinee: string;
}

const K = Math.max(...DEPTHS);

/** What an index is told of a group: all of it, texts and who their neighbours are, or texts alone. */
export type Telling = 'all' | 'threads' | 'texts';

/** Puts a group into an index. */
export function indexOf(group: ExamGroup, telling: Telling = 'all'): RecallIndex {
  const index = createRecallIndex();
  for (const entry of group.entries) {
    const { speaker, date } = telling === 'all' ? entry : { speaker: '', date: '' };
    const thread = telling === 'texts' ? '' : entry.ring === '' ? group.id : entry.ring;
    index.add({ text: entry.text, speaker, date, ring: '', thread });
  }
  return index;
}

/** An examinee that asks an index with these options. */
export function indexExaminee(name: string, telling: Telling, options: RecallOptions): Examinee {
  return {
    name,
    learn(group) {
      const index = indexOf(group, telling);
      // Plain BM25 knows nothing of words of asking.
      const read = (text: string): Question =>
        telling === 'all' ? analyseQuestion(text) : questionOfTerms(analyse(text));
      return { ask: (question, k) => index.recall(read(question), k, options).map((hit) => hit.id) };
    },
  };
}

/** Entries nearest by vector that are looked at beside those found by words. */
const NEAREST = 50;

/** What a question's vector says of the entries of an index, for `recall`. */
export type Meanings = Required<Pick<RecallOptions, 'similarity' | 'sentenceSimilarity' | 'extra'>>;

/** All that `meaningsOf` makes vectors of when every question is asked, each text once. */
export function textsOf({ groups }: ExamData): string[] {
  const texts = new Set<string>();
  for (const { entries, questions } of groups) {
    for (const { text } of entries) for (const part of [text, ...sentencesIn(text)]) texts.add(part);
    for (const { text } of questions) texts.add(text);
  }
  return [...texts];
}

/** Makes the vectors of a group's entries and of their sentences. */
export function meaningsOf(
  group: ExamGroup,
  tag: VectorTag,
  vectorOf: (text: string) => Float32Array,
): (question: string) => Meanings {
  const whole = new VectorIndex(tag);
  const parts = new SentenceVectors(tag);
  group.entries.forEach(({ text }, id) => {
    whole.set(id, vectorOf(text));
    parts.set(id, sentencesIn(text).map(vectorOf));
  });
  return (question) => {
    const vector = vectorOf(question);
    return {
      similarity: whole.similarityTo(vector),
      sentenceSimilarity: parts.bestTo(vector),
      extra: whole.search(vector, NEAREST).map((hit) => hit.id),
    };
  };
}

/** The two stages with the vectors of such a model, made at once. */
export const WITH_VECTORS = 'two stages with word vectors';

export function vectorExaminee(
  tag: VectorTag,
  vectorOf: (text: string) => Float32Array,
  name = WITH_VECTORS,
): Examinee {
  return {
    name,
    learn(group) {
      const index = indexOf(group);
      const meanings = meaningsOf(group, tag, vectorOf);
      return {
        ask: (question, k) =>
          index.recall(analyseQuestion(question), k, meanings(question)).map((hit) => hit.id),
      };
    },
  };
}

/**
 * The two stages, and what they are held against: BM25 alone (single entries, no labels), BM25 over windows, and exact
 * search, in which the second stage sees every entry that matches.
 */
export const EXAMINEES: readonly Examinee[] = [
  indexExaminee('two stages', 'all', {}),
  indexExaminee('BM25 alone', 'texts', { weights: null }),
  indexExaminee('windowed BM25', 'threads', { weights: { window: 1 }, candidates: Infinity }),
  indexExaminee('exact search', 'all', { candidates: Infinity }),
];

/**
 * Puts every question to every examinee. Runs as far as it is driven: each step deals with a few questions, so that the
 * caller can show progress and stop.
 */
export function* examine(
  data: ExamData,
  examinees: readonly Examinee[],
  rng: Rng,
): Generator<ExamProgress, ExamReport> {
  const questions = data.groups.reduce((sum, g) => sum + g.questions.length, 0);
  const total = questions * examinees.length;
  let done = 0;
  const results: ExamResult[] = [];
  /** By question; from the first examinee with zones. */
  let zones: readonly string[] = [];
  for (const examinee of examinees) {
    const rows: number[][] = [];
    const categories: string[] = [];
    const rings: string[] = [];
    const ownZones: string[] = [];
    const counts = new Map<ExamZone, number>();
    const progress = (): ExamProgress => ({ done, total, examinee: examinee.name });
    yield progress();
    for (const group of data.groups) {
      const learned = examinee.learn(group);
      yield progress();
      const placeOf = new Map(group.entries.map((e, place) => [e.id, place]));
      for (const question of group.questions) {
        const first = placeOf.get([...question.relevant.keys()][0]!);
        // Asking may move memories: where the answer is counts before.
        if (learned.zoneOf) ownZones.push(first === undefined ? '' : learned.zoneOf(first));
        const ranked = learned.ask(question.text, K).map((i) => group.entries[i]!.id);
        const values = measureRanking(ranked, question.relevant);
        rows.push(METRICS.map((m) => values[m]));
        categories.push(question.category);
        rings.push(first === undefined ? '' : group.entries[first]!.ring);
        if (++done % 20 === 0) yield progress();
      }
      if (!learned.zoneOf) continue;
      for (let place = 0; place < group.entries.length; place++) {
        const zone = learned.zoneOf(place);
        counts.set(zone, (counts.get(zone) ?? 0) + 1);
      }
    }
    if (zones.length === 0) zones = ownZones;
    const estimates = bootstrap(rows, rng.fork(examinee.name));
    results.push({
      examinee: examinee.name,
      questions: rows.length,
      overall: Object.fromEntries(METRICS.map((m, c) => [m, estimates[c]!])) as Record<Metric, Estimate>,
      byCategory: partsOf(rows, categories, 2),
      byRing: partsOf(rows, rings, 2),
      byZone: partsOf(rows, zones, 1),
      zones: [...counts].map(([zone, entries]) => ({ zone, entries })),
    });
  }
  yield { done, total, examinee: examinees.at(-1)?.name ?? '' };
  return {
    dataset: data.name,
    unit: data.unit,
    entries: data.groups.reduce((sum, g) => sum + g.entries.length, 0),
    questions,
    results,
  };
}

/** The means of the rows by name, in the order of first use; nothing when there are fewer than `least` names. */
function partsOf(rows: readonly (readonly number[])[], names: readonly string[], least: number): ExamPart[] {
  const parts = new Map<string, (readonly number[])[]>();
  names.forEach((name, i) => {
    const known = parts.get(name);
    if (known) known.push(rows[i]!);
    else parts.set(name, [rows[i]!]);
  });
  if (parts.size < least) return [];
  return [...parts].map(([name, own]) => ({
    name: name === '' ? 'without' : name,
    questions: own.length,
    means: Object.fromEntries(
      METRICS.map((m, c) => [m, own.reduce((sum, row) => sum + row[c]!, 0) / own.length]),
    ) as Record<Metric, number>,
  }));
}
