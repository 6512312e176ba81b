import { inverseFrequency, saturated } from './bm25.ts';
import type { WeightedTerm } from './record.ts';
import type { TermSummary } from './termSummary.ts';

/** A term counts half for an agent that has it in so many passages, and more the more there are. */
const HALF_AT = 2;

/**
 * An inverted index over the passages of all agents (Zobel and Moffat 2006): by term, the passages that have it, in typed
 * arrays outside of the heap. Agents are told by their place in `summaries`.
 */
export class TermPostings {
  /** The owner of each passage. */
  readonly #agentOf: Uint32Array;
  /** What a term counts in each passage: less in one of many terms. */
  readonly #counts: Float64Array;
  /** Open addressing: a term's hash, and its number from 1 where the place is taken. */
  #hashes = new Uint32Array(1_024);
  #numbers = new Uint32Array(1_024);
  #terms = 0;
  /** By term: where its passages begin in `#passages`; they end where those of the next begin. */
  readonly #starts: Uint32Array;
  readonly #passages: Uint32Array;
  /** Of `score`, all zero between calls: sums of passages and agents, the best passage's of each agent, and who has any. */
  readonly #ofPassage: Float64Array;
  readonly #ofAgent: Float64Array;
  readonly #bestOf: Float64Array;
  readonly #foundPassages: Uint32Array;
  readonly #foundAgents: Uint32Array;

  constructor(summaries: readonly TermSummary[]) {
    let passages = 0;
    let total = 0;
    for (const { ends, hashes } of summaries) {
      passages += ends.length;
      total += hashes.length;
    }
    this.#agentOf = new Uint32Array(passages);
    this.#counts = new Float64Array(passages);
    const termOf = new Uint32Array(total);
    const passageOf = new Uint32Array(total);
    let counts = new Uint32Array(1_024);
    let passage = 0;
    let at = 0;
    summaries.forEach(({ ends, hashes }, agent) => {
      let from = 0;
      for (const end of ends) {
        this.#counts[passage] = saturated(1, end - from, total / passages);
        for (; from < end; from++, at++) {
          const term = this.#add(hashes[from]!);
          if (term >= counts.length) {
            const grown = new Uint32Array(2 * counts.length);
            grown.set(counts);
            counts = grown;
          }
          counts[term]!++;
          termOf[at] = term;
          passageOf[at] = passage;
        }
        this.#agentOf[passage++] = agent;
      }
    });
    this.#starts = new Uint32Array(this.#terms + 1);
    for (let term = 0; term < this.#terms; term++)
      this.#starts[term + 1] = this.#starts[term]! + counts[term]!;
    // Filled in the order of passages, so each term's passages are ascending, and those of one agent stand together.
    const next = this.#starts.slice();
    this.#passages = new Uint32Array(total);
    for (let i = 0; i < total; i++) this.#passages[next[termOf[i]!]!++] = passageOf[i]!;
    this.#ofPassage = new Float64Array(passages);
    this.#ofAgent = new Float64Array(summaries.length);
    this.#bestOf = new Float64Array(summaries.length);
    this.#foundPassages = new Uint32Array(passages);
    this.#foundAgents = new Uint32Array(summaries.length);
  }

  /** The place of a hash in the table, or the free one where it belongs. */
  #placeOf(hash: number): number {
    const mask = this.#hashes.length - 1;
    let place = hash & mask;
    while (this.#numbers[place] !== 0 && this.#hashes[place] !== hash) place = (place + 1) & mask;
    return place;
  }

  /** The number of a term, from 0; a new one when it is met first. */
  #add(hash: number): number {
    const place = this.#placeOf(hash);
    const number = this.#numbers[place]!;
    if (number !== 0) return number - 1;
    this.#hashes[place] = hash;
    this.#numbers[place] = ++this.#terms;
    if (2 * this.#terms > this.#hashes.length) this.#grow();
    return this.#terms - 1;
  }

  #grow(): void {
    const [hashes, numbers] = [this.#hashes, this.#numbers];
    this.#hashes = new Uint32Array(2 * hashes.length);
    this.#numbers = new Uint32Array(2 * hashes.length);
    for (let i = 0; i < hashes.length; i++) {
      if (numbers[i] === 0) continue;
      const place = this.#placeOf(hashes[i]!);
      this.#hashes[place] = hashes[i]!;
      this.#numbers[place] = numbers[i]!;
    }
  }

  /** The number of a term, from 0; -1 for one that nobody has. */
  #numberOf(hash: number): number {
    return this.#numbers[this.#placeOf(hash)]! - 1;
  }

  /** How many agents have a term. */
  agentsWith(hash: number): number {
    const term = this.#numberOf(hash);
    if (term < 0) return 0;
    let last = -1;
    let n = 0;
    for (let i = this.#starts[term]!; i < this.#starts[term + 1]!; i++) {
      const agent = this.#agentOf[this.#passages[i]!]!;
      if (agent !== last) n++;
      last = agent;
    }
    return n;
  }

  /**
   * Calls `found` with every agent that has one of the terms: the BM25 of its best passage, with the mean of a term's
   * weight (> 0) and of its inverse frequency among all passages; and what the agent has of the terms altogether, each
   * weight by the share c / (c + 2) for the c of its passages that have it. In no particular order.
   * @param hashes of `terms`, in their order
   */
  score(
    hashes: readonly number[],
    terms: readonly WeightedTerm[],
    found: (agent: number, score: number) => void,
  ): void {
    let passages = 0;
    let agents = 0;
    terms.forEach(({ weight }, t) => {
      const term = this.#numberOf(hashes[t]!);
      if (term < 0) return;
      const start = this.#starts[term]!;
      const end = this.#starts[term + 1]!;
      const inPassage = (weight + inverseFrequency(this.#agentOf.length, end - start)) / 2;
      for (let i = start; i < end;) {
        const agent = this.#agentOf[this.#passages[i]!]!;
        const first = i;
        for (; i < end && this.#agentOf[this.#passages[i]!] === agent; i++) {
          const passage = this.#passages[i]!;
          if (this.#ofPassage[passage] === 0) this.#foundPassages[passages++] = passage;
          this.#ofPassage[passage]! += inPassage * this.#counts[passage]!;
        }
        if (this.#ofAgent[agent] === 0) this.#foundAgents[agents++] = agent;
        this.#ofAgent[agent]! += (weight * (i - first)) / (i - first + HALF_AT);
      }
    });
    for (let i = 0; i < passages; i++) {
      const passage = this.#foundPassages[i]!;
      const agent = this.#agentOf[passage]!;
      if (this.#ofPassage[passage]! > this.#bestOf[agent]!) this.#bestOf[agent] = this.#ofPassage[passage]!;
      this.#ofPassage[passage] = 0;
    }
    for (let i = 0; i < agents; i++) {
      const agent = this.#foundAgents[i]!;
      const score = this.#ofAgent[agent]! + this.#bestOf[agent]!;
      this.#ofAgent[agent] = this.#bestOf[agent] = 0;
      found(agent, score);
    }
  }
}
