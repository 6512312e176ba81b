import { crc32c } from './crc32c.ts';
import type { Block } from './blockStore.ts';
import { sealOf } from './segment.ts';

/** The slice of a file that the mirror needs; the live one is a sync access handle of the origin private file system. */
export interface MirrorFile {
  size(): number;
  /** Bytes read. */
  read(into: Uint8Array<ArrayBuffer>, at: number): number;
  /** Bytes written; throws or writes less when there is no room. */
  write(bytes: Uint8Array<ArrayBuffer>, at: number): number;
  truncate(size: number): void;
  /** Returns when all that was written is durable. */
  flush(): void;
}

/** A copy of the database's blocks in a journal of its own: what is there when the browser has lost the database. */
export interface Mirror {
  /** Which database it mirrors; null when it is empty. */
  readonly birth: string | null;
  /** Bytes of its files. */
  readonly bytes: number;
  /** Positions of the blocks in it, ascending. */
  positions(): number[];
  /** The checksums that a block claims (see `sealOf`); undefined for one that is not there. */
  seal(position: number): string | undefined;
  /** A block as it was written, checked or not; null for one that is not there. */
  read(position: number): Block | null;
  /** Puts and removes as one change, not yet flushed. Throws when there is no room; then nothing was changed. */
  append(put: readonly Block[], remove: readonly number[]): void;
  /** Takes back the last `append`. */
  rollback(): void;
  flush(): void;
  /** Starts over as the mirror of that database, with those blocks. Throws when there is no room. */
  rebuild(birth: string, blocks: Iterable<Block>): void;
}

/*
 * A file is a row of frames: magic, bytes of the head, CRC-32C of the head, zero; the head (JSON); the blocks it puts.
 * Two files take turns: when one is mostly garbage, the blocks still alive are copied to the other, some with every
 * append, and the head that says `whole` makes that one the mirror. A file whose first frames were never called whole is
 * ignored, and so is a frame that a crash has torn.
 */
const MAGIC = 0x4c4d5254;
const FRAME_BYTES = 16;

interface Head {
  /** Of the first frame: the database, and which of two files is the newer. */
  readonly birth?: string;
  readonly turn?: number;
  /** From here on the file holds everything. */
  readonly whole?: true;
  /** Position, bytes and seal of each block. */
  readonly put: readonly (readonly [number, number, string])[];
  readonly remove: readonly number[];
}

interface Place {
  readonly at: number;
  readonly length: number;
  readonly seal: string;
}

/** One of the two files, read. */
interface Side {
  readonly file: MirrorFile;
  end: number;
  birth: string | null;
  turn: number;
  whole: boolean;
  readonly live: Map<number, Place>;
  liveBytes: number;
}

export interface MirrorLimits {
  /** Garbage is let lie up to this, or up to as much as is alive. */
  readonly garbageBytes: number;
  /** Copied to the other file with every append while it is being filled. */
  readonly sliceBytes: number;
}

const LIMITS: MirrorLimits = { garbageBytes: 16_000_000, sliceBytes: 4_000_000 };

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function readAt(file: MirrorFile, at: number, length: number): Uint8Array<ArrayBuffer> | null {
  const into = new Uint8Array(length);
  return file.read(into, at) === length ? into : null;
}

function take(side: Side, position: number, place: Place | null): void {
  side.liveBytes += (place?.length ?? 0) - (side.live.get(position)?.length ?? 0);
  if (place) side.live.set(position, place);
  else side.live.delete(position);
}

function apply(side: Side, head: Head, blocksAt: number): void {
  if (head.birth !== undefined) side.birth = head.birth;
  if (head.turn !== undefined) side.turn = head.turn;
  if (head.whole) side.whole = true;
  let at = blocksAt;
  for (const [position, length, seal] of head.put) {
    take(side, position, { at, length, seal });
    at += length;
  }
  for (const position of head.remove) take(side, position, null);
}

/** Reads the frames of a file, up to the first that is not as it was written. */
function openSide(file: MirrorFile): Side {
  const side: Side = { file, end: 0, birth: null, turn: 0, whole: false, live: new Map(), liveBytes: 0 };
  const size = file.size();
  while (side.end + FRAME_BYTES <= size) {
    const frame = readAt(file, side.end, FRAME_BYTES);
    if (!frame) break;
    const view = new DataView(frame.buffer);
    const length = view.getUint32(4, true);
    if (view.getUint32(0, true) !== MAGIC || side.end + FRAME_BYTES + length > size) break;
    const text = readAt(file, side.end + FRAME_BYTES, length);
    if (!text || crc32c(text) !== view.getUint32(8, true)) break;
    const head = JSON.parse(decoder.decode(text)) as Head;
    const blocksAt = side.end + FRAME_BYTES + length;
    const next = head.put.reduce((sum, [, bytes]) => sum + bytes, blocksAt);
    if (next > size) break;
    apply(side, head, blocksAt);
    side.end = next;
  }
  return side;
}

/** Writes a frame at the end of a side. Throws when there is no room; then the side is as it was. */
function addFrame(side: Side, head: Omit<Head, 'put'>, blocks: readonly Block[]): void {
  const whole: Head = { ...head, put: blocks.map((b) => [b.position, b.bytes.length, sealOf(b.bytes)]) };
  const text = encoder.encode(JSON.stringify(whole));
  const blocksAt = FRAME_BYTES + text.length;
  // In one piece: each call into a file may have to wait for another process.
  const frame = new Uint8Array(blocks.reduce((sum, b) => sum + b.bytes.length, blocksAt));
  const view = new DataView(frame.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, text.length, true);
  view.setUint32(8, crc32c(text), true);
  frame.set(text, FRAME_BYTES);
  let at = blocksAt;
  for (const { bytes } of blocks) {
    frame.set(bytes, at);
    at += bytes.length;
  }
  try {
    if (side.file.write(frame, side.end) !== frame.length)
      throw new DOMException('The mirror could not be written to its end.', 'QuotaExceededError');
  } catch (cause) {
    side.file.truncate(side.end);
    throw cause;
  }
  apply(side, whole, side.end + blocksAt);
  side.end += frame.length;
}

/** The mirror in two files. Reads what is in them; throws what the files throw. */
export function openMirrorLog(files: readonly [MirrorFile, MirrorFile], limits = LIMITS): Mirror {
  const sides = files.map(openSide) as [Side, Side];
  let side = sides.filter((s) => s.whole).sort((a, b) => b.turn - a.turn)[0] ?? sides[0];
  if (!side.whole) startOver(side);
  /** The other file while the blocks are being copied there. */
  let filling: Side | null = null;
  /** How to take back the last append. */
  let undo: (() => void) | null = null;
  const other = (): Side => (side === sides[0] ? sides[1] : sides[0]);

  function startOver(empty: Side): void {
    empty.file.truncate(0);
    Object.assign(empty, { end: 0, birth: null, whole: false, liveBytes: 0 });
    empty.live.clear();
  }

  const blockAt = (position: number): Block | null => {
    const place = side.live.get(position);
    const bytes = place && readAt(side.file, place.at, place.length);
    return bytes ? { position, bytes } : null;
  };

  /** Copies the next blocks to the other file; when it has them all it becomes the mirror. */
  function copySome(): void {
    if (!filling) {
      if (side.end - side.liveBytes < Math.max(limits.garbageBytes, side.liveBytes)) return;
      filling = other();
      startOver(filling);
      addFrame(filling, { birth: side.birth!, turn: side.turn + 1, remove: [] }, []);
    }
    let budget = limits.sliceBytes;
    for (const [position, place] of side.live) {
      if (filling.live.get(position)?.seal === place.seal) continue;
      if (budget <= 0) return;
      const block = blockAt(position);
      if (block) addFrame(filling, { remove: [] }, [block]);
      budget -= place.length;
    }
    // All are there, and those that have gone since go with the frame that makes it whole.
    const gone = [...filling.live.keys()].filter((position) => !side.live.has(position));
    addFrame(filling, { whole: true, remove: gone }, []);
    filling.file.flush();
    const old = side;
    side = filling;
    filling = null;
    startOver(old);
  }

  return {
    get birth() {
      return side.birth;
    },
    get bytes() {
      return sides[0].end + sides[1].end;
    },
    positions: () => [...side.live.keys()].sort((a, b) => a - b),
    seal: (position) => side.live.get(position)?.seal,
    read: blockAt,
    append(put, remove) {
      undo = null;
      try {
        copySome();
      } catch {
        // No room for the copy, or the file is ill: the mirror itself may still take what comes.
        if (filling) startOver(filling);
        filling = null;
      }
      const { end } = side;
      const touched = [...put.map((b) => b.position), ...remove];
      const before = touched.map((position) => [position, side.live.get(position) ?? null] as const);
      const was = side;
      addFrame(side, { remove }, put);
      undo = () => {
        for (const [position, place] of before) take(was, position, place);
        was.end = end;
        was.file.truncate(end);
      };
    },
    rollback() {
      undo?.();
      undo = null;
    },
    flush: () => side.file.flush(),
    rebuild(birth, blocks) {
      undo = null;
      filling = null;
      const next = other();
      startOver(next);
      try {
        addFrame(next, { birth, turn: side.turn + 1, remove: [] }, []);
        for (const block of blocks) addFrame(next, { remove: [] }, [block]);
        addFrame(next, { whole: true, remove: [] }, []);
        next.file.flush();
      } catch (cause) {
        startOver(next);
        throw cause;
      }
      const old = side;
      side = next;
      startOver(old);
    },
  };
}
