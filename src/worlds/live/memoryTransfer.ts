import type { Result } from '../../kernel/result.ts';
import type { BlockStore, Block } from '../../memory/blockStore.ts';
import type { JournalError } from '../../memory/journal.ts';
import type { JournalWriter, StoreAlone } from '../../memory/journalWriter.ts';
import { LogReader, MemoryFileWriter, readMemoryFile } from '../../memory/memoryFile.ts';
import { renumbered } from '../../memory/segment.ts';
import type { IdbSegmentStore } from './idbSegmentStore.ts';

/** Hears how far it has come, in bytes. */
export type Progress = (doneBytes: number, totalBytes: number) => void;

/** Set while the work goes on, when it is to end. */
export interface Cancelled {
  now: boolean;
}

/** What is read or written at a time. */
const PART_BYTES = 4_000_000;
/** Segments read at a time; one has about a megabyte. */
const SEGMENTS_AT_A_TIME = 4;

const check = (cancelled: Cancelled): void => {
  if (cancelled.now) throw new Error('It was cancelled; nothing was changed.');
};

/** Lets messages in: a cancel would otherwise wait for the end. */
const breathe = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

const promised = <T>(run: (done: (r: Result<T, JournalError>) => void) => void): Promise<T> =>
  new Promise((resolve, reject) => {
    run((r) => (r.ok ? resolve(r.value) : reject(new Error(r.error.message))));
  });

/** Runs `work` while the writer does nothing else. */
async function alone<T>(
  writer: JournalWriter,
  work: (store: StoreAlone) => Promise<T>,
  replaces: boolean,
): Promise<T> {
  const store = await new Promise<StoreAlone>((resolve, reject) =>
    writer.alone(resolve, (error) => reject(new Error(error.message))),
  );
  let replaced = false;
  try {
    const result = await work(store);
    replaced = replaces;
    return result;
  } finally {
    await promised((done) => store.release(replaced, done));
  }
}

interface Source {
  readonly store: BlockStore;
  readonly writer: JournalWriter;
}

/** All of crash memory as one file, as it is at one moment. */
export function exportMemory(
  { store, writer }: Source,
  progress: Progress,
  cancelled: Cancelled,
): Promise<Blob> {
  return alone(
    writer,
    async ({ positions }) => {
      const { storedEntries: entries, storedBytes: bytes } = writer.stats();
      const file = new MemoryFileWriter();
      const parts: BlobPart[] = [
        file.begin({ segments: positions.length, entries, bytes, savedAtMs: Date.now() }),
      ];
      let done = 0;
      const ordered = [...positions].sort((a, b) => a - b);
      for (let i = 0; i < ordered.length; i += SEGMENTS_AT_A_TIME) {
        const wanted = ordered.slice(i, i + SEGMENTS_AT_A_TIME);
        const blocks = await promised<readonly Block[]>((answer) => store.read(wanted, answer));
        // A blob of its own: the browser may keep it on disk, where pieces in one array would fill the worker.
        parts.push(new Blob(blocks.map((block) => file.segment(block))));
        done += blocks.reduce((sum, block) => sum + block.bytes.length, 0);
        progress(done, bytes);
        await breathe();
        check(cancelled);
      }
      parts.push(file.end());
      return new Blob(parts, { type: 'application/octet-stream' });
    },
    false,
  );
}

/** Reads a blob in big parts, however small the pieces that are asked for. */
function readerOf(blob: Blob): (at: number, length: number) => Promise<Uint8Array<ArrayBuffer>> {
  let part = new Uint8Array(0);
  let partAt = 0;
  return async (at, length) => {
    if (at < partAt || at + length > partAt + part.length) {
      const to = Math.max(at + length, at + PART_BYTES);
      part = new Uint8Array(await blob.slice(at, Math.min(to, blob.size)).arrayBuffer());
      partAt = at;
    }
    // A copy: a segment's columns want an address that four divides.
    return part.slice(at - partAt, at - partAt + length);
  };
}

/** Reads a file to its end; `grove`: the log of that owner in it. Throws BadMemoryFile with a sentence. */
export async function checkMemoryFile(
  file: Blob,
  owner: string,
  progress: Progress,
  cancelled: Cancelled,
): Promise<{ entries: number; grove: readonly string[] }> {
  const log = new LogReader(owner);
  const head = await readMemoryFile(readerOf(file), file.size, async (block, at) => {
    log.take(block);
    progress(at, file.size);
    await breathe();
    check(cancelled);
  });
  return { entries: head.entries, grove: log.texts };
}

/**
 * Puts a file in the place of what there is. It is gathered aside and takes over in one transaction, so that a crash, a
 * cancel or a full disk leaves what there was.
 */
export async function importMemory(
  { database, writer }: Source & { readonly database: IdbSegmentStore },
  file: Blob,
  progress: Progress,
  cancelled: Cancelled,
): Promise<void> {
  await alone(
    writer,
    async ({ positions }) => {
      // Higher numbers than there were: that is how the mirror is known to be the older of the two.
      let next = Math.max(0, ...positions) + 1;
      let gathered: Block[] = [];
      let bytes = 0;
      const stage = async (): Promise<void> => {
        await database.stage(gathered);
        gathered = [];
        bytes = 0;
      };
      try {
        await readMemoryFile(readerOf(file), file.size, async (block, at) => {
          gathered.push(renumbered(block, next++));
          bytes += block.bytes.length;
          if (bytes >= PART_BYTES) await stage();
          progress(at, file.size);
          await breathe();
          check(cancelled);
        });
        await stage();
        await database.adopt();
      } catch (cause) {
        await database.unstage();
        throw cause;
      }
    },
    true,
  );
}
