import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRng, type Rng } from '../../../src/kernel/rng.ts';
import { VectorIndex } from '../../../src/memory/vectorIndex.ts';
import { plainScan, simdScan } from '../../../src/memory/vectorScan.ts';

const vectorOf = (rng: Rng, dimensions: number): Float32Array =>
  Float32Array.from({ length: dimensions }, () => rng.normal());
const cosine = (a: Float32Array, b: Float32Array): number => {
  const dot = (x: Float32Array, y: Float32Array): number => x.reduce((sum, v, i) => sum + v * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};

describe('the scans', () => {
  it('in WebAssembly SIMD are there, and give what those in plain JavaScript give', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 70 }),
        fc.integer({ min: 1, max: 25 }),
        fc.nat(),
        (n, w, seed) => {
          const size = 16 * w;
          const rng = createRng(String(seed));
          const [simd, plain] = [simdScan()!, plainScan()];
          for (const scan of [simd, plain]) scan.reserve((n + 1) * size);
          for (let i = 0; i < (n + 1) * size; i++) simd.bytes[i] = plain.bytes[i] = rng.int(256) - 128;
          for (const run of ['dot', 'hamming'] as const) {
            const [a, b] = [new Int32Array(n + 1), new Int32Array(n + 1)];
            simd[run](0, size, n, size, a);
            plain[run](0, size, n, size, b);
            expect(a).toEqual(b);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('a vector index', () => {
  it('finds with SIMD what it finds without, through sets and removals', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 20 }), (seed, dimensions) => {
        const rng = createRng(String(seed));
        const tag = { model: 'made', dimensions };
        const [simd, plain] = [new VectorIndex(tag), new VectorIndex(tag, false)];
        for (let i = 0; i < 2_100; i++) {
          const vector = vectorOf(rng, dimensions);
          const id = rng.int(3_000);
          for (const index of [simd, plain])
            if (i % 5 === 4) index.remove(id);
            else index.set(id, vector);
        }
        const query = vectorOf(rng, dimensions);
        expect(simd.search(query, 10)).toEqual(plain.search(query, 10));
        expect(simd.size).toBe(plain.size);
      }),
      { numRuns: 8 },
    );
  });

  it('ranks as exact cosines do, but for what 8 bits lose', () => {
    const rng = createRng('exact');
    const index = new VectorIndex({ model: 'made', dimensions: 100 });
    const vectors = Array.from({ length: 2_500 }, () => vectorOf(rng, 100));
    vectors.forEach((vector, id) => index.set(id, vector));
    let shared = 0;
    for (let q = 0; q < 20; q++) {
      const query = vectorOf(rng, 100);
      const exact = vectors
        .map((vector, id) => ({ id, s: cosine(query, vector) }))
        .sort((a, b) => b.s - a.s)
        .slice(0, 10);
      const hits = index.search(query, 10);
      shared += hits.filter((h) => exact.some((e) => e.id === h.id)).length;
      for (const { id, similarity } of hits) {
        expect(similarity).toBeCloseTo(cosine(query, vectors[id]!), 4);
        expect(index.similarityTo(query)(id)).toBeCloseTo(similarity, 6);
      }
    }
    expect(shared / 200).toBeGreaterThanOrEqual(0.995);
  });

  it('finds nearly all by bits first, when there are too many to compare each', () => {
    const rng = createRng('bits');
    const tag = { model: 'made', dimensions: 384 };
    const [flat, bits] = [new VectorIndex(tag), new VectorIndex(tag, true, 1_000_000)];
    const topics = Array.from({ length: 50 }, () => vectorOf(rng, 384));
    const near = (): Float32Array => rng.pick(topics).map((x) => x + rng.normal());
    for (let id = 0; id < 30_000; id++) {
      const vector = near();
      for (const index of [flat, bits]) index.set(id, vector);
    }
    let shared = 0;
    for (let q = 0; q < 20; q++) {
      const query = near();
      const exact = new Set(flat.search(query, 10).map((h) => h.id));
      shared += bits.search(query, 10).filter((h) => exact.has(h.id)).length;
    }
    expect(shared / 200).toBeGreaterThanOrEqual(0.99);
  });

  it('refuses a zero vector and a vector of another size, and knows nothing of those it has not', () => {
    const index = new VectorIndex({ model: 'made', dimensions: 3 });
    expect(index.set(1, [0, 0, 0])).toBe(false);
    expect(() => index.set(1, [1, 2])).toThrow('3 numbers');
    expect(index.set(1, [1, 0, 0])).toBe(true);
    expect(index.similarityTo([1, 0, 0])(2)).toBeNaN();
    expect(index.search([0, 0, 0], 5)).toEqual([]);
  });
});
