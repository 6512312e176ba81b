import { hash32 } from '../kernel/rng.ts';
import type { AgentId } from '../kernel/ids.ts';
import type { WeightedTerm } from './record.ts';

/** Bits a term and hash functions: 0.8 % false positives, the least for ten bits. */
const BITS_PER_TERM = 10;
const HASHES = 7;

/** The terms that one agent archives, as a Bloom filter (Bloom 1970). Plain data, structured-cloneable. */
export interface TermSummary {
  /** The filter: `bits.length * 32` bits, sized to the agent's own terms. */
  readonly bits: Uint32Array;
  /** Different terms that went in. */
  readonly terms: number;
}

/** The two hashes that all of a term's probes derive from (Kirsch and Mitzenmacher 2006: g_i = h1 + i h2). */
const firstHash = (term: string): number => hash32(term, 0x7ee1);
const secondHash = (term: string): number => hash32(term, 0x2145) | 1;

/** Puts `terms` (each once) into a filter of their own size. */
export function summarise(terms: readonly string[]): TermSummary {
  const bits = new Uint32Array(Math.max(1, Math.ceil((terms.length * BITS_PER_TERM) / 32)));
  const size = bits.length * 32;
  for (const term of terms) {
    let h = firstHash(term);
    const stride = secondHash(term);
    for (let i = 0; i < HASHES; i++, h = (h + stride) >>> 0) {
      const bit = h % size;
      bits[bit >>> 5]! |= 1 << (bit & 31);
    }
  }
  return { bits, terms: terms.length };
}

function mayHold(bits: Uint32Array, first: number, stride: number): boolean {
  const size = bits.length * 32;
  for (let i = 0, h = first; i < HASHES; i++, h = (h + stride) >>> 0) {
    const bit = h % size;
    if ((bits[bit >>> 5]! & (1 << (bit & 31))) === 0) return false;
  }
  return true;
}

/** Whether the term may have gone into the summary: never false for one that did, true for about 1 % of those that did not. */
export function mayKnow(summary: TermSummary, term: string): boolean {
  return summary.terms > 0 && mayHold(summary.bits, firstHash(term), secondHash(term));
}

/** Who is likely to know what: the summaries of all agents. */
export class Directory {
  readonly #summaries = new Map<AgentId, TermSummary>();

  /** Agents in the directory. */
  get size(): number {
    return this.#summaries.size;
  }

  /** Sets or replaces an agent's summary. */
  put(agent: AgentId, summary: TermSummary): void {
    this.#summaries.set(agent, summary);
  }

  delete(agent: AgentId): void {
    this.#summaries.delete(agent);
  }

  /**
   * Each different term with its inverse collection frequency, ln(1 + (N - n + 0.5) / (n + 0.5)) for n of N
   * agents that may have it: the same on every node that has the same directory, and always > 0.
   */
  weigh(terms: readonly string[]): WeightedTerm[] {
    const total = this.#summaries.size;
    return [...new Set(terms)].map((term) => {
      const first = firstHash(term);
      const stride = secondHash(term);
      let having = 0;
      for (const s of this.#summaries.values()) if (s.terms > 0 && mayHold(s.bits, first, stride)) having++;
      return { term, weight: Math.log(1 + (total - having + 0.5) / (having + 0.5)) };
    });
  }

  /**
   * The up to `k` agents likeliest to know, best first: by the summed weights of the terms that an agent's summary
   * has, ties by lower id. `except` and agents that match nothing are left out.
   */
  experts(terms: readonly WeightedTerm[], k: number, except: AgentId): AgentId[] {
    const probes = terms.map((t) => ({
      first: firstHash(t.term),
      stride: secondHash(t.term),
      weight: t.weight,
    }));
    const found: { agent: AgentId; score: number }[] = [];
    for (const [agent, summary] of this.#summaries) {
      if (agent === except || summary.terms === 0) continue;
      let score = 0;
      for (const p of probes) if (mayHold(summary.bits, p.first, p.stride)) score += p.weight;
      if (score > 0) found.push({ agent, score });
    }
    found.sort((a, b) => b.score - a.score || (a.agent < b.agent ? -1 : 1));
    return found.slice(0, k).map((f) => f.agent);
  }
}
