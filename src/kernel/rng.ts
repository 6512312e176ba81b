import { cosOfTurns, exp, ln } from './maths.ts';

/** A stream of random numbers. Streams of the same seed and name are equal; others are independent. */
export interface Rng {
  /** Uniform in [0, 1), 32 bits of resolution. */
  next(): number;
  /** Uniform whole number in [0, n); n must be a positive whole number up to 2^32. */
  int(n: number): number;
  /** Exponentially distributed with the given mean (> 0); gaps of a Poisson process. */
  exponential(mean: number): number;
  /** Standard normal (Box-Muller). */
  normal(): number;
  /** exp(mu + sigma * normal()). */
  logNormal(mu: number, sigma: number): number;
  /** One element, each as likely as the others; throws RangeError for an empty array. */
  pick<T>(items: readonly T[]): T;
  /** An independent stream, decided by this stream's seed and `name` alone. */
  fork(name: string): Rng;
}

/**
 * 32-bit FNV-1a over UTF-16 code units, finished with MurmurHash3's fmix32. For seeds and fingerprints, not for secrets.
 * @param salt starting state: another salt gives an independent hash.
 * @param from the first code unit that counts, and the one behind the last: a part of a text is not cut out for it
 */
export function hash32(text: string, salt = 0, from = 0, to = text.length): number {
  let h = (0x811c9dc5 ^ salt) >>> 0;
  for (let i = from; i < to; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** sfc32 (Chris Doty-Humphrey, PractRand), seeded from a string through four salted hashes. */
export function createRng(seed: string): Rng {
  let a = hash32(seed, 1);
  let b = hash32(seed, 2);
  let c = hash32(seed, 3);
  let counter = 1;
  const nextU32 = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 15; i++) nextU32();
  const rng: Rng = {
    next: () => nextU32() / 4294967296,
    int(n) {
      if (!Number.isInteger(n) || n < 1)
        throw new RangeError(`int(n): n must be a positive integer, got ${n}`);
      return Math.floor((nextU32() / 4294967296) * n);
    },
    exponential: (mean) => -mean * ln(1 - rng.next()),
    normal: () => Math.sqrt(-2 * ln(1 - rng.next())) * cosOfTurns(rng.next()),
    logNormal: (mu, sigma) => exp(mu + sigma * rng.normal()),
    pick(items) {
      if (items.length === 0) throw new RangeError('pick: the array is empty');
      return items[rng.int(items.length)]!;
    },
    fork: (name) => createRng(`${seed}/${name}`),
  };
  return rng;
}
