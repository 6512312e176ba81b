import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chunkFixed, chunkRecursive, trimSpan, type Span } from '../../../src/memory/chunk.ts';
import { chunkBreakpoint, chunkCluster, type Embed } from '../../../src/memory/chunkCluster.ts';
import { ChunkIndex, type ChunkPlace } from '../../../src/memory/chunkIndex.ts';
import { analyse } from '../../../src/memory/text.ts';
import { scoreChunks, type Stretch } from '../../harness/chunkScore.ts';

const prose = fc
  .array(
    fc.constantFrom('oak', 'the railway', 'a treaty.', 'Winter?\n', '\n\n', 'harvest,', '木。', '🌲', ' '),
    {
      maxLength: 120,
    },
  )
  .map((parts) => parts.join(' '));

/** A direction for each topic word: as different as can be. */
const topics = ['oak', 'railway', 'treaty', 'harvest'];
const embed: Embed = (text) => Float32Array.from(topics, (word) => text.split(word).length - 1);

function isPartition(text: string, chunks: readonly Span[], tokensMax: number): void {
  expect(chunks.map(({ from, to }) => text.slice(from, to)).join('')).toBe(text);
  chunks.forEach((chunk, i) => {
    expect(chunk.from).toBe(i === 0 ? 0 : chunks[i - 1]!.to);
    expect(chunk.to).toBeGreaterThan(chunk.from);
    expect(Math.ceil((chunk.to - chunk.from) / 4)).toBeLessThanOrEqual(tokensMax);
    expect(text.slice(chunk.from, chunk.to)).not.toMatch(/^[\uDC00-\uDFFF]/);
  });
}

describe('chunkers', () => {
  it('cut every text into pieces that are together the whole text, none too long', () => {
    fc.assert(
      fc.property(prose, fc.integer({ min: 2, max: 60 }), (text, tokens) => {
        isPartition(text, chunkRecursive(text, tokens), tokens);
        isPartition(text, chunkFixed(text, tokens), tokens);
        isPartition(text, chunkCluster(text, tokens, embed, Math.min(5, tokens)), tokens);
        isPartition(text, chunkBreakpoint(text, tokens, embed, 5), Infinity);
      }),
    );
  });

  it('recursive chunking keeps paragraphs whole while they fit, and sentences when they do not', () => {
    const text = 'First sentence here. Second one.\n\nAnother paragraph that stands alone.';
    expect(chunkRecursive(text, 12).map(({ from, to }) => text.slice(from, to).trim())).toEqual([
      'First sentence here. Second one.',
      'Another paragraph that stands alone.',
    ]);
    expect(
      chunkRecursive(text, 6)
        .map((s) => trimSpan(text, s))
        .map(({ from, to }) => text.slice(from, to))[0],
    ).toBe('First sentence here.');
  });

  it('fixed chunks overlap by what was asked for, and refuse an overlap that is no step forward', () => {
    const text = 'x'.repeat(400);
    const chunks = chunkFixed(text, 30, 10);
    for (let i = 1; i < chunks.length; i++) expect(chunks[i - 1]!.to - chunks[i]!.from).toBe(40);
    expect(() => chunkFixed(text, 10, 10)).toThrow(RangeError);
  });

  it('cluster and breakpoint chunking cut where the topic changes', () => {
    const text = `${'oak '.repeat(20)}${'treaty '.repeat(12)}${'harvest '.repeat(10)}`;
    const starts = (chunks: readonly Span[]): string[] =>
      chunks.map(({ from }) => text.slice(from).split(' ')[0]!);
    const expected = ['oak', 'treaty', 'harvest'];
    expect(starts(chunkCluster(text, 40, embed, 4))).toEqual(expected);
    expect([...new Set(starts(chunkBreakpoint(text, 22, embed, 4)))]).toEqual(
      expect.arrayContaining(['oak']),
    );
  });

  it('cluster chunking finds the best segmentation that trying all of them finds', () => {
    const word = fc.constantFrom(...topics);
    fc.assert(
      fc.property(fc.array(word, { minLength: 2, maxLength: 8 }), (wordsOf) => {
        // Every piece is one word: four tokens hold up to 16 characters, and a word fills its 12 with spaces.
        const text = wordsOf.map((w) => w.padEnd(15, '.') + ' ').join('');
        const n = wordsOf.length;
        const v = wordsOf.map((w) => topics.indexOf(w));
        const same = (a: number, b: number): number => (v[a] === v[b] ? 1 : 0);
        let all = 0;
        for (let a = 0; a < n; a++) for (let b = 0; b < n; b++) if (a !== b) all += same(a, b);
        const mean = all / (n * (n - 1));
        const reward = (bounds: readonly number[]): number => {
          let sum = 0;
          for (let i = 1; i < bounds.length; i++)
            for (let a = bounds[i - 1]!; a < bounds[i]!; a++)
              for (let b = bounds[i - 1]!; b < bounds[i]!; b++) if (a !== b) sum += same(a, b) - mean;
          return sum;
        };
        let best = -Infinity;
        for (let mask = 0; mask < 1 << (n - 1); mask++) {
          const bounds = [
            0,
            ...Array.from({ length: n - 1 }, (_, i) => i + 1).filter((i) => mask & (1 << (i - 1))),
            n,
          ];
          if (bounds.every((b, i) => i === 0 || b - bounds[i - 1]! <= 3))
            best = Math.max(best, reward(bounds));
        }
        const found = chunkCluster(text, 12, embed, 4).map((s) => s.to / 16);
        expect(reward([0, ...found])).toBeCloseTo(best, 5);
      }),
    );
  });
});

describe('the chunk index', () => {
  const texts = [
    'The oak stands by the river. It is old. Nobody knows its age.\n\nThe railway came in spring. Iron was dear.',
    'A treaty was signed in winter. The harvest had failed. Bread was rationed in every town.',
  ];
  const chunks: ChunkPlace[] = texts.flatMap((t, text) => chunkRecursive(t, 8).map((s) => ({ text, ...s })));
  const index = new ChunkIndex(texts, chunks);
  const textOf = ({ text, from, to }: ChunkPlace): string => texts[text]!.slice(from, to);

  it('finds by own words, and by those of the neighbours', () => {
    expect(textOf(index.find('when was the treaty signed', 1)[0]!)).toContain('treaty');
    const alone = new ChunkIndex(texts, chunks, false);
    expect(index.search('treaty').length).toBeGreaterThan(alone.search('treaty').length);
    expect(index.search('zeppelin')).toEqual([]);
    expect(index.assemble([], { spans: 5, share: 0.9, tokensMax: 100 })).toEqual([]);
  });

  it('assembles no more spans and tokens than asked, without overlaps, out of what was found and what is between', () => {
    const question = fc.constantFrom(
      'oak river',
      'railway iron spring',
      'treaty bread',
      'harvest railway oak',
    );
    const share = fc.double({ min: 0.1, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        question,
        fc.integer({ min: 1, max: 4 }),
        share,
        fc.integer({ min: 1, max: 60 }),
        (q, spans, s, max) => {
          const got = index.assemble(index.search(q), { spans, share: s, tokensMax: max });
          expect(got.length).toBeLessThanOrEqual(spans);
          expect(got.reduce((n, { from, to }) => n + Math.ceil((to - from) / 4), 0)).toBeLessThanOrEqual(max);
          got.forEach((g, i) => {
            const before = got[i - 1];
            if (before?.text === g.text) expect(g.from).toBeGreaterThan(before.to);
          });
          const first = index.find(q, 1)[0]!;
          if (got.length > 0 && max >= 40)
            expect(got.some((g) => g.text === first.text && g.from <= first.from && g.to >= first.to)).toBe(
              true,
            );
          if (got.length > 0) expect(analyse(got.map(textOf).join(' ')).length).toBeGreaterThan(0);
        },
      ),
    );
  });
});

describe("Chroma's figures", () => {
  it('are those of counting characters one by one', () => {
    const stretch: fc.Arbitrary<Stretch> = fc
      .tuple(fc.nat(1), fc.nat(20), fc.integer({ min: 1, max: 9 }))
      .map(([text, from, length]) => ({ text, from, to: from + length }));
    const some = fc.array(stretch, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(some, some, (retrieved, references) => {
        const set = (all: readonly Stretch[]): Set<string> =>
          new Set(
            all.flatMap((s) => Array.from({ length: s.to - s.from }, (_, i) => `${s.text}/${s.from + i}`)),
          );
        const wanted = set(references);
        const found = [...wanted].filter((c) => set(retrieved).has(c)).length;
        const size = retrieved.reduce((n, s) => n + s.to - s.from, 0);
        const score = scoreChunks(retrieved, references);
        expect(score.recall).toBeCloseTo(found / wanted.size);
        expect(score.precision).toBeCloseTo(found / size);
        expect(score.iou).toBeCloseTo(found / (size + wanted.size - found));
      }),
    );
  });
});
