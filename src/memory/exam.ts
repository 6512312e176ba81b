import type { Rng } from '../kernel/rng.ts';
import type { ExamData, ExamGroup } from './examTypes.ts';
import { bootstrap, DEPTHS, measureRanking, METRICS, type Estimate, type Metric } from './examMetrics.ts';
import { analyseQuestion, questionOfTerms } from './question.ts';
import { createRecallIndex } from './recallIndex.ts';
import type { Question, RecallIndex, RecallOptions } from './recallTypes.ts';
import { analyse } from './text.ts';
import { VectorIndex, type VectorTag } from './vectorIndex.ts';

/** Something that answers an exam's questions. */
export interface Examinee {
  readonly name: string;
  /** Takes up a group's entries in their order and returns how to ask: up to `k` places of entries, best first. */
  learn(group: ExamGroup): (question: string, k: number) => readonly number[];
}

/** How one examinee did. */
export interface ExamResult {
  readonly examinee: string;
  readonly questions: number;
  readonly overall: Readonly<Record<Metric, Estimate>>;
  /** Means by the question's category and by the ring of its first relevant entry, where there is more than one. */
  readonly byCategory: readonly ExamPart[];
  readonly byRing: readonly ExamPart[];
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
}

export interface ExamProgress {
  /** Questions dealt with by all examinees together, and how many there are. */
  readonly done: number;
  readonly total: number;
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
      return (question, k) => index.recall(read(question), k, options).map((hit) => hit.id);
    },
  };
}

/** Entries nearest by vector that are looked at beside those found by words. */
const NEAREST = 50;

/** The two stages with vectors that are made at once. */
export function vectorExaminee(
  name: string,
  tag: VectorTag,
  vectorOf: (text: string) => Float32Array,
): Examinee {
  return {
    name,
    learn(group) {
      const index = indexOf(group);
      const vectors = new VectorIndex(tag);
      group.entries.forEach((entry, id) => vectors.set(id, vectorOf(entry.text)));
      return (question, k) => {
        const vector = vectorOf(question);
        return index
          .recall(analyseQuestion(question), k, {
            similarity: vectors.similarityTo(vector),
            extra: vectors.search(vector, NEAREST).map((hit) => hit.id),
          })
          .map((hit) => hit.id);
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
  for (const examinee of examinees) {
    const rows: number[][] = [];
    const categories: string[] = [];
    const rings: string[] = [];
    for (const group of data.groups) {
      const ask = examinee.learn(group);
      yield { done, total };
      const ringOf = new Map(group.entries.map((e) => [e.id, e.ring]));
      for (const question of group.questions) {
        const ranked = ask(question.text, K).map((i) => group.entries[i]!.id);
        const values = measureRanking(ranked, question.relevant);
        rows.push(METRICS.map((m) => values[m]));
        categories.push(question.category);
        rings.push(ringOf.get([...question.relevant.keys()][0]!) ?? '');
        if (++done % 20 === 0) yield { done, total };
      }
    }
    const estimates = bootstrap(rows, rng.fork(examinee.name));
    results.push({
      examinee: examinee.name,
      questions: rows.length,
      overall: Object.fromEntries(METRICS.map((m, c) => [m, estimates[c]!])) as Record<Metric, Estimate>,
      byCategory: partsOf(rows, categories),
      byRing: partsOf(rows, rings),
    });
  }
  yield { done, total };
  return {
    dataset: data.name,
    unit: data.unit,
    entries: data.groups.reduce((sum, g) => sum + g.entries.length, 0),
    questions,
    results,
  };
}

function partsOf(rows: readonly (readonly number[])[], names: readonly string[]): ExamPart[] {
  const parts = new Map<string, (readonly number[])[]>();
  rows.forEach((row, i) => {
    const name = names[i]!;
    parts.set(name, [...(parts.get(name) ?? []), row]);
  });
  if (parts.size < 2) return [];
  return [...parts].map(([name, own]) => ({
    name: name === '' ? 'without' : name,
    questions: own.length,
    means: Object.fromEntries(
      METRICS.map((m, c) => [m, own.reduce((sum, row) => sum + row[c]!, 0) / own.length]),
    ) as Record<Metric, number>,
  }));
}
