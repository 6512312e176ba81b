import { GrowableU32 } from './growable.ts';

/** Low bits of a posting hold how often the record has the term, the others the record's number. */
const COUNT_BITS = 6;
const COUNT_MAX = (1 << COUNT_BITS) - 1;
/** Records that one index can number. */
export const RECORDS_MAX = 2 ** (32 - COUNT_BITS);

/** The record's number in a posting. */
export const recordOf = (posting: number): number => posting >>> COUNT_BITS;
/** How often that record has the term, at most 63. */
export const countOf = (posting: number): number => posting & COUNT_MAX;

/** A posting; counts above 63 are kept as 63. */
export const posting = (record: number, count: number): number =>
  ((record << COUNT_BITS) | Math.min(count, COUNT_MAX)) >>> 0;
/** A posting with a count that is higher by `more`. */
export const plus = (one: number, more: number): number => posting(recordOf(one), countOf(one) + more);

/**
 * Posting lists in one typed array: each list lies in one piece, ascending by record, so that it can be scanned and
 * searched. A list that outgrows its block moves to one of twice the size; the old block serves another list.
 */
export class Postings {
  #arena = new Uint32Array(256);
  #used = 0;
  /** By list: where its block begins, its length, and the power of two that is its room. */
  readonly #starts = new GrowableU32();
  readonly #lengths = new GrowableU32();
  readonly #classes = new GrowableU32();
  /** Blocks that are free again, by power of two. */
  readonly #free: number[][] = [];

  /** Lists. */
  get lists(): number {
    return this.#starts.length;
  }

  /** Bytes taken by blocks and by the columns of the lists. */
  get bytes(): number {
    return 4 * this.#used + 12 * this.#starts.length;
  }

  /** All postings; a list is `array[start(list)]` to `array[start(list) + length(list) - 1]`. Replaced by `push`. */
  get array(): Uint32Array {
    return this.#arena;
  }

  start(list: number): number {
    return this.#starts.array[list]!;
  }

  /** The place behind the last posting of a list. */
  end(list: number): number {
    return this.#starts.array[list]! + this.#lengths.array[list]!;
  }

  length(list: number): number {
    return this.#lengths.array[list]!;
  }

  /** A new empty list; lists are numbered from 0. */
  open(): number {
    this.#starts.push(this.#take(0));
    this.#lengths.push(0);
    this.#classes.push(0);
    return this.#starts.length - 1;
  }

  /** The most bytes that a push to the list would take. */
  pushBytes(list: number): number {
    const size = this.#classes.array[list]!;
    return this.#lengths.array[list]! === 1 << size ? 8 << size : 0;
  }

  /** Appends a posting; records must ascend. Counts above 63 are kept as 63. */
  push(list: number, record: number, count: number): void {
    const length = this.#lengths.array[list]!;
    let start = this.#starts.array[list]!;
    const size = this.#classes.array[list]!;
    if (length === 1 << size) {
      const moved = this.#take(size + 1);
      this.#arena.copyWithin(moved, start, start + length);
      (this.#free[size] ??= []).push(start);
      this.#starts.array[list] = start = moved;
      this.#classes.array[list] = size + 1;
    }
    this.#arena[start + length] = posting(record, count);
    this.#lengths.array[list] = length + 1;
  }

  /** Puts a list in order to which records were pushed that do not ascend. */
  sort(list: number): void {
    this.#arena.subarray(this.start(list), this.start(list) + this.length(list)).sort();
  }

  /** Drops the last lists, which are empty, so that `lists` is `count`. */
  closeFrom(count: number): void {
    for (let list = this.lists - 1; list >= count; list--) {
      const size = this.#classes.array[list]!;
      const start = this.#starts.array[list]!;
      if (start + (1 << size) === this.#used) this.#used = start;
      else (this.#free[size] ??= []).push(start);
    }
    this.#starts.length = this.#lengths.length = this.#classes.length = count;
  }

  /** Drops the postings of records for which `keep` is false. */
  sweep(keep: (record: number) => boolean): void {
    const old = this.#arena;
    const arena = new Uint32Array(old.length);
    let used = 0;
    for (let list = 0; list < this.lists; list++) {
      const from = this.start(list);
      const to = from + this.length(list);
      const start = used;
      let at = start;
      for (let p = from; p < to; p++) if (keep(recordOf(old[p]!))) arena[at++] = old[p]!;
      const size = at - start <= 1 ? 0 : 32 - Math.clz32(at - start - 1);
      used = start + (1 << size);
      this.#starts.array[list] = start;
      this.#lengths.array[list] = at - start;
      this.#classes.array[list] = size;
    }
    this.#arena = arena;
    this.#used = used;
    this.#free.length = 0;
  }

  /** The first place in the list, from `from` on, whose record is at least `record`. */
  seek(list: number, record: number, from: number): number {
    const arena = this.#arena;
    let low = from;
    let high = this.start(list) + this.length(list);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (recordOf(arena[middle]!) < record) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #take(size: number): number {
    const free = this.#free[size]?.pop();
    if (free !== undefined) return free;
    const start = this.#used;
    this.#used += 1 << size;
    if (this.#used > this.#arena.length) {
      const grown = new Uint32Array(Math.ceil(Math.max(this.#used, this.#arena.length * 1.5)));
      grown.set(this.#arena);
      this.#arena = grown;
    }
    return start;
  }
}
