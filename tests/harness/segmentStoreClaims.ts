import { expect } from 'vitest';
import type { Result } from '../../src/kernel/result.ts';
import type { JournalError, Segment } from '../../src/memory/journal.ts';
import type { IdbSegmentStore } from '../../src/worlds/live/idbSegmentStore.ts';

type Read = Result<readonly Segment[], JournalError>;

/** The callbacks of a store as promises. */
export const stored = {
  write: (store: IdbSegmentStore, put: readonly Segment[], remove: readonly number[]) =>
    new Promise<Result<void, JournalError>>((resolve) => store.write(put, remove, resolve)),
  readAll: (store: IdbSegmentStore) => new Promise<Read>((resolve) => store.readAll(resolve)),
  read: (store: IdbSegmentStore, positions: readonly number[]) =>
    new Promise<Read>((resolve) => store.read(positions, resolve)),
};

export const segment = (position: number, ...texts: string[]): Segment => ({
  position,
  owners: texts.map(() => 'agent/a000'),
  texts,
  replaces: position > 1 ? ['node/1'] : [],
});

/** What holds of the store on every IndexedDB. `open` opens the same database each time. */
export async function checkSegmentStore(open: () => Promise<IdbSegmentStore>): Promise<void> {
  const store = await open();
  const all = [segment(1, 'one', '𝒯ree 🌲'), segment(2, 'two'), segment(10, 'ten')];
  expect(await stored.write(store, all, [])).toEqual({ ok: true, value: undefined });
  expect(await stored.readAll(store)).toEqual({ ok: true, value: all });
  expect(await stored.read(store, [10, 1])).toEqual({ ok: true, value: [all[2], all[0]] });
  expect(await stored.read(store, [3])).toMatchObject({ ok: false, error: { reason: 'failed' } });

  // Puts and removals of one write come together, or not at all.
  const damaged = { ...segment(12, 'bad'), texts: [() => {}] } as unknown as Segment;
  expect(await stored.write(store, [segment(11, 'eleven'), damaged], [1])).toMatchObject({ ok: false });
  expect(await stored.readAll(store)).toEqual({ ok: true, value: all });
  expect((await stored.write(store, [segment(11, 'eleven')], [1, 2])).ok).toBe(true);
  const { birth } = store;
  store.close();
  expect(await stored.write(store, [segment(20, 'late')], [])).toMatchObject({ ok: false });

  // Opened again it is the same database; destroyed and opened again it is a new one, and says so.
  const again = await open();
  expect(again.birth).toEqual(birth);
  expect(await stored.readAll(again)).toEqual({ ok: true, value: [all[2], segment(11, 'eleven')] });
  await again.destroy();
  const fresh = await open();
  expect(fresh.birth.id).not.toBe(birth.id);
  expect(await stored.readAll(fresh)).toEqual({ ok: true, value: [] });
  await fresh.destroy();
}
