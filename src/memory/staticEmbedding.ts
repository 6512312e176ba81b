import { ln } from '../kernel/maths.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import type { Embedder, EmbeddingError } from './embedding.ts';
import { STOP_WORDS } from './stopWords.ts';
import { eachWord } from './text.ts';

/** Begins a packed model. */
const MAGIC = 0x5452_4d31;
/**
 * How fast a word's weight falls with its frequency (smooth inverse frequency, Arora et al. 2017: a / (a + p)), with p
 * estimated from the word's rank by Zipf's law.
 */
const SMOOTH = 1e-3;

/** What a packed model says of itself. */
export interface StaticModelHead {
  readonly model: string;
  readonly dimensions: number;
  readonly words: number;
  readonly licence: string;
}

/**
 * A model as one file: a magic number and the length of the head (u32 each, little endian), the head as JSON, the words
 * in order of frequency with line feeds between (their bytes counted in the head as `wordBytes`), one f32 scale a word,
 * padded to 4 bytes, and 4 bits a number, two numbers a byte, 8 standing for 0.
 */
export function packStaticModel(
  head: StaticModelHead,
  words: readonly string[],
  vectors: readonly (readonly number[])[],
): Uint8Array {
  const text = new TextEncoder();
  const wordBytes = text.encode(words.join('\n'));
  const headBytes = text.encode(JSON.stringify({ ...head, wordBytes: wordBytes.length }));
  const scalesAt = Math.ceil((8 + headBytes.length + wordBytes.length) / 4) * 4;
  const rowBytes = Math.ceil(head.dimensions / 2);
  const out = new Uint8Array(scalesAt + 4 * words.length + rowBytes * words.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, headBytes.length, true);
  out.set(headBytes, 8);
  out.set(wordBytes, 8 + headBytes.length);
  vectors.forEach((vector, row) => {
    const top = Math.max(...vector.map(Math.abs), 1e-9);
    view.setFloat32(scalesAt + 4 * row, top / 7, true);
    const from = scalesAt + 4 * words.length + rowBytes * row;
    vector.forEach((x, d) => {
      out[from + (d >> 1)]! |= (Math.round((x * 7) / top) + 8) << (d % 2 === 0 ? 0 : 4);
    });
  });
  return out;
}

/** A model read: an embedder that can answer at once, too. */
export interface StaticModel extends Embedder, StaticModelHead {
  readonly vectorOf: (text: string) => Float32Array;
}

/** Reads a packed model. The error is a sentence; nothing is thrown. */
export function readStaticModel(bytes: Uint8Array): Result<StaticModel, EmbeddingError> {
  const damaged = (what: string): Result<never, EmbeddingError> =>
    err({
      reason: 'malformed',
      message: `The packed word vectors cannot be read: ${what}. Run the set-up again; until then recall goes on without them.`,
    });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8 || view.getUint32(0, true) !== MAGIC) return damaged('the file does not begin as one');
  let head: StaticModelHead & { readonly wordBytes: number };
  const headLength = view.getUint32(4, true);
  try {
    head = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headLength))) as typeof head;
  } catch {
    return damaged('its head is not JSON');
  }
  const { dimensions, words, wordBytes } = head;
  const rowBytes = Math.ceil(dimensions / 2);
  const scalesAt = Math.ceil((8 + headLength + wordBytes) / 4) * 4;
  const rowsAt = scalesAt + 4 * words;
  if (!(dimensions > 0) || bytes.length !== rowsAt + rowBytes * words)
    return damaged('it has another length');
  const names = new TextDecoder()
    .decode(bytes.subarray(8 + headLength, 8 + headLength + wordBytes))
    .split('\n');
  const rows = new Map(names.map((name, row) => [name, row]));
  const harmonic = ln(words) + 0.5772;
  return ok({
    ...head,
    tier: 'static',
    tag: { model: head.model, dimensions },
    vectorOf: embedOne,
    embed: (texts) => Promise.resolve(ok(texts.map(embedOne))),
  });

  function embedOne(text: string): Float32Array {
    const sum = new Float32Array(dimensions);
    eachWord(text, (word) => {
      if (STOP_WORDS.has(word)) return;
      const row = rows.get(word) ?? rows.get(word.replace(/'s$/, ''));
      if (row === undefined) return;
      const weight = SMOOTH / (SMOOTH + 1 / ((row + 1) * harmonic));
      const scale = weight * view.getFloat32(scalesAt + 4 * row, true);
      const from = rowsAt + rowBytes * row;
      for (let d = 0; d < dimensions; d++)
        sum[d]! += scale * (((bytes[from + (d >> 1)]! >> (d % 2 === 0 ? 0 : 4)) & 15) - 8);
    });
    return sum;
  }
}
