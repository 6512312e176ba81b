import 'fake-indexeddb/auto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openIdbSegmentStore } from '../../../src/worlds/live/idbSegmentStore.ts';
import { checkMigration, checkSegmentStore, segment, stored } from '../../harness/segmentStoreClaims.ts';

afterEach(() => vi.restoreAllMocks());

describe('the segment store over IndexedDB', () => {
  it('keeps what it acked over close and reopen, all or nothing, and knows a new database from an old one', async () => {
    await checkSegmentStore(() => openIdbSegmentStore('claims'));
  });

  it('brings a database of the first format to today’s, once, with everything in it', async () => {
    await checkMigration('migrated', openIdbSegmentStore);
  });

  it('refuses a database of a newer version with a sentence, and leaves it alone', async () => {
    const opening = indexedDB.open('newer', 99);
    await new Promise((resolve) => (opening.onsuccess = resolve));
    opening.result.close();
    await expect(openIdbSegmentStore('newer')).rejects.toThrow('written by a newer version of Treering');
  });

  it('says that there is no room when the quota is used up, and keeps what it had', async () => {
    const store = await openIdbSegmentStore('quota');
    await stored.write(store, [segment(1, 'kept')], []);
    const put = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('no room', 'QuotaExceededError');
    });
    expect(await stored.write(store, [segment(2, 'too much')], [1])).toMatchObject({
      ok: false,
      error: { reason: 'full' },
    });
    put.mockRestore();
    expect(await stored.readAll(store)).toEqual({ ok: true, value: [segment(1, 'kept')] });
    await store.destroy();
  });
});
