import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { readPackedDocument, type CorpusIndex } from '../../../src/memory/corpus.ts';
import type { SourceDocument } from '../../../src/memory/documents.ts';
import { analyse } from '../../../src/memory/text.ts';
import { examplesFor } from '../../../src/ui/state/examples.ts';

const folder = fileURLToPath(new URL('../../../public/corpus/sotu/', import.meta.url));
/** Stems of words that ask, and of those that name the speaker or stand for what was done. */
const ASKING = new Set(analyse('said say Lincoln proposed man send sent should done described'));

describe('the questions that the page suggests', () => {
  let name = '';
  let documents: SourceDocument[] = [];
  beforeAll(async () => {
    const index = JSON.parse(readFileSync(`${folder}index.json`, 'utf8')) as CorpusIndex;
    const bytes = readFileSync(folder + index.file);
    ({ name } = index);
    documents = await Promise.all(
      index.documents.map((d) =>
        readPackedDocument(new Uint8Array(bytes.subarray(d.offset, d.offset + d.bytes)).buffer),
      ),
    );
  });

  it.each([
    { first: 1, shown: 0 },
    { first: 24, shown: 3 },
    { first: 60, shown: 5 },
    { first: 233, shown: 6 },
  ])('are $shown for the first $first addresses', ({ first, shown }) => {
    expect(examplesFor(name, first)).toHaveLength(shown);
  });

  it('have their words in one passage of the addresses that are there, from the fewest on with which they are suggested', () => {
    const passages: Set<string>[] = [];
    const known = new Set<string>();
    documents.forEach((document, i) => {
      passages.push(...document.passages.map((p) => new Set(analyse(p.text))));
      for (const question of examplesFor(name, i + 1)) {
        if (known.has(question)) continue;
        known.add(question);
        const asked = analyse(question).filter((term) => !ASKING.has(term));
        expect(asked.length).toBeGreaterThan(0);
        const found = passages.some((terms) => asked.every((term) => terms.has(term)));
        expect({ question, found }).toEqual({ question, found: true });
      }
    });
    expect(known.size).toBe(8);
  });

  it('are none for a text of the visitor', () => {
    expect(examplesFor('notes.md', 300)).toEqual([]);
  });
});
