import { crc32c } from './crc32c.ts';
import { textAt } from './packedEntries.ts';
import type { Block } from './blockStore.ts';
import { examine, readSegment } from './segment.ts';

/*
 * A grove's crash memory as one file, numbers little-endian: "TREERING", version, bytes of the head, CRC-32C of the head,
 * zero; the head (JSON); each segment as its length and itself, which has checksums of its own; "TREEEND.", the number of
 * segments, and the CRC-32C of everything between head and end.
 */
const BEGIN = new TextEncoder().encode('TREERING');
const END = new TextEncoder().encode('TREEEND.');
const VERSION = 1;
const FIRST_BYTES = 24;
const LAST_BYTES = 16;
/** No segment is longer by far; a longer one is no segment. */
const SEGMENT_BYTES_MAX = 1_000_000_000;

export interface MemoryFileHead {
  readonly segments: number;
  readonly entries: number;
  readonly bytes: number;
  /** Epoch milliseconds. */
  readonly savedAtMs: number;
}

const bytesOfWord = (word: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, word, true);
  return bytes;
};

const joined = (parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
};

/** Yields the pieces of a file one after the other. */
export class MemoryFileWriter {
  #segments = 0;
  #checksum = 0;

  begin(head: MemoryFileHead): Uint8Array<ArrayBuffer> {
    const text = new TextEncoder().encode(JSON.stringify(head));
    return joined([
      BEGIN,
      bytesOfWord(VERSION),
      bytesOfWord(text.length),
      bytesOfWord(crc32c(text)),
      bytesOfWord(0),
      text,
    ]);
  }

  segment({ bytes }: Block): Uint8Array<ArrayBuffer> {
    const piece = joined([bytesOfWord(bytes.length), bytes]);
    this.#segments++;
    this.#checksum = crc32c(piece, this.#checksum);
    return piece;
  }

  end(): Uint8Array<ArrayBuffer> {
    return joined([END, bytesOfWord(this.#segments), bytesOfWord(this.#checksum)]);
  }
}

/** Where a file is read from: `length` bytes at `at`; fewer where the file ends. */
export type ReadBytes = (at: number, length: number) => Promise<Uint8Array<ArrayBuffer>>;

/** Why a file was refused: a sentence. */
export class BadMemoryFile extends Error {
  constructor(why: string) {
    super(`This file cannot be taken in: ${why}. Nothing was changed.`);
    this.name = 'BadMemoryFile';
  }
}

/**
 * Reads a file of `size` bytes from its beginning to its end, and hands on each segment under the position it was saved
 * with, once it is checked. Throws BadMemoryFile; what was handed on before that is not to be used.
 */
export async function readMemoryFile(
  read: ReadBytes,
  size: number,
  onSegment: (block: Block, at: number) => Promise<void> | void,
): Promise<MemoryFileHead> {
  const word = (bytes: Uint8Array<ArrayBuffer>, at: number): number =>
    new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
  const isText = (bytes: Uint8Array, text: Uint8Array): boolean => text.every((byte, i) => bytes[i] === byte);

  const first = await read(0, FIRST_BYTES);
  if (first.length < FIRST_BYTES || !isText(first, BEGIN))
    throw new BadMemoryFile('it is no saved memory of a grove');
  if (word(first, 8) > VERSION)
    throw new BadMemoryFile(
      `it was saved by a newer version of Treering (format ${word(first, 8)}, this page reads ${VERSION})`,
    );
  const headBytes = word(first, 12);
  if (word(first, 8) === 0 || word(first, 20) !== 0) throw new BadMemoryFile('its first bytes are damaged');
  const text = await read(FIRST_BYTES, Math.min(headBytes, size));
  if (text.length !== headBytes || crc32c(text) !== word(first, 16))
    throw new BadMemoryFile('its first lines are damaged');
  const head = JSON.parse(new TextDecoder().decode(text)) as MemoryFileHead;

  let at = FIRST_BYTES + headBytes;
  let checksum = 0;
  let before = 0;
  for (let n = 1; n <= head.segments; n++) {
    const prefix = await read(at, 4);
    const length = prefix.length === 4 ? word(prefix, 0) : 0;
    if (length === 0 || length > SEGMENT_BYTES_MAX || at + 4 + length > size)
      throw new BadMemoryFile(`it ends in the middle, at segment ${n} of ${head.segments}`);
    const bytes = await read(at + 4, length);
    if (bytes.length !== length) throw new BadMemoryFile(`it could not be read at segment ${n}`);
    const position = length >= 12 ? word(bytes, 8) : 0;
    if (examine({ position, bytes }) || position <= before)
      throw new BadMemoryFile(`segment ${n} of ${head.segments} is damaged`);
    before = position;
    checksum = crc32c(bytes, crc32c(prefix, checksum));
    at += 4 + length;
    await onSegment({ position, bytes }, at);
  }
  const last = await read(at, LAST_BYTES);
  if (last.length < LAST_BYTES || !isText(last, END)) throw new BadMemoryFile('its end is missing');
  if (word(last, 8) !== head.segments || word(last, 12) !== checksum)
    throw new BadMemoryFile('its parts do not belong together');
  if (at + LAST_BYTES !== size) throw new BadMemoryFile('something follows its end');
  return head;
}

/** Follows one owner's log through the segments, oldest first. */
export class LogReader {
  readonly #owner: string;
  texts: string[] = [];

  constructor(owner: string) {
    this.#owner = owner;
  }

  take(block: Block): void {
    const { replaces, entries } = readSegment(block);
    if (replaces.includes(this.#owner)) this.texts = [];
    const id = entries.owners.indexOf(this.#owner);
    if (id === -1) return;
    for (let i = 0; i < entries.ends.length; i++)
      if (entries.ownerOf[i] === id) this.texts.push(textAt(entries, i));
  }
}
