import type { DocumentTokens } from './documentTokens.ts';
import type { Result } from '../kernel/result.ts';
import type { WeightedTerm } from './record.ts';

/** What a recall index is told of a memory. */
export interface RecallEntry {
  readonly text: string;
  /** Empty when unknown. */
  readonly speaker: string;
  /** ISO 8601, as exact as known; empty when unknown. */
  readonly date: string;
  /** Another label that it can be found by, such as its ring or its title; empty for none. */
  readonly ring: string;
  /** Entries of the same thread whose ids are near stand near each other; '' for one that stands alone. */
  readonly thread: string;
}

/** A text whose words were found out beforehand: a passage of a document. */
export interface PreparedText {
  readonly document: DocumentTokens;
  /** From 0. */
  readonly passage: number;
}

/** The index would hold more than its budget; nothing was added. */
export interface RecallFull {
  readonly reason: 'full';
  /** Bytes that the entry would have needed, and what was left. */
  readonly neededBytes: number;
  readonly leftBytes: number;
}

/** The features of the second stage, by name; what each is stands in recallFeatures.ts. */
export const FEATURES = [
  'own',
  'window',
  'far',
  'backoff',
  'coverage',
  'windowCoverage',
  'pairs',
  'sentence',
  'sentences',
  'first',
  'surface',
  'capitals',
  'names',
  'when',
  'number',
  'date',
  'length',
  'speaker',
  'asks',
  'answers',
  'embedding',
  'windowEmbedding',
  'sentenceEmbedding',
  'recency',
  'core',
  'importance',
] as const;
export type FeatureName = (typeof FEATURES)[number];

/** A weight for each feature's z-score; what is not named weighs nothing. */
export type RecallWeights = Readonly<Partial<Record<FeatureName, number>>>;

/** One found memory. */
export interface RankedEntry {
  /** As `add` numbered it. */
  readonly id: number;
  /** The weighted sum of z-scored features: comparable within one recall only, unless asked for otherwise. */
  readonly score: number;
  /** The features as measured, before they are made z-scores, in the order of `FEATURES`; empty when not wanted. */
  readonly features: Float32Array;
}

export interface RecallOptions {
  /** Weights of terms that count instead of the index's own inverse document frequencies: so scores of different indexes compare. */
  readonly termWeights?: readonly WeightedTerm[];
  /** Leaves out entries for which it returns false. */
  readonly accept?: (id: number) => boolean;
  /** Weights of the second stage instead of the tuned ones; null ends with the first stage, whose sum is the score. */
  readonly weights?: RecallWeights | null;
  /** How alike an entry's meaning is to the question's, from -1 to 1; NaN where no vector is held. */
  readonly similarity?: (id: number) => number;
  /** The same of the entry's most similar sentence. */
  readonly sentenceSimilarity?: (id: number) => number;
  /** Entries that the second stage looks at too, such as those of the most similar vectors. */
  readonly extra?: readonly number[];
  /**
   * Scores that compare with those of other indexes asked with the same `termWeights`: features are put in fixed units
   * in the place of z-scores over the candidates.
   */
  readonly comparable?: boolean;
  /** Whether terms spelt like those that the index hardly knows count too; true unless told. */
  readonly spelling?: boolean;
  /** Whether the results have their features; true unless told. */
  readonly features?: boolean;
  /** How many the first stage hands to the second; 200 unless told. */
  readonly candidates?: number;
}

/** A question as the index takes it; `analyseQuestion` makes it. Plain data. */
export interface Question {
  readonly text: string;
  /** Different terms in the order of first mention. */
  readonly terms: readonly QuestionTerm[];
  /** Places in `terms` of words that stand next to each other, stop words aside. */
  readonly pairs: readonly (readonly [number, number])[];
  /** All words, stop words too. */
  readonly words: ReadonlySet<string>;
  /** It asks for a time, for a number, for a person. */
  readonly asksWhen: boolean;
  readonly asksNumber: boolean;
  readonly asksWho: boolean;
}

/** One term of a question. */
export interface QuestionTerm {
  readonly term: string;
  /** The words that it stands for, as written but lower-cased. */
  readonly words: readonly string[];
  /** What its inverse document frequency is multiplied with: below 1 for words of asking, such as `discuss`. */
  readonly factor: number;
  /** Written with a capital inside the sentence: a name. */
  readonly capital: boolean;
}

/** Finds memories by what a question says. Ids are numbers from 0 in the order of `add`, and are never used again. */
export interface RecallIndex {
  /** Entries held. */
  readonly size: number;
  /** Bytes in use, dictionary included. */
  readonly bytes: number;
  /**
   * Indexes the next entry and returns its id, unless the index would then hold more than `budgetBytes`.
   * @param prepared the words of the entry's text, where they are known already
   */
  add(entry: RecallEntry, budgetBytes?: number, prepared?: PreparedText): Result<number, RecallFull>;
  /** Gives the next id to nothing: to an entry that was removed before this index was made anew. */
  skip(): number;
  /** Takes an entry out; false for an id that is not held. The bytes of its postings and tokens come back when more entries are gone than held; its words stay in the dictionary. */
  remove(id: number): boolean;
  /** How many entries have the term (a stem, as `analyse` yields it). */
  frequency(term: string): number;
  /** `frequency` of every term that was ever met, 0 or absent for those of no entry: for one who asks for many. */
  frequencies(): ReadonlyMap<string, number>;
  /**
   * Visits every term, those of labels last and with @ before them, with its postings `array[from]` to `array[to - 1]`,
   * those of removed entries too.
   * @param unasked visits passages with known words that no question has asked for instead: entries `firstId` to
   * `firstId + count - 1` are passages 0 to `count - 1` of the document; they stay as they are
   */
  eachList(
    visit: (term: string, array: Uint32Array, from: number, to: number) => void,
    unasked?: (document: DocumentTokens, firstId: number, count: number) => void,
  ): void;
  /** Every term in the order of first mention, those of removed entries too. */
  terms(): IterableIterator<string>;
  /** Different terms of one entry's text, speaker, date and ring. */
  termsOf(id: number): string[];
  /** What is known of an entry beside its words; both from 0 to 1, 0 unless told. */
  setPrior(id: number, prior: { readonly core: number; readonly importance: number }): void;
  /** The up to `k` best entries, best first, ties by lower id. */
  recall(question: Question | string, k: number, options?: RecallOptions): RankedEntry[];
}
