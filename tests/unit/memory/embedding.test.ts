import { describe, expect, it } from 'vitest';
import { ok } from '../../../src/kernel/result.ts';
import type { Embedder } from '../../../src/memory/embedding.ts';
import { createEndpointEmbedder, type FetchLike } from '../../../src/memory/endpointEmbedding.ts';
import { createNeuralEmbedder, type TransformersLike } from '../../../src/memory/neuralEmbedding.ts';
import { packStaticModel, readStaticModel } from '../../../src/memory/staticEmbedding.ts';
import { VectorTier } from '../../../src/memory/vectorTier.ts';

const head = { model: 'made', dimensions: 3, words: 3, licence: 'none' };
const packed = packStaticModel(
  head,
  ['oak', 'elm', 'ship'],
  [
    [7, 1, 0],
    [6, 1, 0],
    [0, 0, -7],
  ],
);

describe('the static tier', () => {
  it('reads what was packed, and means of words are near where words are', async () => {
    const model = readStaticModel(packed);
    if (!model.ok) throw new Error(model.error.message);
    const r = await model.value.embed(['an oak', 'elm', 'The ship', 'nothing known']);
    const [oak, elm, ship, none] = r.ok ? r.value : [];
    expect(model.value.tag).toEqual({ model: 'made', dimensions: 3 });
    expect(oak![0]! / oak![1]!).toBeCloseTo(7, 1);
    expect(elm![0]).toBeGreaterThan(0);
    expect(ship![2]).toBeLessThan(0);
    expect([...none!]).toEqual([0, 0, 0]);
  });

  it.each([
    ['nothing', new Uint8Array(0)],
    ['another file', new Uint8Array(100)],
    ['a file cut short', packed.subarray(0, packed.length - 1)],
  ])('refuses %s in a sentence', (_, bytes) => {
    const r = readStaticModel(bytes);
    expect(r.ok ? '' : r.error.message).toMatch(/cannot be read: .* recall goes on/);
  });
});

describe('the endpoint tier', () => {
  const config = { baseUrl: 'https://example.org/v1/', model: 'm', dimensions: 2, apiKey: 'the-key' };
  const answering =
    (value: unknown, status = 200): FetchLike =>
    () =>
      Promise.resolve({ ok: status === 200, status, json: () => Promise.resolve(value) });

  it('asks as the protocol says, in batches, and orders vectors by their index', async () => {
    const asked: { url: string; body: { input: string[] }; key: string | undefined }[] = [];
    const embedder = createEndpointEmbedder(config, (url, init) => {
      const body = JSON.parse(init.body) as { input: string[] };
      asked.push({ url, body, key: init.headers['authorization'] });
      const data = body.input.map((text, index) => ({ index, embedding: [text.length, 1] })).reverse();
      return Promise.resolve({ ok: true, status: 200, json: () => Promise.resolve({ data }) });
    });
    const r = await embedder.embed(Array.from({ length: 100 }, (_, i) => 'x'.repeat(i)));
    expect(r.ok && r.value.map((v) => v[0])).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(asked.map((a) => a.body.input.length)).toEqual([64, 36]);
    expect(asked[0]).toMatchObject({ url: 'https://example.org/v1/embeddings', key: 'Bearer the-key' });
  });

  it.each([
    ['a status that refuses', answering({}, 401)],
    ['too few vectors', answering({ data: [] })],
    ['a vector of another size', answering({ data: [{ index: 0, embedding: [1] }] })],
    ['a vector with a hole', answering({ data: [{ index: 0, embedding: [1, null] }] })],
    ['an index that is not there', answering({ data: [{ index: 7, embedding: [1, 2] }] })],
    ['no network', () => Promise.reject(new Error('the-key leaked'))],
  ])('says %s in a sentence, without the key', async (_, fetch) => {
    const r = await createEndpointEmbedder(config, fetch).embed(['a']);
    expect(r.ok ? '' : r.error.message).toContain('recall goes on');
    expect(JSON.stringify(r)).not.toContain('the-key');
  });
});

describe('the neural tier', () => {
  const fake = (width: number): TransformersLike => ({
    env: { allowRemoteModels: true, allowLocalModels: false, localModelPath: '' },
    pipeline: () =>
      Promise.resolve((texts) =>
        Promise.resolve({
          dims: [texts.length, width],
          data: texts.flatMap((t) => Array.from({ length: width }, (_, d) => t.length + d)),
        }),
      ),
  });

  it('drives a pipeline and learns its dimensions from it; a folder of one’s own shuts the hub out', async () => {
    const module = fake(4);
    const r = await createNeuralEmbedder({ model: 'tiny', folder: '/models/' }, () =>
      Promise.resolve(module),
    );
    expect(r.ok && r.value.tag).toEqual({ model: 'tiny', dimensions: 4 });
    expect(module.env).toMatchObject({ allowRemoteModels: false, localModelPath: '/models/' });
    const vectors = r.ok ? await r.value.embed(['ab', 'abc']) : r;
    expect(vectors).toEqual(ok([Float32Array.of(2, 3, 4, 5), Float32Array.of(3, 4, 5, 6)]));
  });

  it('says when the package is not there or a model gives nothing', async () => {
    const absent = await createNeuralEmbedder({ model: 'm' }, () =>
      Promise.reject(new Error('not installed')),
    );
    expect(absent.ok ? '' : absent.error.message).toContain('not installed');
    const empty = await createNeuralEmbedder({ model: 'm' }, () => Promise.resolve(fake(0)));
    expect(empty.ok).toBe(false);
  });
});

describe('changing from one tier to another', () => {
  const made = (model: string, sign: number, fails = false): Embedder => ({
    tier: 'static',
    tag: { model, dimensions: 2 },
    embed: (texts) =>
      Promise.resolve(
        fails
          ? { ok: false, error: { reason: 'absent', message: 'gone' } }
          : ok(texts.map((t) => Float32Array.of(sign * t.length, 1))),
      ),
  });

  it('lets the old vectors serve until all are there, and takes up what came meanwhile', async () => {
    const texts = new Map(Array.from({ length: 40 }, (_, i) => [i, 'x'.repeat(i + 1)]));
    const tier = new VectorTier((id) => texts.get(id));
    const held = (): number[] => [...texts.keys()];
    expect(await tier.ask('x', 1)).toBeNull();
    for await (const step of tier.changeTo(made('old', 1), held)) expect(step.total).toBe(40);
    const change = tier.changeTo(made('new', -1), held);
    await change.next();
    expect(tier.tag?.model).toBe('old');
    texts.set(99, 'late');
    texts.delete(0);
    tier.remove(0);
    while (!(await change.next()).done);
    expect(tier.tag?.model).toBe('new');
    const meaning = await tier.ask('xxx', 40);
    expect(meaning!.nearest).toContain(99);
    expect(meaning!.nearest).not.toContain(0);
    expect(meaning!.similarity(0)).toBeNaN();
  });

  it('keeps the old vectors when the new model fails', async () => {
    const tier = new VectorTier(() => 'text');
    const drive = async (embedder: Embedder): Promise<boolean> => {
      const change = tier.changeTo(embedder, () => [1]);
      let step = await change.next();
      while (!step.done) step = await change.next();
      return step.value.ok;
    };
    expect(await drive(made('old', 1))).toBe(true);
    expect(await drive(made('new', 1, true))).toBe(false);
    expect(tier.tag?.model).toBe('old');
  });
});
