import { inverseFrequency } from './bm25.ts';
import { hash32 } from '../kernel/rng.ts';
import type { AgentId } from '../kernel/ids.ts';
import { TermPostings } from './termPostings.ts';
import type { TermSummary } from './termSummary.ts';
import type { WeightedTerm } from './record.ts';

const isEqual = (a: Uint32Array, b: Uint32Array): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i]);

/** An agent that is likely to know, and how likely. */
interface Candidate {
  readonly agent: AgentId;
  readonly score: number;
}

/** Who is likely to know what: the summaries of all agents, as an inverted index that is built when it is first asked. */
export class Directory {
  /** Agents and their summaries by slot. */
  readonly #agents: AgentId[] = [];
  readonly #summaries: TermSummary[] = [];
  readonly #slots = new Map<AgentId, number>();
  #postings: TermPostings | null = null;

  /** Agents in the directory. */
  get size(): number {
    return this.#agents.length;
  }

  /** Sets or replaces an agent's summary. */
  put(agent: AgentId, summary: TermSummary): void {
    const slot = this.#slots.get(agent) ?? this.#agents.length;
    const known = this.#summaries[slot];
    // An agent that came back from a crash says what it said before.
    if (known && isEqual(known.ends, summary.ends) && isEqual(known.hashes, summary.hashes)) return;
    this.#slots.set(agent, slot);
    this.#agents[slot] = agent;
    this.#summaries[slot] = summary;
    this.#postings = null;
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
    this.#postings = null;
  }

  /**
   * Each different term with its inverse frequency (see `inverseFrequency`) among the agents that may have it: the same on
   * every node that has the same directory, and always > 0.
   */
  weigh(terms: readonly string[]): WeightedTerm[] {
    const postings = this.#built();
    const total = this.#agents.length;
    return [...new Set(terms)].map((term) => {
      const having = postings.agentsWith(hash32(term));
      return { term, weight: inverseFrequency(total, having) };
    });
  }

  /**
   * The up to `k` agents likeliest to know, best first (see `TermPostings.score`); ties by lower id. `except` and agents that
   * match nothing are left out.
   * @param terms different ones
   */
  experts(terms: readonly WeightedTerm[], k: number, except: AgentId): AgentId[] {
    const best: Candidate[] = [];
    if (k <= 0) return [];
    const hashes = terms.map(({ term }) => hash32(term));
    this.#built().score(hashes, terms, (slot, score) => {
      if (best.length === k && score < best[k - 1]!.score) return;
      const agent = this.#agents[slot]!;
      if (agent === except) return;
      let at = best.length;
      while (at > 0 && isBefore(agent, score, best[at - 1]!)) at--;
      if (at === k) return;
      best.splice(at, 0, { agent, score });
      if (best.length > k) best.pop();
    });
    return best.map((candidate) => candidate.agent);
  }

  #built(): TermPostings {
    return (this.#postings ??= new TermPostings(this.#summaries));
  }
}

const isBefore = (agent: AgentId, score: number, other: Candidate): boolean =>
  score > other.score || (score === other.score && agent < other.agent);
