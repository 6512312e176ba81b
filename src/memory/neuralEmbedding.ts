import { err, ok, type Result } from '../kernel/result.ts';
import type { Embedder, EmbeddingError } from './embedding.ts';

/** The slice of `@huggingface/transformers` that is used: its module, to be imported by whoever wants this tier. */
export interface TransformersLike {
  readonly pipeline: (
    task: 'feature-extraction',
    model: string,
  ) => Promise<
    (
      texts: string[],
      options: { pooling: 'mean'; normalize: boolean },
    ) => Promise<{ readonly dims: readonly number[]; readonly data: ArrayLike<number> }>
  >;
  readonly env: { allowRemoteModels: boolean; allowLocalModels: boolean; localModelPath: string };
}

export interface NeuralConfig {
  /** A model of the hub such as `Xenova/all-MiniLM-L6-v2`, or a folder's name below `folder`. */
  readonly model: string;
  /** Where models lie that are served by oneself; without it they come from the hub. */
  readonly folder?: string;
}

/**
 * Vectors from a model that runs in this thread. The package is not part of Treering: `load` imports it, for example
 * `() => import('@huggingface/transformers')` in a project that has installed it.
 */
export async function createNeuralEmbedder(
  config: NeuralConfig,
  load: () => Promise<TransformersLike>,
): Promise<Result<Embedder, EmbeddingError>> {
  const refuse = (e: unknown): Result<never, EmbeddingError> =>
    err({
      reason: 'absent',
      message: `The model ${config.model} could not be run (${e instanceof Error ? e.message : String(e)}). Check the package and the model's place; until then recall goes on with the vectors it has.`,
    });
  try {
    const { pipeline, env } = await load();
    if (config.folder !== undefined) {
      env.localModelPath = config.folder;
      env.allowLocalModels = true;
      env.allowRemoteModels = false;
    }
    const extract = await pipeline('feature-extraction', config.model);
    const run = async (texts: readonly string[]): Promise<Float32Array[]> => {
      const { dims, data } = await extract([...texts], { pooling: 'mean', normalize: true });
      const [rows, width] = [dims[0] ?? 0, dims[1] ?? 0];
      if (rows !== texts.length || data.length !== rows * width || width === 0)
        throw new Error(`it gave ${dims.join(' x ')} numbers for ${texts.length} texts`);
      return texts.map((_, i) => Float32Array.from({ length: width }, (__, d) => data[i * width + d]!));
    };
    const [probe] = await run(['tree ring']);
    return ok({
      tier: 'neural',
      tag: { model: config.model, dimensions: probe!.length },
      async embed(texts) {
        if (texts.length === 0) return ok([]);
        try {
          return ok(await run(texts));
        } catch (e) {
          return refuse(e);
        }
      },
    });
  } catch (e) {
    return refuse(e);
  }
}
