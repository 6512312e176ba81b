import { ln } from '../kernel/maths.ts';
import { hash32 } from '../kernel/rng.ts';
import type { AgentId } from '../kernel/ids.ts';
import type { WeightedTerm } from './record.ts';

/** Bits a term and hash functions: 0.8 % false positives, the least for ten bits. */
const BITS_PER_TERM = 10;
const HASHES = 7;

/**
 * A passage's signature: 256 bits, 3 a term, so that at 55 terms one term in ten seems to be there that is not, and four
 * of them together one in ten thousand times.
 */
const SIGNATURE_WORDS = 8;
const SIGNATURE_HASHES = 3;
/** What one passage costs in a summary. */
export const SIGNATURE_BYTES = SIGNATURE_WORDS * 4;

/** What one agent archives, as Bloom filters (Bloom 1970). Plain data, structured-cloneable. */
export interface TermSummary {
  /** The filter of all terms: `bits.length * 32` bits, sized to the agent's own terms. */
  readonly bits: Uint32Array;
  /** Different terms that went in. */
  readonly terms: number;
  /** A small filter for each passage, one after the other: which terms stand together. */
  readonly passages: Uint32Array;
}

/** The two hashes that all of a term's probes derive from (Kirsch and Mitzenmacher 2006: g_i = h1 + i h2). */
const firstHash = (term: string): number => hash32(term, 0x7ee1);
function secondHash(term: string): number {
  const known = hashed.get(term);
  if (known !== undefined) return known;
  const hash = hash32(term, 0x2145) | 1;
  if (hashed.size >= HASHED_MAX) hashed.clear();
  hashed.set(term, hash);
  return hash;
}
/** Hashes of terms met before: a passage's terms are those of many others. */
const hashed = new Map<string, number>();
const HASHED_MAX = 50_000;

/** Where a probe falls: the hash as a fraction of the filter, which is faster than a remainder. */
const SCALE = 2 ** -32;

/** Puts `terms` (each once) into a filter of their own size, beside the signatures of the passages they are from. */
export function summarise(terms: readonly string[], passages: Uint32Array = new Uint32Array(0)): TermSummary {
  const bits = new Uint32Array(Math.max(1, Math.ceil((terms.length * BITS_PER_TERM) / 32)));
  const scale = bits.length * 32 * SCALE;
  for (const term of terms) {
    let h = firstHash(term);
    const stride = secondHash(term);
    for (let i = 0; i < HASHES; i++, h = (h + stride) >>> 0) {
      const bit = (h * scale) | 0;
      bits[bit >>> 5]! |= 1 << (bit & 31);
    }
  }
  return { bits, terms: terms.length, passages };
}

/** The signature of one passage's terms: to be put one after the other into `TermSummary.passages`. */
export function passageSignature(terms: Iterable<string>): Uint32Array {
  const signature = new Uint32Array(SIGNATURE_WORDS);
  for (const term of terms) {
    const hash = secondHash(term);
    for (let i = 1; i <= SIGNATURE_HASHES; i++) {
      const bit = signatureBit(hash, i);
      signature[bit >>> 5]! |= 1 << (bit & 31);
    }
  }
  return signature;
}

/** The bit of a term for its `i`th hash, from 1: a byte of the hash that the big filter uses otherwise. */
const signatureBit = (hash: number, i: number): number => (hash >>> (8 * i)) & 255;

/** The highest sum of weights of the terms that one single passage of the summary may have; 0 without passages. */
export function bestPassage(summary: TermSummary, terms: readonly WeightedTerm[]): number {
  const { passages } = summary;
  const hashes = Uint32Array.from(terms, (t) => secondHash(t.term));
  const weights = Float64Array.from(terms, (t) => t.weight);
  let best = 0;
  for (let from = 0; from < passages.length; from += SIGNATURE_WORDS) {
    let sum = 0;
    for (let t = 0; t < hashes.length; t++) {
      let i = SIGNATURE_HASHES;
      for (; i > 0; i--) {
        const bit = signatureBit(hashes[t]!, i);
        if ((passages[from + (bit >>> 5)]! & (1 << (bit & 31))) === 0) break;
      }
      if (i === 0) sum += weights[t]!;
    }
    if (sum > best) best = sum;
  }
  return best;
}

function mayHold(bits: Uint32Array, first: number, stride: number): boolean {
  const scale = bits.length * 32 * SCALE;
  for (let i = 0, h = first; i < HASHES; i++, h = (h + stride) >>> 0) {
    const bit = (h * scale) | 0;
    if ((bits[bit >>> 5]! & (1 << (bit & 31))) === 0) return false;
  }
  return true;
}

/** Whether the term may have gone into the summary: never false for one that did, true for about 1 % of those that did not. */
export function mayKnow(summary: TermSummary, term: string): boolean {
  return summary.terms > 0 && mayHold(summary.bits, firstHash(term), secondHash(term));
}

/** Which agents may have a term: 1 or 0 by slot, and how many. */
interface Column {
  readonly has: Uint8Array;
  readonly count: number;
}

/** Agents whose passages are looked at when `k` are wanted: those with the most of the terms. */
const candidatesFor = (k: number): number => 4 * k + 12;

/** Terms whose columns are kept until the directory changes: questions repeat, and `experts` follows `weigh`. */
const COLUMNS_MAX = 512;

/** Who is likely to know what: the summaries of all agents. */
export class Directory {
  /** Agents and their summaries by slot. */
  readonly #agents: AgentId[] = [];
  readonly #summaries: TermSummary[] = [];
  readonly #slots = new Map<AgentId, number>();
  readonly #columns = new Map<string, Column>();

  /** Agents in the directory. */
  get size(): number {
    return this.#agents.length;
  }

  /** Sets or replaces an agent's summary. */
  put(agent: AgentId, summary: TermSummary): void {
    const slot = this.#slots.get(agent) ?? this.#agents.length;
    this.#slots.set(agent, slot);
    this.#agents[slot] = agent;
    this.#summaries[slot] = summary;
    this.#columns.clear();
  }

  delete(agent: AgentId): void {
    const slot = this.#slots.get(agent);
    if (slot === undefined) return;
    const lastAgent = this.#agents.pop()!;
    const lastSummary = this.#summaries.pop()!;
    this.#slots.delete(agent);
    if (lastAgent !== agent) {
      this.#agents[slot] = lastAgent;
      this.#summaries[slot] = lastSummary;
      this.#slots.set(lastAgent, slot);
    }
    this.#columns.clear();
  }

  /**
   * Each different term with its inverse collection frequency, ln(1 + (N - n + 0.5) / (n + 0.5)) for n of N
   * agents that may have it: the same on every node that has the same directory, and always > 0.
   */
  weigh(terms: readonly string[]): WeightedTerm[] {
    const total = this.#agents.length;
    return [...new Set(terms)].map((term) => {
      const having = this.#column(term).count;
      return { term, weight: ln(1 + (total - having + 0.5) / (having + 0.5)) };
    });
  }

  /**
   * The up to `k` agents likeliest to know, best first: by the summed weights of the terms that an agent's summary has,
   * and, among the `4 k + 12` best of those, of the terms that one of its passages has together; ties by lower id.
   * `except` and agents that match nothing are left out.
   */
  experts(terms: readonly WeightedTerm[], k: number, except: AgentId): AgentId[] {
    const scores = new Float64Array(this.#agents.length);
    for (const { term, weight } of terms) {
      const { has } = this.#column(term);
      for (let slot = 0; slot < scores.length; slot++) scores[slot]! += weight * has[slot]!;
    }
    const found: number[] = [];
    for (let slot = 0; slot < scores.length; slot++)
      if (scores[slot]! > 0 && this.#agents[slot] !== except) found.push(slot);
    const byScore = (a: number, b: number): number =>
      scores[b]! - scores[a]! || (this.#agents[a]! < this.#agents[b]! ? -1 : 1);
    const candidates = found.sort(byScore).slice(0, candidatesFor(k));
    for (const slot of candidates) scores[slot]! += bestPassage(this.#summaries[slot]!, terms);
    return candidates
      .sort(byScore)
      .slice(0, k)
      .map((slot) => this.#agents[slot]!);
  }

  #column(term: string): Column {
    const known = this.#columns.get(term);
    if (known) return known;
    const first = firstHash(term);
    const stride = secondHash(term);
    const has = new Uint8Array(this.#agents.length);
    let count = 0;
    for (let slot = 0; slot < has.length; slot++) {
      const summary = this.#summaries[slot]!;
      if (summary.terms > 0 && mayHold(summary.bits, first, stride)) {
        has[slot] = 1;
        count++;
      }
    }
    if (this.#columns.size >= COLUMNS_MAX) this.#columns.clear();
    const column = { has, count };
    this.#columns.set(term, column);
    return column;
  }
}
