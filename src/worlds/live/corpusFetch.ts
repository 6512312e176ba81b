import type { CorpusPort } from '../../agents/contract.ts';
import { readPackedDocument, type CorpusIndex } from '../../memory/corpus.ts';

/** The built-in corpus lies here, relative to the page. */
const FOLDER = 'corpus/sotu/';

/** The index of the built-in corpus. Rejects with a sentence when it cannot be had. */
export async function fetchCorpusIndex(baseUrl: string): Promise<CorpusIndex> {
  const response = await get(new URL(`${FOLDER}index.json`, baseUrl));
  return (await response.json()) as CorpusIndex;
}

/** Documents of the built-in corpus, each loaded when an agent asks for it. */
export function packedCorpus(baseUrl: string, files: readonly string[]): CorpusPort {
  return {
    async document(index) {
      const file = files[index];
      if (file === undefined) throw new RangeError(`the corpus has no document ${index}`);
      const response = await get(new URL(FOLDER + file, baseUrl));
      return readPackedDocument(await response.arrayBuffer());
    },
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
