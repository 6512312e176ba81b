import { hash32 } from '../../src/kernel/rng.ts';

export const MADE_DIMENSIONS = 24;

/** What an endpoint of `/v1/embeddings` answers: texts with the same words have the same vector. */
export function madeEmbeddings(body: string): string {
  const { input } = JSON.parse(body) as { input: readonly string[] };
  return JSON.stringify({ data: input.map((text, index) => ({ index, embedding: madeVector(text) })) });
}

/** Counts the words of a text, by places that their letters choose. */
export function madeVector(text: string): number[] {
  const vector = new Array<number>(MADE_DIMENSIONS).fill(0);
  for (const word of text.toLowerCase().match(/\w+/g) ?? []) vector[hash32(word) % MADE_DIMENSIONS]!++;
  return vector;
}
