import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dataFolder, readText } from './examFile.ts';

/** Chroma's chunking evaluation: texts by name, and questions with the excerpts that answer them. */
export interface ChromaData {
  readonly corpora: Readonly<Record<string, string>>;
  readonly questions: readonly {
    readonly q: string;
    /** Which text. */
    readonly cid: string;
    /** Characters from (inclusive) to (exclusive). */
    readonly refs: readonly (readonly [number, number])[];
  }[];
}

/** Reads it from the folder of public data; throws with a sentence when it is not there. */
export function chromaData(): ChromaData {
  const file = join(dataFolder(), 'datasets', 'chroma.json.gz');
  if (!existsSync(file))
    throw new Error(
      `The data set is absent: ${file}. Name the folder that has datasets/chroma.json.gz in TREERING_DATA.`,
    );
  return JSON.parse(readText(file)) as ChromaData;
}
