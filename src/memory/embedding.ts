import type { Result } from '../kernel/result.ts';
import type { VectorTag } from './vectorIndex.ts';

/** Why there are no vectors: what happened, why, and what to do next. Recall goes on without them. */
export interface EmbeddingError {
  readonly reason: 'absent' | 'refused' | 'malformed' | 'tooMany';
  readonly message: string;
}

/** What turns texts into vectors: one interface for all tiers. */
export interface Embedder {
  readonly tier: 'static' | 'neural' | 'endpoint';
  readonly tag: VectorTag;
  /** One vector a text, in their order; a text of which nothing is known has a zero vector. */
  embed(texts: readonly string[]): Promise<Result<Float32Array[], EmbeddingError>>;
}
