import { err, type Result } from '../../kernel/result.ts';
import type { EmbeddingError } from '../../memory/embedding.ts';
import { readStaticModel, type StaticModel } from '../../memory/staticEmbedding.ts';
import type { Embed } from '../../provider/cache/semanticIndex.ts';

/** The packed word vectors lie here, relative to the page. */
const FILE = 'models/glove-100d.bin';

/** Loads the packed word vectors; the error is a sentence. */
export async function fetchWordVectors(baseUrl: string): Promise<Result<StaticModel, EmbeddingError>> {
  const url = new URL(FILE, baseUrl);
  try {
    const response = await fetch(url);
    if (response.ok) return readStaticModel(new Uint8Array(await response.arrayBuffer()));
    return absent(`${url.pathname} answers ${response.status}`);
  } catch (e) {
    return absent(e instanceof Error ? e.message : String(e));
  }
}

const absent = (why: string): Result<never, EmbeddingError> =>
  err({ reason: 'absent', message: `The word vectors could not be loaded: ${why}.` });

/** Texts as vectors of unit length; null for texts of which the model knows no word. */
export const unitVectors =
  (model: StaticModel): Embed =>
  (text) => {
    const vector = model.vectorOf(text);
    const norm = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
    return norm > 0 ? vector.map((x) => x / norm) : null;
  };
