import type { Lexicon } from './lexicon.ts';
import type { Labels } from './recallColumns.ts';
import type { RecallEntry } from './recallTypes.ts';
import { analyse, eachWord } from './text.ts';

const MONTHS = 'january february march april may june july august september october november december'.split(
  ' ',
);

/** The terms that an entry's speaker, date and ring are found by. */
export function labelTerms(entry: Pick<RecallEntry, 'speaker' | 'date' | 'ring'>): string[] {
  const [, year, month] = /^(\d{1,6})(?:-(\d\d))?/.exec(entry.date) ?? [];
  const terms = analyse(entry.speaker);
  if (year !== undefined) terms.push(year);
  const name = month === undefined ? undefined : MONTHS[Number(month) - 1];
  if (name !== undefined) terms.push(...analyse(name));
  if (entry.ring !== year) terms.push(...analyse(entry.ring));
  return terms;
}

const costOf = (key: string, terms: number): number => 96 + 2 * key.length + 8 * terms;

/** Labels of an index's entries, equal ones once; their terms are in its lexicon, with @ before them. */
export class LabelSets {
  readonly sets: Labels[] = [];
  /** Bytes that they take. */
  bytes = 0;
  readonly #lexicon: Lexicon;
  readonly #ids = new Map<string, number>();
  /** The entry asked about last: neighbours mostly have equal labels. */
  #last: Pick<RecallEntry, 'speaker' | 'date' | 'ring'> | null = null;
  #lastId = 0;

  constructor(lexicon: Lexicon) {
    this.#lexicon = lexicon;
  }

  /** The number of an entry's labels, taken in when they are new. */
  take(entry: RecallEntry): number {
    const { speaker, date, ring } = entry;
    const last = this.#last;
    if (last && last.speaker === speaker && last.date === date && last.ring === ring) return this.#lastId;
    this.#last = { speaker, date, ring };
    return (this.#lastId = this.#find(entry));
  }

  #find(entry: RecallEntry): number {
    const key = `${entry.speaker}\n${entry.date.slice(0, 7)}\n${entry.ring}`;
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const terms = [...new Set(labelTerms(entry))].map((term) => this.#lexicon.takeTerm(`@${term}`));
    const speaker: string[] = [];
    eachWord(entry.speaker, (word) => speaker.push(word));
    const id = this.sets.length;
    this.#ids.set(key, id);
    this.sets.push({ terms, speaker });
    this.bytes += costOf(key, terms.length);
    return id;
  }

  /** Forgets the labels taken in last, so that `count` are left. */
  cut(count: number): void {
    if (this.sets.length === count) return;
    this.#last = null;
    for (const key of [...this.#ids.keys()].slice(count)) {
      this.bytes -= costOf(key, this.sets[this.#ids.get(key)!]!.terms.length);
      this.#ids.delete(key);
    }
    this.sets.length = count;
  }
}
