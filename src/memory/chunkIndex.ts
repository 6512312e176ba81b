import { exp } from '../kernel/maths.ts';
import { inverseFrequency, saturated } from './bm25.ts';
import type { Span } from './chunk.ts';
import { analyse } from './text.ts';

/** A chunk of one of several texts. */
export interface ChunkPlace extends Span {
  /** Which text, by its place among those given. */
  readonly text: number;
}

/** A chunk also carries the terms of those 1, 2 and 3 away, at these weights. */
const NEIGHBOURS = [0.5, 0.3, 0.15];

/** A chunk found, by its place among the chunks given. */
export interface ChunkHit {
  readonly chunk: number;
  readonly score: number;
}

interface Posting {
  readonly chunk: number;
  readonly count: number;
}

/** How much is wanted back. */
export interface AssemblyOptions {
  /** Spans, at most. */
  readonly spans: number;
  /** Stop once the chosen chunks hold this share of the likelihood of all that were considered, 0 to 1. */
  readonly share: number;
  /** Stop before the spans hold more tokens. */
  readonly tokensMax: number;
}

/** How fast likelihood falls with score: a chunk this much below the best, as a share of it, is e times less likely. */
const TEMPERATURE = 0.125;
/** Chunks considered for an assembly, best first. */
const CONSIDERED = 200;
/** Two chosen chunks at most this many chunks apart become one span, with what is between. */
const GAP = 5;

/** Chunks of texts found by Okapi BM25 over their own and their neighbours' terms; chunks of one text come in order. */
export class ChunkIndex {
  readonly #chunks: readonly ChunkPlace[];
  readonly #postings = new Map<string, Posting[]>();
  readonly #frequencies = new Map<string, number>();
  readonly #lengths: Float64Array;
  readonly #meanLength: number;

  /** @param neighbours whether a chunk carries its neighbours' terms too */
  constructor(texts: readonly string[], chunks: readonly ChunkPlace[], neighbours = true) {
    this.#chunks = chunks;
    this.#lengths = new Float64Array(chunks.length);
    const own = chunks.map(({ text, from, to }) => analyse(texts[text]!.slice(from, to)));
    own.forEach((terms, i) => {
      for (const term of new Set(terms)) this.#frequencies.set(term, (this.#frequencies.get(term) ?? 0) + 1);
      const counts = new Map<string, number>();
      const take = (j: number, weight: number): void => {
        if (chunks[j]?.text !== chunks[i]!.text) return;
        for (const term of own[j]!) counts.set(term, (counts.get(term) ?? 0) + weight);
        this.#lengths[i]! += weight * own[j]!.length;
      };
      take(i, 1);
      if (neighbours)
        NEIGHBOURS.forEach((weight, k) => {
          take(i - k - 1, weight);
          take(i + k + 1, weight);
        });
      for (const [term, count] of counts) this.#list(term).push({ chunk: i, count });
    });
    this.#meanLength = this.#lengths.reduce((a, b) => a + b, 0) / Math.max(1, chunks.length);
  }

  #list(term: string): Posting[] {
    let list = this.#postings.get(term);
    if (!list) this.#postings.set(term, (list = []));
    return list;
  }

  /** The up to `k` best chunks by number with their scores, best first, ties by lower number. */
  search(query: string, k = CONSIDERED): ChunkHit[] {
    const n = this.#chunks.length;
    const scores = new Map<number, number>();
    for (const term of new Set(analyse(query))) {
      const having = this.#frequencies.get(term) ?? 0;
      const weight = inverseFrequency(n, having);
      for (const { chunk, count } of this.#postings.get(term) ?? []) {
        const part = weight * saturated(count, this.#lengths[chunk]!, this.#meanLength);
        scores.set(chunk, (scores.get(chunk) ?? 0) + part);
      }
    }
    return [...scores]
      .map(([chunk, score]) => ({ chunk, score }))
      .sort((a, b) => b.score - a.score || a.chunk - b.chunk)
      .slice(0, k);
  }

  /** The up to `k` best chunks themselves. */
  find(query: string, k: number): ChunkPlace[] {
    return this.search(query, k).map(({ chunk }) => this.#chunks[chunk]!);
  }

  /**
   * Spans put together out of what `search` found: best first, neighbours joined, until they hold `share` of the
   * likelihood. A clear winner gives a short answer, a flat field of scores a long one. In the order of the texts.
   */
  assemble(found: readonly ChunkHit[], { spans, share, tokensMax }: AssemblyOptions): ChunkPlace[] {
    const top = found[0]?.score ?? 0;
    const likelihood = new Map(
      found.map(({ chunk, score }) => [chunk, exp((score / top - 1) / TEMPERATURE)]),
    );
    let left = share * [...likelihood.values()].reduce((a, b) => a + b, 0);
    let tokens = 0;
    let runs = 0;
    const chosen = new Set<number>();
    for (const { chunk } of found) {
      if (left <= 0) break;
      if (chosen.has(chunk)) continue;
      const bridge = this.#bridge(chunk, chosen);
      if (bridge.length === 0 && runs >= spans) continue;
      const more = [chunk, ...bridge].filter((i) => !chosen.has(i));
      const cost = more.reduce(
        (sum, i) => sum + Math.ceil((this.#chunks[i]!.to - this.#chunks[i]!.from) / 4),
        0,
      );
      if (tokens + cost > tokensMax) continue;
      if (bridge.length === 0) runs++;
      tokens += cost;
      for (const i of more) {
        chosen.add(i);
        left -= likelihood.get(i) ?? 0;
      }
    }
    const out: ChunkPlace[] = [];
    for (const i of [...chosen].sort((a, b) => a - b)) {
      const { text, from, to } = this.#chunks[i]!;
      const last = out.at(-1);
      if (last?.text === text && from <= last.to) out[out.length - 1] = { text, from: last.from, to };
      else out.push({ text, from, to });
    }
    return out;
  }

  /** From a neighbouring chosen chunk (inclusive) to this one (exclusive); empty when none is near. */
  #bridge(chunk: number, chosen: ReadonlySet<number>): number[] {
    const { text } = this.#chunks[chunk]!;
    for (let gap = 1; gap <= GAP + 1; gap++)
      for (const step of [-1, 1]) {
        const other = chunk + step * gap;
        if (!chosen.has(other) || this.#chunks[other]?.text !== text) continue;
        return Array.from({ length: gap }, (_, i) => chunk + step * (i + 1));
      }
    return [];
  }
}
