import { GrowableU32 } from './growable.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import type { WeightedTerm } from './record.ts';

/** BM25's saturation and length normalisation, as in Anserini's baselines for passages (Lin et al. 2016). */
const K1 = 0.9;
const B = 0.4;
/**
 * Terms of a passage of average length. BM25 takes the collection's average; a constant keeps the scores of
 * different agents comparable and those of old records unchanged when new ones come.
 */
const PIVOT_TERMS = 60;

/** Bytes of one posting (record, count, link) and of one record's own columns. */
const POSTING_BYTES = 12;
const RECORD_BYTES = 4;
/** What one term costs beside its postings: the entry in the dictionary and its columns. */
const termBytes = (term: string): number => 48 + 2 * term.length;

/** The budget is used up; nothing was inserted. */
export interface RushFull {
  readonly reason: 'full';
  /** Bytes that the insert would have needed, and what was left. */
  readonly neededBytes: number;
  readonly leftBytes: number;
}

/** Records found by number, best first. */
export interface RushHit {
  readonly index: number;
  readonly score: number;
}

/**
 * The hot index of one agent: postings in typed arrays, one linked list a term, newest record first.
 * Okapi BM25 (Robertson and Zaragoza 2009) with term weights handed in by the caller, so that scores of different
 * agents compare. Records are numbered from 0 in the order of `insert`.
 */
export class RushIndex {
  readonly #termIds = new Map<string, number>();
  /** By term: newest posting + 1 (0 for none), and how many records have it. */
  readonly #heads = new GrowableU32();
  readonly #frequencies = new GrowableU32();
  /** By term: how often it is in the record being inserted; all zero between inserts. */
  readonly #counts = new GrowableU32();
  /** By posting: record, times it has the term, next older posting + 1. */
  readonly #postingRecord = new GrowableU32();
  readonly #postingCount = new GrowableU32();
  readonly #postingNext = new GrowableU32();
  /** By record: its number of terms. */
  readonly #lengths = new GrowableU32();
  #bytes = 0;
  /** One score a record while a query runs; all zero between queries. */
  #scores = new Float64Array(64);

  /** Records inserted. */
  get size(): number {
    return this.#lengths.length;
  }

  /** Bytes in use, dictionary included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Records that have the term. */
  frequency(term: string): number {
    const id = this.#termIds.get(term);
    return id === undefined ? 0 : this.#frequencies.array[id]!;
  }

  /** Every term, in the order of first insertion. */
  terms(): IterableIterator<string> {
    return this.#termIds.keys();
  }

  /** Indexes the next record under `terms` (repeats count), unless the index would then hold more than `budgetBytes`. */
  insert(terms: readonly string[], budgetBytes = Infinity): Result<void, RushFull> {
    const known = this.#heads.length;
    const ids: number[] = [];
    let needed = RECORD_BYTES;
    for (const term of terms) {
      let id = this.#termIds.get(term);
      if (id === undefined) {
        id = this.#heads.length;
        this.#termIds.set(term, id);
        this.#heads.push(0);
        this.#frequencies.push(0);
        this.#counts.push(0);
        needed += termBytes(term);
      }
      if (this.#counts.array[id]!++ === 0) ids.push(id);
    }
    needed += ids.length * POSTING_BYTES;
    const left = budgetBytes - this.#bytes;
    if (needed > left) {
      for (const id of ids) this.#counts.array[id] = 0;
      this.#forgetTermsFrom(known);
      return err({ reason: 'full', neededBytes: needed, leftBytes: left });
    }
    this.#bytes += needed;
    const record = this.#lengths.length;
    this.#lengths.push(terms.length);
    for (const id of ids) {
      this.#postingRecord.push(record);
      this.#postingCount.push(this.#counts.array[id]!);
      this.#postingNext.push(this.#heads.array[id]!);
      this.#heads.array[id] = this.#postingRecord.length;
      this.#frequencies.array[id]!++;
      this.#counts.array[id] = 0;
    }
    return ok(undefined);
  }

  /**
   * Takes a record out of the index: it is found no more, and terms that only it had are forgotten. Its number stays taken.
   * @param terms what it was inserted under
   */
  remove(record: number, terms: readonly string[]): void {
    for (const term of new Set(terms)) {
      const id = this.#termIds.get(term);
      if (id === undefined) continue;
      const next = this.#postingNext.array;
      let before = 0;
      let at = this.#heads.array[id]!;
      while (at !== 0 && this.#postingRecord.array[at - 1] !== record) {
        before = at;
        at = next[at - 1]!;
      }
      if (at === 0) continue;
      if (before === 0) this.#heads.array[id] = next[at - 1]!;
      else next[before - 1] = next[at - 1]!;
      this.#postingCount.array[at - 1] = 0;
      this.#bytes -= POSTING_BYTES;
      if (--this.#frequencies.array[id]! > 0) continue;
      this.#termIds.delete(term);
      this.#bytes -= termBytes(term);
    }
    this.#lengths.array[record] = 0;
  }

  /** Takes back terms that an insert brought in before it was refused. */
  #forgetTermsFrom(id: number): void {
    for (const [term, own] of [...this.#termIds]) if (own >= id) this.#termIds.delete(term);
    this.#heads.length = this.#frequencies.length = this.#counts.length = id;
  }

  /**
   * The up to `k` best records for the query, best first, ties by lower number. Repeated terms add up.
   * @param accept leaves out records for which it returns false
   */
  search(query: readonly WeightedTerm[], k: number, accept?: (index: number) => boolean): RushHit[] {
    if (this.#scores.length < this.size) this.#scores = new Float64Array(this.#lengths.array.length);
    const scores = this.#scores;
    const record = this.#postingRecord.array;
    const count = this.#postingCount.array;
    const next = this.#postingNext.array;
    const lengths = this.#lengths.array;
    const touched: number[] = [];
    for (const { term, weight } of query) {
      const id = this.#termIds.get(term);
      if (id === undefined || !(weight > 0)) continue;
      for (let p = this.#heads.array[id]!; p !== 0; p = next[p - 1]!) {
        const r = record[p - 1]!;
        const tf = count[p - 1]!;
        if (scores[r] === 0) touched.push(r);
        scores[r]! += (weight * tf * (K1 + 1)) / (tf + K1 * (1 - B + (B * lengths[r]!) / PIVOT_TERMS));
      }
    }
    const best: RushHit[] = [];
    for (const index of touched) {
      const score = scores[index]!;
      scores[index] = 0;
      if (k <= 0 || (accept && !accept(index))) continue;
      const worst = best[k - 1];
      if (worst && (score < worst.score || (score === worst.score && index > worst.index))) continue;
      let at = Math.min(best.length, k - 1);
      while (
        at > 0 &&
        (best[at - 1]!.score < score || (best[at - 1]!.score === score && best[at - 1]!.index > index))
      )
        at--;
      best.splice(at, 0, { index, score });
      if (best.length > k) best.length = k;
    }
    return best;
  }
}
