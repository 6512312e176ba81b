import 'fake-indexeddb/auto';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Block } from '../../../src/memory/blockStore.ts';
import { createCrashStore } from '../../../src/memory/crashStore.ts';
import { createJournalWriter, type JournalWriter } from '../../../src/memory/journalWriter.ts';
import {
  BadMemoryFile,
  LogReader,
  MemoryFileWriter,
  readMemoryFile,
  type ReadBytes,
} from '../../../src/memory/memoryFile.ts';
import { openIdbSegmentStore, type IdbSegmentStore } from '../../../src/worlds/live/idbSegmentStore.ts';
import { createLiveEnv } from '../../../src/worlds/live/liveEnv.ts';
import { checkMemoryFile, exportMemory, importMemory } from '../../../src/worlds/live/memoryTransfer.ts';
import { blockOf, textsOf } from '../../harness/blocks.ts';

const blocks = [
  blockOf(2, [
    ['grove', 'one'],
    ['agent/a000', '𝒯wo 🌲'],
  ]),
  blockOf(5, [['grove', 'three']], ['grove']),
  blockOf(6, [['grove', '']]),
];

function fileOf(all: readonly Block[]): Uint8Array<ArrayBuffer> {
  const writer = new MemoryFileWriter();
  const head = { segments: all.length, entries: 4, bytes: 1, savedAtMs: 1_700_000_000_000 };
  const parts = [writer.begin(head), ...all.map((block) => writer.segment(block)), writer.end()];
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

const readerOf =
  (bytes: Uint8Array): ReadBytes =>
  (at, length) =>
    Promise.resolve(new Uint8Array(bytes.slice(at, at + length)));

async function read(bytes: Uint8Array): Promise<Block[]> {
  const found: Block[] = [];
  await readMemoryFile(readerOf(bytes), bytes.length, (block) => void found.push(block));
  return found;
}

/** Why it is refused: a sentence. */
const refusal = async (bytes: Uint8Array): Promise<string> => {
  try {
    await read(bytes);
    return 'it was taken';
  } catch (cause) {
    expect(cause).toBeInstanceOf(BadMemoryFile);
    return (cause as Error).message;
  }
};

describe('a file of crash memory', () => {
  const whole = fileOf(blocks);
  const sentence = /^This file cannot be taken in: .+\. Nothing was changed\.$/;

  it('gives back every segment, and the log of an owner as it was', async () => {
    expect(await read(whole)).toEqual(blocks);
    const log = new LogReader('grove');
    for (const block of blocks) log.take(block);
    expect(log.texts).toEqual(['three', '']);
  });

  it('is refused with a sentence when it ends anywhere before its end, or goes on behind it', async () => {
    for (let size = 0; size < whole.length; size++)
      expect(await refusal(whole.slice(0, size)), `${size} bytes`).toMatch(sentence);
    expect(await refusal(new Uint8Array([...whole, 0]))).toMatch('something follows its end');
  });

  it('is refused with a sentence when any bit of it is turned over', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 8 * whole.length - 1 }), async (bit) => {
        const bytes = whole.slice();
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        expect(await refusal(bytes), `bit ${bit}`).toMatch(sentence);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is refused when segments are missing, doubled or in another order', async () => {
    for (const wrong of [
      [blocks[1]!, blocks[0]!],
      [blocks[0]!, blocks[0]!],
    ])
      expect(await refusal(fileOf(wrong))).toMatch(/segment 2 of 2 is damaged/);
    const [, ...others] = blocks;
    const swapped = fileOf(blocks);
    const lacking = fileOf(others);
    const mixed = new Uint8Array([...swapped.slice(0, 24), ...lacking.slice(24)]);
    expect(await refusal(mixed)).toMatch(sentence);
  });
});

interface Opened {
  readonly name: string;
  readonly database: IdbSegmentStore;
  readonly store: ReturnType<typeof createCrashStore>;
  readonly writer: JournalWriter;
}

describe('saving and taking in', () => {
  afterEach(() => vi.restoreAllMocks());

  async function open(name: string): Promise<Opened> {
    const database = await openIdbSegmentStore(name);
    const store = createCrashStore(database, null, { strict: true, newId: () => 'born' });
    const writer = createJournalWriter(createLiveEnv(0, name), store, {
      groupCommitMs: 0,
      segmentBytes: 200,
    });
    await new Promise((resolve) => writer.ready(resolve));
    return { name, database, store, writer };
  }
  const append = (writer: JournalWriter, texts: readonly string[]): Promise<unknown> =>
    new Promise((resolve) =>
      writer.session(1, 1).append(
        texts.map((text) => ({ owner: 'agent/a000', text })),
        resolve,
      ),
    );
  const load = (writer: JournalWriter): Promise<readonly string[]> =>
    new Promise((resolve, reject) =>
      writer
        .session(1, 1)
        .load(['agent/a000'], (r) => (r.ok ? resolve(r.value[0]!) : reject(new Error(r.error.message)))),
    );
  const words = (n: number, word: string, bytes = 40): string[] =>
    Array.from({ length: n }, (_, i) => `${word} ${i} ${'x'.repeat(bytes)}`);
  const never = { now: false };
  const noProgress = (): void => undefined;

  /** A file with many segments, and a store that holds something else. */
  async function setUp(name: string, bytes = 40): Promise<{ file: Blob; there: Opened; had: string[] }> {
    const source = await open(`${name}-source`);
    await append(source.writer, words(40, 'saved', bytes));
    const file = await exportMemory(source, noProgress, never);
    await source.database.destroy();
    const there = await open(name);
    const had = words(10, 'had');
    await append(there.writer, had);
    return { file, there, had };
  }

  const countStaged = (name: string): Promise<number> =>
    new Promise((resolve) => {
      const opening = indexedDB.open(name);
      opening.onsuccess = () => {
        const asked = opening.result.transaction('staged').objectStore('staged').count();
        asked.onsuccess = () => {
          opening.result.close();
          resolve(asked.result);
        };
      };
    });

  /** What there was is there, nothing lies about, and the writer goes on. */
  async function expectUnchanged({ name, database, writer }: Opened, had: readonly string[]): Promise<void> {
    expect(await load(writer)).toEqual(had);
    await append(writer, ['goes on']);
    expect(await load(writer)).toEqual([...had, 'goes on']);
    expect(await countStaged(name)).toBe(0);
    await database.destroy();
  }

  it('brings all of it into another store, in place of what was there, and goes on', async () => {
    const { file, there } = await setUp('taken');
    const seen: number[] = [];
    expect((await checkMemoryFile(file, 'agent/a000', (done) => void seen.push(done), never)).grove).toEqual(
      words(40, 'saved'),
    );
    expect(seen.length).toBeGreaterThan(3);
    await importMemory(there, file, noProgress, never);
    expect(await load(there.writer)).toEqual(words(40, 'saved'));
    await append(there.writer, ['after']);
    there.database.close();
    const again = await open('taken');
    expect(await load(again.writer)).toEqual([...words(40, 'saved'), 'after']);
    expect(again.store.report().damaged).toEqual([]);
    await again.database.destroy();
  });

  it('cancelled at any moment changes nothing, says so, and another try succeeds', async () => {
    for (const moment of [1, 3, 7]) {
      const { file, there, had } = await setUp(`cancelled ${moment}`);
      const cancelled = { now: false };
      let steps = 0;
      const progress = (): void => void (cancelled.now = ++steps >= moment);
      await expect(importMemory(there, file, progress, cancelled)).rejects.toThrow(
        'It was cancelled; nothing was changed.',
      );
      expect(await load(there.writer)).toEqual(had);
      await importMemory(there, file, noProgress, never);
      expect(await load(there.writer)).toEqual(words(40, 'saved'));
      await there.database.destroy();
    }
  });

  it('cancelled after parts of it were put aside leaves none of them', async () => {
    // More than is held at a time: parts of it are in the database when the cancel comes.
    const { file, there, had } = await setUp('cancelled late', 200_000);
    const cancelled = { now: false };
    let staged = 0;
    const progress = (done: number): void => {
      cancelled.now = done > 7_000_000;
      void countStaged('cancelled late').then((n) => (staged = Math.max(staged, n)));
    };
    await expect(importMemory(there, file, progress, cancelled)).rejects.toThrow('It was cancelled');
    expect(staged).toBeGreaterThan(10);
    await expectUnchanged(there, had);
  });

  it('a cancelled saving lets the writer go on, with the writes that waited for it', async () => {
    const { there, had } = await setUp('cancelled saving');
    const cancelled = { now: false };
    const saving = exportMemory(there, () => void (cancelled.now = true), cancelled);
    const waiting = append(there.writer, ['meanwhile']);
    await expect(saving).rejects.toThrow('It was cancelled');
    await waiting;
    await expectUnchanged(there, [...had, 'meanwhile']);
  });

  it('a damaged or cut file changes nothing', async () => {
    const { file, there, had } = await setUp('damaged');
    const bytes = new Uint8Array(await file.arrayBuffer());
    const hurt = bytes.slice();
    hurt[Math.floor(0.8 * hurt.length)]! ^= 4;
    for (const bad of [hurt, bytes.slice(0, -20), bytes.slice(0, 500), new Uint8Array(0)]) {
      await expect(importMemory(there, new Blob([bad]), noProgress, never)).rejects.toThrow(BadMemoryFile);
      expect(await load(there.writer)).toEqual(had);
    }
    await expectUnchanged(there, had);
  });

  it('without room for it changes nothing and says that there is none', async () => {
    const { file, there, had } = await setUp('no room');
    const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('There is no more room.', 'QuotaExceededError');
    });
    await expect(importMemory(there, file, noProgress, never)).rejects.toThrow('no more room');
    put.mockRestore();
    await expectUnchanged(there, had);
  });

  it('holds what was committed when the saving began, and every text once', async () => {
    const { there, had } = await setUp('moment');
    const saving = exportMemory(there, noProgress, never);
    void append(there.writer, ['later']);
    const file = new Uint8Array(await (await saving).arrayBuffer());
    expect(textsOf(await read(file))).toEqual(had);
    await there.database.destroy();
  });
});
