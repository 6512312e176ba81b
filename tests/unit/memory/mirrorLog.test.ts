import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Block } from '../../../src/memory/blockStore.ts';
import { openMirrorLog, type Mirror, type MirrorFile } from '../../../src/memory/mirrorLog.ts';
import { examine } from '../../../src/memory/segment.ts';
import { blockOf, createMemoryFile, damage, type MemoryFile } from '../../harness/blocks.ts';

/** So small that the files take turns many times in a history. */
const LIMITS = { garbageBytes: 600, sliceBytes: 200 };

interface Change {
  readonly put: readonly Block[];
  readonly remove: readonly number[];
  /** The database said no to it. */
  readonly takenBack: boolean;
}
type Contents = ReadonlyMap<number, Uint8Array>;

/** Changes as crash memory makes them: numbers only grow, and what is removed was there. */
const changes: fc.Arbitrary<Change[]> = fc
  .array(
    fc.record({
      texts: fc.array(fc.string({ maxLength: 60 }), { maxLength: 3 }),
      removes: fc.array(fc.nat(), { maxLength: 2 }),
      takenBack: fc.nat({ max: 5 }).map((n) => n === 0),
    }),
    { maxLength: 30, size: 'max' },
  )
  .map((drawn) => {
    let next = 1;
    const there = new Set<number>();
    return drawn.map(({ texts, removes, takenBack }) => {
      const remove = [...new Set(removes.map((n) => [...there][n % Math.max(1, there.size)]))].filter(
        (n) => n !== undefined,
      );
      const put = texts.map((text, i) => blockOf(next + i, [[`o${(next + i) % 3}`, text]]));
      if (!takenBack) {
        for (const position of remove) there.delete(position);
        for (const { position } of put) there.add(position);
        next += put.length;
      }
      return { put, remove, takenBack };
    });
  });

const contentsOf = (mirror: Mirror): Contents =>
  new Map(mirror.positions().map((position) => [position, mirror.read(position)!.bytes]));

/** Makes the changes; `at` hears of the contents after each, and of both files' lengths. */
function write(
  files: readonly [MirrorFile, MirrorFile],
  all: readonly Change[],
  at: (contents: Contents) => void = () => undefined,
): Mirror {
  const mirror = openMirrorLog(files, LIMITS);
  mirror.rebuild('born', []);
  const plain = new Map<number, Uint8Array>();
  at(new Map(plain));
  for (const { put, remove, takenBack } of all) {
    mirror.append(put, remove);
    if (takenBack) mirror.rollback();
    else {
      for (const { position, bytes } of put) plain.set(position, bytes);
      for (const position of remove) plain.delete(position);
    }
    mirror.flush();
    at(new Map(plain));
  }
  expect(contentsOf(mirror)).toEqual(plain);
  return mirror;
}

const twoFiles = (): [MemoryFile, MemoryFile] => [createMemoryFile(), createMemoryFile()];
const bytesOf = (file: MirrorFile): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(file.size());
  file.read(bytes, 0);
  return bytes;
};
const copyOf = (files: readonly MirrorFile[], change: (bytes: Uint8Array<ArrayBuffer>, n: number) => void) =>
  files.map((file, n) => {
    const bytes = bytesOf(file);
    change(bytes, n);
    return createMemoryFile(bytes);
  }) as [MemoryFile, MemoryFile];

describe('the mirror log', () => {
  it('opened again holds what was written, less what was taken back, however often its files took turns', () => {
    fc.assert(
      fc.property(changes, (all) => {
        const files = twoFiles();
        let last: Contents = new Map();
        write(files, all, (contents) => (last = contents));
        const again = openMirrorLog(files, LIMITS);
        expect(again.birth).toBe('born');
        expect(contentsOf(again)).toEqual(last);
      }),
      { numRuns: 40 },
    );
  });

  it('cut at any byte of the file that is being written holds what was there after one of the changes', () => {
    fc.assert(
      fc.property(changes, (all) => {
        const files = twoFiles();
        const states: Contents[] = [new Map()];
        // The state of the files before the last change: what a cut may go back to and no further.
        let flushed = files.map((file) => bytesOf(file));
        let before = flushed;
        write(files, all, (contents) => {
          states.push(contents);
          before = flushed;
          flushed = files.map((file) => bytesOf(file));
        });
        const known = new Set(states.map((s) => JSON.stringify([...s].map(([p, b]) => [p, [...b]]))));
        // Where the files did not take turns in the last change, the longer is what was appended to.
        const n = files.findIndex((file, i) => file.size() > before[i]!.length);
        if (n < 0 || files[1 - n]!.size() !== before[1 - n]!.length) return;
        for (let size = before[n]!.length; size <= files[n]!.size(); size++) {
          const cut = files.map((file, i) =>
            createMemoryFile(i === n ? bytesOf(file).slice(0, size) : bytesOf(file)),
          ) as [MemoryFile, MemoryFile];
          const found = contentsOf(openMirrorLog(cut, LIMITS));
          const isKnown = known.has(JSON.stringify([...found].map(([p, b]) => [p, [...b]])));
          if (!isKnown) throw new Error(`cut to ${size} bytes it holds ${[...found.keys()].join()}`);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('any prefix of its only file gives the state after one of the changes, or nothing, and never throws', () => {
    fc.assert(
      fc.property(changes, (all) => {
        const files = twoFiles();
        const states: Contents[] = [new Map()];
        const mirror = openMirrorLog(files, { garbageBytes: 1e9, sliceBytes: 1e9 });
        mirror.rebuild('born', []);
        for (const { put, remove } of all.filter((c) => !c.takenBack)) {
          mirror.append(put, remove);
          states.push(contentsOf(mirror));
        }
        const n = files[0].size() > 0 ? 0 : 1;
        const whole = bytesOf(files[n]);
        let reached = 0;
        for (let size = 0; size <= whole.length; size++) {
          const part = n === 0 ? [whole.slice(0, size), undefined] : [undefined, whole.slice(0, size)];
          const cut = part.map((bytes) => createMemoryFile(bytes)) as [MemoryFile, MemoryFile];
          const found = contentsOf(openMirrorLog(cut, LIMITS));
          while (reached < states.length - 1 && !sameContents(found, states[reached]!)) reached++;
          expect(sameContents(found, states[reached]!), `${size} of ${whole.length} bytes`).toBe(true);
        }
        expect(reached).toBe(states.length - 1 - trailingEqual(states));
      }),
      { numRuns: 6 },
    );
  });

  it('with any bit turned over gives no block that is not as written, and opens', () => {
    fc.assert(
      fc.property(changes, fc.nat(), fc.boolean(), (all, bit, first) => {
        const files = twoFiles();
        const written = new Map<string, true>();
        write(files, all);
        for (const { put } of all) for (const b of put) written.set(`${b.position} ${b.bytes.join()}`, true);
        const hurt = copyOf(files, (bytes, n) => {
          if (bytes.length === 0 || (n === 0) !== first) return;
          const at = bit % (8 * bytes.length);
          bytes[at >> 3]! ^= 1 << (at & 7);
        });
        const mirror = openMirrorLog(hurt, LIMITS);
        for (const position of mirror.positions()) {
          const block = mirror.read(position)!;
          // A damaged text is found by the block's own checksum, as everywhere in crash memory.
          if (!examine(block)) expect(written.has(`${position} ${block.bytes.join()}`)).toBe(true);
        }
      }),
      { numRuns: 120 },
    );
  });

  it('a block damaged on its way in is known by its checksum', () => {
    const files = twoFiles();
    const mirror = openMirrorLog(files, LIMITS);
    mirror.rebuild('born', []);
    mirror.append([damage(blockOf(1, [['a', 'text']]), 8 * 70)], []);
    expect(examine(mirror.read(1)!)).not.toBeNull();
  });

  it('without room refuses, is as it was, and takes the same again when there is room', () => {
    fc.assert(
      fc.property(changes, fc.nat({ max: 3_000 }), (all, room) => {
        const files = twoFiles();
        const mirror = openMirrorLog(files, LIMITS);
        mirror.rebuild('born', []);
        const plain = new Map<number, Uint8Array>();
        for (const { put, remove } of all.filter((c) => !c.takenBack)) {
          for (const file of files) file.room = room;
          try {
            mirror.append(put, remove);
          } catch (cause) {
            expect((cause as Error).name).toBe('QuotaExceededError');
            expect(contentsOf(mirror)).toEqual(plain);
            expect(
              contentsOf(
                openMirrorLog(
                  copyOf(files, () => undefined),
                  LIMITS,
                ),
              ),
            ).toEqual(plain);
            for (const file of files) file.room = Infinity;
            mirror.append(put, remove);
          }
          for (const { position, bytes } of put) plain.set(position, bytes);
          for (const position of remove) plain.delete(position);
        }
        expect(contentsOf(openMirrorLog(files, LIMITS))).toEqual(plain);
      }),
      { numRuns: 40 },
    );
  });
});

const sameContents = (a: Contents, b: Contents): boolean =>
  a.size === b.size && [...a].every(([position, bytes]) => b.get(position)?.join() === bytes.join());

/** How many states at the end are the same as the one before them: a prefix reaches the first of them. */
function trailingEqual(states: readonly Contents[]): number {
  let n = 0;
  while (n < states.length - 1 && sameContents(states.at(-1 - n)!, states.at(-2 - n)!)) n++;
  return n;
}
