import type { CorpusEntry, CorpusIndex } from '../../memory/corpus.ts';

/** The built-in corpus lies here, relative to the page. */
const FOLDER = 'corpus/sotu/';

/** The index of the built-in corpus. Rejects with a sentence when it cannot be had. */
export async function fetchCorpusIndex(baseUrl: string): Promise<CorpusIndex> {
  const response = await get(new URL(`${FOLDER}index.json`, baseUrl));
  return (await response.json()) as CorpusIndex;
}

/** All packed documents of the built-in corpus, as the index places them. Rejects with a sentence. */
export async function fetchPackedText(baseUrl: string, file: string): Promise<ArrayBuffer> {
  return (await get(new URL(FOLDER + file, baseUrl))).arrayBuffer();
}

/** A packed document of the built-in corpus, by its place in the index. Rejects with a sentence. */
export type PackedDocuments = (index: number) => Promise<ArrayBuffer>;

/** The packed documents: their file is loaded when the first of them is asked for, and again if that failed. */
export function packedDocuments(
  baseUrl: string,
  file: string,
  entries: readonly CorpusEntry[],
): PackedDocuments {
  let loading: Promise<ArrayBuffer> | null = null;
  return async (index) => {
    const entry = entries[index];
    if (!entry) throw new RangeError(`the corpus has no document ${index}`);
    loading ??= fetchPackedText(baseUrl, file);
    try {
      const all = await loading;
      return all.slice(entry.offset, entry.offset + entry.bytes);
    } catch (e) {
      loading = null;
      throw e;
    }
  };
}

async function get(url: URL): Promise<Response> {
  const response = await fetch(url).catch((e: unknown) => {
    throw new Error(
      `The built-in text could not be loaded (${String(e)}). Check the connection and reload the page.`,
    );
  });
  if (!response.ok)
    throw new Error(
      `The built-in text is not where it should be (${url.pathname}: HTTP ${response.status}). Build the site again.`,
    );
  return response;
}
