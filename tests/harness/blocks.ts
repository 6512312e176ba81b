import { packEntries, textAt, wholeRun } from '../../src/memory/packedEntries.ts';
import type { Block } from '../../src/memory/blockStore.ts';
import { buildSegment, readSegment } from '../../src/memory/segment.ts';
import type { MirrorFile } from '../../src/memory/mirrorLog.ts';

/** A segment with those entries, as `[owner, text]`. */
export function blockOf(
  position: number,
  entries: readonly (readonly [string, string])[],
  replaces: readonly string[] = [],
): Block {
  const source = packEntries(entries.map(([owner, text]) => ({ owner, text })));
  const { bytes } = buildSegment(position, wholeRun(source), replaces);
  return { position, bytes };
}

/** All texts in those blocks, in order. */
export const textsOf = (blocks: readonly Block[]): string[] =>
  blocks.flatMap((block) => {
    const { entries } = readSegment(block);
    return Array.from(entries.ends, (_, i) => textAt(entries, i));
  });

/** The same block with one bit turned over. */
export function damage(block: Block, bit: number): Block {
  const bytes = block.bytes.slice();
  const at = bit % (8 * bytes.length);
  bytes[at >> 3]! ^= 1 << (at & 7);
  return { position: block.position, bytes };
}

/** A file in memory that knows how much of it is durable. */
export interface MemoryFile extends MirrorFile {
  /** As a power cut leaves it: cut anywhere behind what was flushed. */
  cutAt(part: number): MemoryFile;
  /** At most so many bytes fit. */
  room: number;
}

export function createMemoryFile(initial = new Uint8Array(0)): MemoryFile {
  let bytes = new Uint8Array(Math.max(1_024, initial.length));
  bytes.set(initial);
  let size = initial.length;
  let durable = size;
  return {
    room: Infinity,
    size: () => size,
    read(into, at) {
      const part = bytes.subarray(at, Math.min(size, at + into.length));
      into.set(part);
      return part.length;
    },
    write(what, at) {
      if (at + what.length > this.room) throw new DOMException('no room', 'QuotaExceededError');
      if (at + what.length > bytes.length) {
        const grown = new Uint8Array(2 * (at + what.length));
        grown.set(bytes.subarray(0, size));
        bytes = grown;
      }
      bytes.set(what, at);
      size = Math.max(size, at + what.length);
      return what.length;
    },
    truncate(to) {
      size = Math.min(size, to);
      durable = Math.min(durable, size);
    },
    flush() {
      durable = size;
    },
    cutAt: (part) => createMemoryFile(bytes.slice(0, durable + Math.floor(part * (size - durable)))),
  };
}
