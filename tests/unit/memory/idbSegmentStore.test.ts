import 'fake-indexeddb/auto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openIdbSegmentStore } from '../../../src/worlds/live/idbSegmentStore.ts';
import { checkSegmentStore, segment, stored } from '../../harness/segmentStoreClaims.ts';

afterEach(() => vi.restoreAllMocks());

describe('the segment store over IndexedDB', () => {
  it('keeps what it acked over close and reopen, all or nothing, and knows a new database from an old one', async () => {
    await checkSegmentStore(() => openIdbSegmentStore('claims'));
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
