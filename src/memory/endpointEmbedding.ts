import { err, ok, type Result } from '../kernel/result.ts';
import type { Embedder, EmbeddingError } from './embedding.ts';

/** The slice of `fetch` that is used. */
export type FetchLike = (
  url: string,
  init: { method: string; headers: Record<string, string>; body: string },
) => Promise<{ readonly ok: boolean; readonly status: number; json(): Promise<unknown> }>;

export interface EndpointConfig {
  /** e.g. `https://example.org/v1`; `/embeddings` is added. */
  readonly baseUrl: string;
  readonly model: string;
  readonly dimensions: number;
  /** Stays in memory: it goes into the request's header and nowhere else, into no message either. */
  readonly apiKey?: string;
}

/** Texts of one request. */
const BATCH = 64;
/** What recall does while an endpoint gives no vectors. */
const MEANWHILE = 'until then recall goes on with the vectors it has';

/**
 * One request. The vectors have to be of one length: `dimensions`, or with null that of the first.
 * @param meanwhile what the caller does without them: the end of the sentence of a refusal
 */
async function request(
  { baseUrl, model, apiKey }: Omit<EndpointConfig, 'dimensions'>,
  dimensions: number | null,
  input: readonly string[],
  fetch: FetchLike,
  meanwhile: string,
): Promise<Result<Float32Array[], EmbeddingError>> {
  const refuse = (reason: EmbeddingError['reason'], what: string): Result<never, EmbeddingError> =>
    err({
      reason,
      message: `The embedding endpoint ${what}. Check its address, model and key; ${meanwhile}.`,
    });
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (apiKey !== undefined && apiKey !== '') headers['authorization'] = `Bearer ${apiKey}`;
  let value: unknown;
  try {
    const response = await fetch(`${baseUrl.replace(/\/+$/, '')}/embeddings`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ model, input, encoding_format: 'float' }),
    });
    if (!response.ok) return refuse('refused', `answered with status ${response.status}`);
    value = await response.json();
  } catch {
    return refuse('absent', 'cannot be reached or gave no JSON');
  }
  const data = (value as { data?: unknown } | null)?.data;
  if (!Array.isArray(data) || data.length !== input.length)
    return refuse('malformed', `did not give ${input.length} vectors`);
  const vectors = new Array<Float32Array | undefined>(input.length).fill(undefined);
  let length = dimensions;
  for (const [i, item] of (data as ({ index?: unknown; embedding?: unknown } | null)[]).entries()) {
    const at = typeof item?.index === 'number' ? item.index : i;
    const { embedding } = item ?? {};
    if (Array.isArray(embedding) && embedding.length > 0) length ??= embedding.length;
    if (!Array.isArray(embedding) || embedding.length !== length || !embedding.every(Number.isFinite))
      return refuse('malformed', `gave a vector that is not ${length ?? 'a row of'} numbers`);
    vectors[at] = Float32Array.from(embedding as number[]);
  }
  if (vectors.length !== input.length || vectors.includes(undefined))
    return refuse('malformed', 'numbered its vectors wrongly');
  return ok(vectors as Float32Array[]);
}

/** How many numbers the endpoint's vectors have: asks for one. */
export async function dimensionsOf(
  config: Omit<EndpointConfig, 'dimensions'>,
  fetch: FetchLike,
  meanwhile = MEANWHILE,
): Promise<Result<number, EmbeddingError>> {
  const one = await request(config, null, ['Treering'], fetch, meanwhile);
  return one.ok ? ok(one.value[0]!.length) : one;
}

/** Vectors from any endpoint that speaks OpenAI's `/v1/embeddings`. */
export function createEndpointEmbedder(
  config: EndpointConfig,
  fetch: FetchLike,
  meanwhile = MEANWHILE,
): Embedder {
  const { model, dimensions } = config;
  return {
    tier: 'endpoint',
    tag: { model, dimensions },
    async embed(texts) {
      const all: Float32Array[] = [];
      for (let from = 0; from < texts.length; from += BATCH) {
        const r = await request(config, dimensions, texts.slice(from, from + BATCH), fetch, meanwhile);
        if (!r.ok) return r;
        all.push(...r.value);
      }
      return ok(all);
    },
  };
}
