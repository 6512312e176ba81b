import type { Slice } from '../../agents/contract.ts';
import { firstOf, readPackedDocument, type CorpusIndex } from '../../memory/corpus.ts';
import { parseText, sliceOf, type SourceDocument } from '../../memory/documents.ts';
import { analyse } from '../../memory/text.ts';
import { hash32 } from '../../kernel/rng.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { fetchCorpusIndex, packedDocuments, type PackedDocuments } from './corpusFetch.ts';

/** What a grove remembers: the built-in texts, or the visitor's own. */
export interface Corpus {
  /** Two corpora of one id hold the same passages. */
  readonly id: string;
  readonly name: string;
  readonly credit: string;
  readonly titles: readonly string[];
  /** Passages of each document. */
  readonly passages: readonly number[];
  readonly source:
    | { readonly type: 'packed'; readonly packed: PackedDocuments }
    | { readonly type: 'own'; readonly documents: readonly SourceDocument[] };
}

/** The built-in corpus, its first `limit` documents; 0: all. Rejects with a sentence. */
export async function builtInCorpus(baseUrl: string, limit: number): Promise<Corpus> {
  const index: CorpusIndex = await fetchCorpusIndex(baseUrl);
  const documents = firstOf(index.documents, limit);
  return {
    id: `built-in/${hash32(JSON.stringify(documents))}`,
    name: index.name,
    credit: index.credit,
    titles: documents.map((d) => d.title),
    passages: documents.map((d) => d.passages),
    source: { type: 'packed', packed: packedDocuments(baseUrl, index.file, documents) },
  };
}

/** The visitor's texts as a corpus, or the sentences that say why not. */
export function ownCorpus(
  texts: readonly { readonly name: string; readonly text: string }[],
): Result<Corpus, string> {
  if (texts.length === 0) return err('No text was given: drop a file or paste some text.');
  const documents: SourceDocument[] = [];
  const problems: string[] = [];
  for (const [i, text] of texts.entries()) {
    const r = parseText(text);
    // Two files may have one name, but no two documents one id.
    const twin = texts.findIndex((t) => t.name === text.name) < i;
    if (r.ok) documents.push(...r.value.map((d) => (twin ? { ...d, id: `${i + 1}/${d.id}` } : d)));
    else problems.push(r.error.message);
  }
  if (problems.length > 0) return err(problems.join(' '));
  if (!documents.some((d) => d.passages.some((p) => analyse(p.text).length > 0)))
    return err('There is no word in this text that could be looked for; give it some sentences.');
  return ok(corpusOf(documents, texts.map((t) => t.name).join(', ')));
}

/** Own documents again as a corpus, as when a grove resumes. */
export function corpusOf(documents: readonly SourceDocument[], name: string): Corpus {
  return {
    id: `own/${hash32(JSON.stringify(documents))}`,
    name,
    credit: 'Your own text. It stays in this browser.',
    titles: documents.map((d) => d.title),
    passages: documents.map((d) => d.passages.length),
    source: { type: 'own', documents },
  };
}

/** A document on its way to the node that keeps it: packed as it was loaded, or as it is; or why it cannot be had. */
export type DocumentAnswer =
  { readonly packed: ArrayBuffer } | { readonly document: SourceDocument } | { readonly error: string };

/** Gives the passages of a slice. Never rejects. */
export type Library = (slice: Slice) => Promise<DocumentAnswer>;

/** Documents that several agents share, unpacked once for all of them. */
const SHARED_MAX = 32;

/** Hands out a corpus to nodes: a whole document as it was loaded, of a shared one only what is asked for. */
export function createLibrary(corpus: Corpus): Library {
  const shared = new Map<number, Promise<SourceDocument>>();
  const { source } = corpus;

  function whole(index: number): Promise<SourceDocument> {
    const known = shared.get(index);
    if (known) return known;
    const unpacking =
      source.type === 'packed'
        ? source.packed(index).then(readPackedDocument)
        : Promise.resolve(source.documents[index]!);
    shared.set(index, unpacking);
    unpacking.catch(() => shared.delete(index));
    for (const oldest of shared.keys()) if (shared.size > SHARED_MAX) shared.delete(oldest);
    return unpacking;
  }

  return async ({ document, fromPassage, toPassage }) => {
    try {
      if (corpus.passages[document] === undefined)
        throw new RangeError(`The text has no document ${document}.`);
      if (source.type === 'packed' && toPassage - fromPassage === corpus.passages[document])
        return { packed: await source.packed(document) };
      return { document: sliceOf(await whole(document), fromPassage, toPassage) };
    } catch (e) {
      return { error: e instanceof Error ? e.message : String(e) };
    }
  };
}
