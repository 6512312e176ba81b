import { ok, type Result } from '../kernel/result.ts';
import type { Embedder, EmbeddingError } from './embedding.ts';
import { VectorIndex, type VectorTag } from './vectorIndex.ts';

/** Texts embedded in one go while re-embedding. */
const BATCH = 32;

/** What a question's vector says of the memories. */
export interface Meaning {
  readonly similarity: (id: number) => number;
  /** The most similar memories. */
  readonly nearest: readonly number[];
}

/** Where re-embedding stands. */
export interface TierProgress {
  readonly done: number;
  readonly total: number;
}

/**
 * The vectors of one memory. Another embedder takes over once all memories have its vectors; until then the old one
 * serves, so that no question is answered with vectors of two models.
 */
export class VectorTier {
  #embedder: Embedder | null = null;
  #vectors: VectorIndex | null = null;
  #next: VectorIndex | null = null;
  readonly #texts: (id: number) => string | undefined;

  /** @param texts what a memory says; undefined for one that is not held */
  constructor(texts: (id: number) => string | undefined) {
    this.#texts = texts;
  }

  /** The model whose vectors serve; null before the first. */
  get tag(): VectorTag | null {
    return this.#vectors?.tag ?? null;
  }

  get bytes(): number {
    return (this.#vectors?.bytes ?? 0) + (this.#next?.bytes ?? 0);
  }

  /** Embeds a new memory with the model that serves. */
  async add(id: number): Promise<Result<void, EmbeddingError>> {
    const text = this.#texts(id);
    const [embedder, vectors] = [this.#embedder, this.#vectors];
    if (!embedder || !vectors || text === undefined) return ok(undefined);
    const r = await embedder.embed([text]);
    if (!r.ok) return r;
    if (this.#texts(id) !== undefined) vectors.set(id, r.value[0]!);
    return ok(undefined);
  }

  remove(id: number): void {
    this.#vectors?.remove(id);
    this.#next?.remove(id);
  }

  /**
   * Embeds all memories anew, a few between other work, and then changes over. A failure, or a caller that asks no
   * further, leaves the old vectors serving.
   * @param held ids of the memories, asked again until nothing new has come
   */
  async *changeTo(
    embedder: Embedder,
    held: () => readonly number[],
  ): AsyncGenerator<TierProgress, Result<void, EmbeddingError>> {
    const next = new VectorIndex(embedder.tag);
    const tried = new Set<number>();
    this.#next = next;
    try {
      for (;;) {
        const missing = held().filter((id) => !tried.has(id));
        if (missing.length === 0) break;
        const ids = missing.slice(0, BATCH);
        const r = await embedder.embed(ids.map((id) => this.#texts(id) ?? ''));
        if (!r.ok) return r;
        ids.forEach((id, i) => {
          tried.add(id);
          if (this.#texts(id) !== undefined) next.set(id, r.value[i]!);
        });
        yield { done: tried.size, total: tried.size + missing.length - ids.length };
      }
      this.#embedder = embedder;
      this.#vectors = next;
      return ok(undefined);
    } finally {
      this.#next = null;
    }
  }

  /** What the question means among the memories; null without vectors, or when it could not be embedded. */
  async ask(question: string, k: number): Promise<Meaning | null> {
    const [embedder, vectors] = [this.#embedder, this.#vectors];
    if (!embedder || !vectors) return null;
    const r = await embedder.embed([question]);
    if (!r.ok) return null;
    return {
      similarity: vectors.similarityTo(r.value[0]!),
      nearest: vectors.search(r.value[0]!, k).map((hit) => hit.id),
    };
  }
}
