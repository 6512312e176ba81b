import { hash32 } from '../../kernel/rng.ts';
import type { CacheKey } from './evictionPolicy.ts';

const ROWS = 4;
const COUNT_MAX = 15;
/** Counters are halved after so many times the table's expected keys: what was popular long ago fades. */
const SAMPLES_PER_KEY = 10;

/** A whole number of 32 bits, spread (MurmurHash3's fmix32). */
function spread(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** 32 bits of a key. */
export const keyHash = (key: CacheKey): number =>
  typeof key === 'number' ? spread((key ^ (key / 4_294_967_296)) | 0) : hash32(key);

/**
 * How often keys were asked for of late: a count-min sketch of four rows of counters up to 15 that are halved now and
 * then (TinyLFU: Einziger, Friedman and Manes, ACM ToS 2017), with conservative update.
 */
export class FrequencySketch {
  readonly #mask: number;
  readonly #table: Uint8Array;
  readonly #resetAt: number;
  #additions = 0;

  /** @param keys about how many different keys matter at a time */
  constructor(keys: number) {
    let width = 16;
    while (width < keys) width *= 2;
    this.#mask = width - 1;
    this.#table = new Uint8Array(width * ROWS);
    this.#resetAt = SAMPLES_PER_KEY * Math.max(1, keys);
  }

  #slot(hash: number, row: number): number {
    return (spread(hash + Math.imul(row + 1, 0x9e3779b9)) & this.#mask) * ROWS + row;
  }

  /** Uses of the key, at least (up to collisions), at most 15. */
  estimate(key: CacheKey): number {
    const hash = keyHash(key);
    let least = COUNT_MAX;
    for (let row = 0; row < ROWS; row++) least = Math.min(least, this.#table[this.#slot(hash, row)]!);
    return least;
  }

  add(key: CacheKey): void {
    const hash = keyHash(key);
    const least = this.estimate(key);
    if (least < COUNT_MAX)
      for (let row = 0; row < ROWS; row++) {
        const slot = this.#slot(hash, row);
        if (this.#table[slot] === least) this.#table[slot] = least + 1;
      }
    if (++this.#additions < this.#resetAt) return;
    for (let i = 0; i < this.#table.length; i++) this.#table[i] = this.#table[i]! >> 1;
    this.#additions >>= 1;
  }
}
