import type { Backoff } from './backoff.ts';
import type { GrowableF32, GrowableU32 } from './growable.ts';
import type { Lexicon } from './lexicon.ts';
import type { Postings } from './postings.ts';
import type { PreparedSegment } from './preparedSegment.ts';

/** A token of the forward index: word + 1, with this bit for a capital letter; 0 ends a sentence. */
export const CAPITAL = 0x8000_0000;

/** Share of its neighbours' terms that an entry carries, by distance: 1 for its own (found by a study on dialogues). */
export const WINDOW = [1, 0.5, 0.3, 0.15] as const;
/** The same in twentieths: lengths of windows are sums of whole numbers, so that what a removed entry gave goes without residue. */
export const WINDOW_TWENTIETHS = [20, 10, 6, 3] as const;

/** Labels of entries; most entries share theirs with many. */
export interface Labels {
  /** Terms that the labels are found by: speaker, year, month, ring. */
  readonly terms: readonly number[];
  readonly speaker: readonly string[];
}

/** What the two stages read. All columns are by entry. */
export interface RecallColumns {
  readonly lexicon: Lexicon;
  readonly postings: Postings;
  readonly backoff: Backoff;
  /** Entries whose texts' postings are not in `postings`; closed, and not one of them removed. */
  readonly segments: readonly PreparedSegment[];
  /** Whether an entry has ever stood beside another one of its thread; else every window is its entry alone. */
  readonly linked: boolean;
  /** By term: entries that have it. */
  readonly frequencies: GrowableU32;
  /** 0 for a removed entry; else entries with equal numbers, one after the other, stand next to each other. */
  readonly threads: GrowableU32;
  /** Terms of the entry's text, and twentieths of those of its window with the weights of `WINDOW`. */
  readonly lengths: GrowableU32;
  readonly windowLengths: GrowableF32;
  readonly labels: GrowableU32;
  readonly labelSets: readonly Labels[];
  /** Whether the text has a question mark. */
  readonly asks: GrowableU32;
  readonly cores: GrowableF32;
  readonly importances: GrowableF32;
  /** Where an entry's tokens begin and end, once `read` was called for it. */
  readonly tokenStarts: GrowableU32;
  readonly tokenEnds: GrowableU32;
  readonly tokens: GrowableU32;
  /** Makes an entry's tokens where they are not there yet. */
  readonly read: (id: number) => void;
  readonly live: number;
  /** Sums of both lengths over live entries. */
  readonly lengthSum: number;
  readonly windowLengthSum: number;
}
