import { assert } from '../kernel/assert.ts';
import type { VectorTag } from './vectorIndex.ts';

/** The unit vectors of one memory's sentences, 8 bits a number, and what one step is worth in each. */
interface Sentences {
  readonly steps: Int8Array;
  readonly scales: Float32Array;
}

/**
 * Vectors of the sentences of memories. A long memory's own vector is a mean of all that it says: what only one of its
 * sentences says is hardly seen in it.
 */
export class SentenceVectors {
  readonly tag: VectorTag;
  readonly #memories = new Map<number, Sentences>();
  #bytes = 0;

  constructor(tag: VectorTag) {
    this.tag = tag;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Sets the vectors of a memory's sentences; zero vectors say nothing and are left out. Throws AssertionError for another size. */
  set(id: number, vectors: readonly ArrayLike<number>[]): void {
    this.remove(id);
    const { dimensions } = this.tag;
    const steps = new Int8Array(vectors.length * dimensions);
    const scales = new Float32Array(vectors.length);
    let n = 0;
    for (const vector of vectors) {
      assert(vector.length === dimensions, `a vector of ${this.tag.model} has ${dimensions} numbers`);
      let squares = 0;
      let top = 0;
      for (let d = 0; d < dimensions; d++) {
        const x = Math.abs(vector[d]!);
        squares += x * x;
        if (x > top) top = x;
      }
      if (!(top > 0) || !Number.isFinite(squares)) continue;
      for (let d = 0; d < dimensions; d++) steps[n * dimensions + d] = Math.round((vector[d]! * 127) / top);
      scales[n++] = top / (127 * Math.sqrt(squares));
    }
    if (n === 0) return;
    const kept = { steps: steps.slice(0, n * dimensions), scales: scales.slice(0, n) };
    this.#memories.set(id, kept);
    this.#bytes += bytesOf(kept);
  }

  remove(id: number): void {
    const known = this.#memories.get(id);
    if (known === undefined) return;
    this.#bytes -= bytesOf(known);
    this.#memories.delete(id);
  }

  /** How similar the most similar sentence of each memory is to the query, from -1 to 1; NaN for a memory without any. */
  bestTo(query: ArrayLike<number>): (id: number) => number {
    const { dimensions } = this.tag;
    assert(query.length === dimensions, `a query needs ${dimensions} numbers`);
    let squares = 0;
    for (let d = 0; d < dimensions; d++) squares += query[d]! * query[d]!;
    const unit = Float64Array.from({ length: dimensions }, (_, d) => query[d]! / Math.sqrt(squares));
    return (id) => {
      const known = this.#memories.get(id);
      if (known === undefined || !(squares > 0)) return NaN;
      const { steps, scales } = known;
      let best = -1;
      for (let s = 0, at = 0; s < scales.length; s++) {
        let sum = 0;
        for (let d = 0; d < dimensions; d++) sum += unit[d]! * steps[at++]!;
        if (sum * scales[s]! > best) best = sum * scales[s]!;
      }
      return best;
    };
  }
}

/** What a memory costs beside its numbers: its place in the map, and two array heads. */
const ENTRY_BYTES = 240;
const bytesOf = ({ steps, scales }: Sentences): number => steps.length + 4 * scales.length + ENTRY_BYTES;
