import { err, ok, type Result } from '../kernel/result.ts';
import type { EmbeddingError } from './embedding.ts';
import { createEndpointEmbedder, dimensionsOf, type FetchLike } from './endpointEmbedding.ts';
import { textsOf, vectorExaminee, type Examinee } from './exam.ts';
import type { ExamData, ExamEndpoint } from './examTypes.ts';

/** Texts fetched between two tellings of how far it is. */
const TEXTS_AT_ONCE = 512;
/** Numbers of all vectors together, four bytes each: more would be the end of a tab. */
const NUMBERS_MAX = 250_000_000;
const MEANWHILE = 'no exam was taken';

/** As the two stages with the vectors of an endpoint's model are called among the examinees. */
export const withModel = (model: string): string => `two stages with ${model}`;

/**
 * The two stages with the vectors of an endpoint. An exam wants each vector at once, so all are fetched before it begins.
 * The endpoint's key is in no message and in nothing that is returned.
 * @param onProgress hears how many of how many texts have their vector
 */
export async function endpointExaminee(
  endpoint: ExamEndpoint,
  data: ExamData,
  fetch: FetchLike,
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<Result<Examinee, EmbeddingError>> {
  const dimensions =
    endpoint.dimensions === undefined
      ? await dimensionsOf(endpoint, fetch, MEANWHILE)
      : ok(endpoint.dimensions);
  if (!dimensions.ok) return dimensions;
  const texts = textsOf(data);
  if (texts.length * dimensions.value > NUMBERS_MAX)
    return err({
      reason: 'tooMany',
      message:
        `${texts.length} texts with ${dimensions.value} numbers each are too much for this tab: ` +
        'take a smaller data set or a model with fewer dimensions.',
    });
  const embedder = createEndpointEmbedder({ ...endpoint, dimensions: dimensions.value }, fetch, MEANWHILE);
  const vectors = new Map<string, Float32Array>();
  while (vectors.size < texts.length) {
    onProgress(vectors.size, texts.length);
    const some = texts.slice(vectors.size, vectors.size + TEXTS_AT_ONCE);
    const got = await embedder.embed(some);
    if (!got.ok) return got;
    some.forEach((text, i) => vectors.set(text, got.value[i]!));
  }
  onProgress(vectors.size, texts.length);
  return ok(vectorExaminee(embedder.tag, (text) => vectors.get(text)!, withModel(endpoint.model)));
}
