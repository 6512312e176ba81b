import type { Block } from './blockStore.ts';
import { crc32c } from './crc32c.ts';
import { fill, measure, type EntryRun, type PackedEntries } from './packedEntries.ts';

/** One committed group as it lies in the store: the texts of many owners under one key. */
export interface Segment extends Block {
  /** Owners whose entries in older segments this segment replaces. */
  readonly replaces: readonly string[];
  /** Views into `bytes`. */
  readonly entries: PackedEntries;
}

/** The format that this code writes. Format 1 were plain objects, one a segment, without a checksum. */
export const SEGMENT_FORMAT = 2;

/*
 * The layout, all numbers little-endian as on every machine that has a browser:
 *   0 magic "TRSG"   4 format   8 position   12 owners   16 replaced owners   20 entries   24 bytes of names
 *   28 bytes of texts   32 CRC-32C of the columns and texts   36 CRC-32C of bytes 0 to 35 and the names
 *   40 names: owners, then replaced owners, each as its length (2 bytes) and UTF-8; padded to 4 bytes
 *      columns: the owner of each entry, the end of each text (4 bytes each); then the texts
 * The names have a checksum of their own, so that a segment with damaged texts can still say whose they were.
 */
const MAGIC = 0x47535254;
const HEAD_BYTES = 40;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const checksumOfHead = (bytes: Uint8Array, namesEnd: number): number =>
  crc32c(bytes.subarray(HEAD_BYTES, namesEnd), crc32c(bytes.subarray(0, 36)));

/** Packs entries into a segment. */
export function buildSegment(
  position: number,
  runs: readonly EntryRun[],
  replaces: readonly string[],
): Segment {
  const measured = measure(runs);
  const { owners, entries, textBytes } = measured;
  const names = [...owners, ...replaces].map((name) => encoder.encode(name));
  const nameBytes = (names.reduce((sum, name) => sum + 2 + name.length, 0) + 3) & ~3;
  const columnsAt = HEAD_BYTES + nameBytes;
  const textsAt = columnsAt + 8 * entries;
  const bytes = new Uint8Array(textsAt + textBytes);
  const view = new DataView(bytes.buffer);
  [MAGIC, SEGMENT_FORMAT, position, owners.length, replaces.length, entries, nameBytes, textBytes].forEach(
    (value, i) => view.setUint32(4 * i, value, true),
  );
  let at = HEAD_BYTES;
  for (const name of names) {
    view.setUint16(at, name.length, true);
    bytes.set(name, at + 2);
    at += 2 + name.length;
  }
  const packed = columnsOf(bytes, owners, entries, columnsAt, textsAt);
  fill(packed, runs, measured);
  view.setUint32(32, crc32c(bytes.subarray(columnsAt)), true);
  view.setUint32(36, checksumOfHead(bytes, columnsAt), true);
  return { position, bytes, replaces, entries: packed };
}

function columnsOf(
  bytes: Uint8Array<ArrayBuffer>,
  owners: readonly string[],
  count: number,
  columnsAt: number,
  textsAt: number,
): PackedEntries {
  const { buffer, byteOffset } = bytes;
  return {
    owners,
    ownerOf: new Uint32Array(buffer, byteOffset + columnsAt, count),
    ends: new Uint32Array(buffer, byteOffset + columnsAt + 4 * count, count),
    bytes: bytes.subarray(textsAt),
  };
}

interface Head {
  readonly owners: string[];
  readonly replaces: string[];
  readonly entries: number;
  readonly columnsAt: number;
  readonly textsAt: number;
}

/** What a block says of itself; null when that cannot be trusted. */
function readHead({ position, bytes }: Block): Head | null {
  if (bytes.length < HEAD_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const word = (i: number): number => view.getUint32(4 * i, true);
  const columnsAt = HEAD_BYTES + word(6);
  if (word(0) !== MAGIC || word(1) !== SEGMENT_FORMAT || word(2) !== position || columnsAt > bytes.length)
    return null;
  if (word(9) !== checksumOfHead(bytes, columnsAt)) return null;
  const names: string[] = [];
  let at = HEAD_BYTES;
  for (let i = 0; i < word(3) + word(4); i++) {
    const length = view.getUint16(at, true);
    names.push(decoder.decode(bytes.subarray(at + 2, at + 2 + length)));
    at += 2 + length;
  }
  return {
    owners: names.slice(0, word(3)),
    replaces: names.slice(word(3)),
    entries: word(5),
    columnsAt,
    textsAt: columnsAt + 8 * word(5),
  };
}

/** A block that is not what was written. */
export interface DamagedBlock {
  readonly position: number;
  /** Whose entries are in it, or were replaced by it, where that can still be read. */
  readonly owners: readonly string[] | null;
}

/** Whether a block is as it was written, by its checksums and its position; otherwise what can be told of it. */
export function examine(block: Block): DamagedBlock | null {
  const head = readHead(block);
  if (!head) return { position: block.position, owners: null };
  const view = new DataView(block.bytes.buffer, block.bytes.byteOffset);
  const whole =
    block.bytes.length === head.textsAt + view.getUint32(28, true) &&
    crc32c(block.bytes.subarray(head.columnsAt)) === view.getUint32(32, true);
  return whole
    ? null
    : { position: block.position, owners: [...new Set([...head.owners, ...head.replaces])] };
}

/** The segment in a block whose checksums hold. Throws RangeError for one that is no segment. */
export function readSegment(block: Block): Segment {
  const head = readHead(block);
  if (!head) throw new RangeError(`The block at ${block.position} is no segment.`);
  // Columns of four-byte numbers want an address that four divides.
  const bytes = block.bytes.byteOffset % 4 === 0 ? block.bytes : block.bytes.slice();
  return {
    position: block.position,
    bytes,
    replaces: head.replaces,
    entries: columnsOf(bytes, head.owners, head.entries, head.columnsAt, head.textsAt),
  };
}

/** Both checksums of a block as it claims them: blocks that differ have others. */
export const sealOf = (bytes: Uint8Array): string => {
  if (bytes.length < HEAD_BYTES) return `short ${bytes.length}`;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return `${view.getUint32(32, true)} ${view.getUint32(36, true)}`;
};

/** A copy of a sound block under another number. */
export function renumbered(block: Block, position: number): Block {
  const bytes = block.bytes.slice();
  const view = new DataView(bytes.buffer);
  view.setUint32(8, position, true);
  view.setUint32(36, checksumOfHead(bytes, HEAD_BYTES + view.getUint32(24, true)), true);
  return { position, bytes };
}
