import { expect } from 'vitest';
import type { Result } from '../../src/kernel/result.ts';
import type { JournalError } from '../../src/memory/journal.ts';
import type { Block } from '../../src/memory/blockStore.ts';
import type { IdbSegmentStore } from '../../src/worlds/live/idbSegmentStore.ts';
import { blockOf } from './blocks.ts';

type Read = Result<readonly Block[], JournalError>;

/** The callbacks of a store as promises. */
export const stored = {
  write: (store: IdbSegmentStore, put: readonly Block[], remove: readonly number[]) =>
    new Promise<Result<void, JournalError>>((resolve) => store.write(put, remove, resolve)),
  readAll: (store: IdbSegmentStore) => new Promise<Read>((resolve) => store.readAll(resolve)),
  read: (store: IdbSegmentStore, positions: readonly number[]) =>
    new Promise<Read>((resolve) => store.read(positions, resolve)),
  marker: (store: IdbSegmentStore) =>
    new Promise<string | null>((resolve) => store.readMarker((r) => resolve(r.ok ? r.value : 'unreadable'))),
  mark: (store: IdbSegmentStore, id: string) => new Promise((resolve) => store.writeMarker(id, resolve)),
  setAside: (store: IdbSegmentStore, blocks: readonly Block[]) =>
    new Promise((resolve) => store.setAside(blocks, resolve)),
};

export const segment = (position: number, ...texts: string[]): Block =>
  blockOf(
    position,
    texts.map((text) => ['agent/a000', text] as const),
    position > 1 ? ['node/1'] : [],
  );

/** What holds of the store on every IndexedDB. `open` opens the same database each time. */
export async function checkSegmentStore(open: () => Promise<IdbSegmentStore>): Promise<void> {
  const store = await open();
  expect(await stored.marker(store)).toBeNull();
  expect(store.sessionBefore).toBeNull();
  await stored.mark(store, 'born');
  const all = [segment(1, 'one', '𝒯ree 🌲'), segment(2, 'two'), segment(10, 'ten')];
  expect(await stored.write(store, all, [])).toEqual({ ok: true, value: undefined });
  expect(await stored.readAll(store)).toEqual({ ok: true, value: all });
  expect(await stored.read(store, [10, 1])).toEqual({ ok: true, value: [all[2], all[0]] });
  expect(await stored.read(store, [3])).toMatchObject({ ok: false, error: { reason: 'failed' } });

  // Puts and removals of one write come together, or not at all.
  const bad = { position: 12, bytes: (() => {}) as unknown as Uint8Array<ArrayBuffer> };
  expect(await stored.write(store, [segment(11, 'eleven'), bad], [1])).toMatchObject({ ok: false });
  expect(await stored.readAll(store)).toEqual({ ok: true, value: all });
  expect((await stored.write(store, [segment(11, 'eleven')], [1, 2])).ok).toBe(true);
  store.rotateLog();
  expect((await stored.write(store, [segment(12, 'after the rotation')], [])).ok).toBe(true);
  const { session } = store;
  store.close();
  expect(await stored.write(store, [segment(20, 'late')], [])).toMatchObject({ ok: false });

  // Opened again it is the same database; destroyed and opened again it is a new one, and says so.
  const again = await open();
  expect(await stored.marker(again)).toBe('born');
  expect(again.sessionBefore).toBe(session);
  const left = [all[2]!, segment(11, 'eleven'), segment(12, 'after the rotation')];
  expect(await stored.readAll(again)).toEqual({ ok: true, value: left });
  await stored.setAside(again, [left[1]!]);
  expect(await again.countAside()).toBe(1);
  expect(await stored.readAll(again)).toEqual({ ok: true, value: [left[0], left[2]] });

  // What an import gathers is seen when it is adopted, and not before; nor when it was given up.
  await again.stage([segment(30, 'given up')]);
  await again.unstage();
  await again.stage([segment(31, 'imported')]);
  expect(await stored.readAll(again)).toEqual({ ok: true, value: [left[0], left[2]] });
  await again.adopt();
  expect(await stored.readAll(again)).toEqual({ ok: true, value: [segment(31, 'imported')] });
  await again.destroy();
  const fresh = await open();
  expect(await stored.marker(fresh)).toBeNull();
  expect(await stored.readAll(fresh)).toEqual({ ok: true, value: [] });
  await fresh.destroy();
}

/** A database as the first version of this code laid it out, made without any of its code. */
export async function makeFormat1(
  name: string,
  segments: readonly {
    position: number;
    owners: string[];
    texts: string[];
    replaces: string[];
  }[],
): Promise<void> {
  const opening = indexedDB.open(name, 1);
  opening.onupgradeneeded = () => {
    const store = opening.result.createObjectStore('segments', { keyPath: 'position' });
    const meta = opening.result.createObjectStore('meta');
    for (const s of segments) store.put(s);
    meta.put({ id: 'from format 1', bornAtMs: 1_700_000_000_000 }, 'birth');
  };
  await new Promise((resolve, reject) => {
    opening.onsuccess = resolve;
    opening.onerror = () => reject(opening.error ?? new Error('the database could not be made'));
  });
  opening.result.close();
}

/** What a database of format 1 is after it was opened by today's code. */
export async function checkMigration(
  name: string,
  open: (name: string) => Promise<IdbSegmentStore>,
): Promise<void> {
  await makeFormat1(name, [
    { position: 3, owners: ['a', 'b', 'a'], texts: ['1', '𝒯wo', '3'], replaces: [] },
    { position: 7, owners: ['b'], texts: ['"four"'], replaces: ['b', 'c'] },
  ]);
  const store = await open(name);
  expect(store.formatFound).toBe(1);
  expect(await stored.marker(store)).toBe('from format 1');
  const wanted = [
    blockOf(3, [
      ['a', '1'],
      ['b', '𝒯wo'],
      ['a', '3'],
    ]),
    blockOf(7, [['b', '"four"']], ['b', 'c']),
  ];
  expect(await stored.readAll(store)).toEqual({ ok: true, value: wanted });
  store.close();
  const again = await open(name);
  expect(again.formatFound).toBe(2);
  expect(await stored.readAll(again)).toEqual({ ok: true, value: wanted });
  await again.destroy();
}
