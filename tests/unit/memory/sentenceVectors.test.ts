import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRng, type Rng } from '../../../src/kernel/rng.ts';
import { createRecallIndex } from '../../../src/memory/recallIndex.ts';
import { SentenceVectors } from '../../../src/memory/sentenceVectors.ts';

const tag = { model: 'made', dimensions: 24 };
const vectorOf = (rng: Rng): number[] => Array.from({ length: tag.dimensions }, () => rng.normal());
const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, x, i) => sum + x * b[i]!, 0);
const cosine = (a: readonly number[], b: readonly number[]): number =>
  dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));

describe('vectors of sentences', () => {
  it('tell how similar the best sentence of each memory is, as exactly as 8 bits a number allow', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 8 }),
        (seed, lengths) => {
          const rng = createRng(String(seed));
          const memories = lengths.map((n) => Array.from({ length: n }, () => vectorOf(rng)));
          const held = new SentenceVectors(tag);
          memories.forEach((vectors, id) => held.set(id, vectors));
          const query = vectorOf(rng);
          const best = held.bestTo(query);
          memories.forEach((vectors, id) => {
            const wanted = Math.max(...vectors.map((v) => cosine(query, v)));
            expect(Math.abs(best(id) - wanted)).toBeLessThan(0.01);
          });
        },
      ),
      { numRuns: 50 },
    );
  });

  it('know nothing of a memory that has none, and give back what a removed one took', () => {
    const rng = createRng('removed');
    const held = new SentenceVectors(tag);
    const zero = new Array<number>(tag.dimensions).fill(0);
    held.set(1, [zero, zero]);
    expect(held.bytes).toBe(0);
    held.set(2, [zero, vectorOf(rng)]);
    held.set(2, [vectorOf(rng)]);
    const { bytes } = held;
    held.set(3, [vectorOf(rng)]);
    expect(held.bytes).toBe(2 * bytes);
    const best = held.bestTo(vectorOf(rng));
    expect(best(1)).toBeNaN();
    expect(best(2)).not.toBeNaN();
    held.remove(2);
    held.remove(3);
    expect(held.bytes).toBe(0);
    expect(best(2)).toBeNaN();
    expect(held.bestTo(zero)(2)).toBeNaN();
    expect(() => held.set(4, [[1, 2]])).toThrow('24 numbers');
  });

  it('bring a passage forward whose one sentence means what is asked', () => {
    const index = createRecallIndex();
    const texts = [
      'The harbour was widened. Ships came in at night. The market grew.',
      'The harbour was widened. Sheep were shorn in spring. The market grew.',
      'The harbour was widened. Bread was baked at dawn. The market grew.',
    ];
    for (const text of texts) index.add({ text, speaker: '', date: '', ring: '', thread: '' });
    const held = new SentenceVectors(tag);
    const axis = (d: number): number[] => Array.from({ length: tag.dimensions }, (_, i) => (i === d ? 1 : 0));
    [1, 2, 3].forEach((own, id) => held.set(id, [axis(0), axis(own), axis(4)]));
    const ask = (about: number): number[] =>
      index
        .recall('harbour market', 3, { sentenceSimilarity: held.bestTo(axis(about)) })
        .map((hit) => hit.id);
    expect([1, 2, 3].map((about) => ask(about)[0])).toEqual([0, 1, 2]);
  });
});
