import { hash32 } from '../kernel/rng.ts';
import { words } from './text.ts';

/** Signature positions, and how many of them make a band: two texts of Jaccard 0.9 share a band with 99.96 %, of 0.5 with 39 %. */
const POSITIONS = 32;
const ROWS = 4;
/** Pairs of neighbouring words that two texts have in common, as a share of those of either. */
const SIMILAR = 0.9;

/** What two texts must have in common to say the same: pairs of words, and exactly the same numbers, names of measure included. */
interface Print {
  readonly pairs: ReadonlySet<string>;
  readonly numbers: string;
  readonly bands: readonly string[];
}

/** Words that turn a sentence round. */
const NEGATION = /^(?:no|not|never|none|nobody|nothing|without|cannot|neither|nor)$|n't$/;

function printOf(text: string): Print {
  const all = words(text);
  const pairs = new Set(all.length < 2 ? all : all.slice(1).map((word, i) => `${all[i]!} ${word}`));
  // MinHash (Broder 1997): the least hash over all pairs, by as many hash functions as there are positions.
  const least = new Uint32Array(POSITIONS).fill(0xffffffff);
  for (const pair of pairs) {
    const a = hash32(pair, 0x51ed);
    const b = hash32(pair, 0x2c1b) | 1;
    for (let k = 0; k < POSITIONS; k++) {
      const h = Math.imul(a + Math.imul(k, b), 0x9e3779b1) >>> 0;
      if (h < least[k]!) least[k] = h;
    }
  }
  const bands: string[] = [];
  for (let k = 0; k < POSITIONS; k += ROWS) bands.push(`${k}/${least.subarray(k, k + ROWS).join('/')}`);
  return { pairs, numbers: all.filter((w) => /\p{N}/u.test(w) || NEGATION.test(w)).join(' '), bands };
}

function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let both = 0;
  for (const x of a) if (b.has(x)) both++;
  return both / (a.size + b.size - both);
}

/**
 * Finds texts that say the same in almost the same words: MinHash with banding proposes, and the exact Jaccard similarity
 * of word pairs (at least 0.9), equal numbers and equal negations decide.
 */
export class NearDuplicates {
  readonly #prints = new Map<number, Print>();
  readonly #buckets = new Map<string, Set<number>>();

  /** The lowest number of a text that says the same; 0 for none. */
  find(text: string): number {
    const print = printOf(text);
    if (print.pairs.size === 0) return 0;
    let found = 0;
    for (const band of print.bands)
      for (const id of this.#buckets.get(band) ?? []) {
        if (found !== 0 && id >= found) continue;
        const other = this.#prints.get(id)!;
        if (other.numbers === print.numbers && jaccard(other.pairs, print.pairs) >= SIMILAR) found = id;
      }
    return found;
  }

  add(id: number, text: string): void {
    const print = printOf(text);
    this.#prints.set(id, print);
    for (const band of print.bands) {
      const bucket = this.#buckets.get(band);
      if (bucket) bucket.add(id);
      else this.#buckets.set(band, new Set([id]));
    }
  }

  remove(id: number): void {
    for (const band of this.#prints.get(id)?.bands ?? []) {
      const bucket = this.#buckets.get(band);
      bucket?.delete(id);
      if (bucket?.size === 0) this.#buckets.delete(band);
    }
    this.#prints.delete(id);
  }
}
