import { expect, it } from 'vitest';
import { createRng } from '../../src/kernel/rng.ts';
import type { Env } from '../../src/kernel/env.ts';
import { createJournalWriter } from '../../src/memory/journalWriter.ts';
import type { JournalWriter } from '../../src/memory/journalWriter.ts';
import { openIdbSegmentStore } from '../../src/worlds/live/idbSegmentStore.ts';
import { checkMigration, checkSegmentStore } from '../harness/segmentStoreClaims.ts';

it('keeps what it acked over close and reopen, all or nothing, in a real browser', async () => {
  await checkSegmentStore(() => openIdbSegmentStore('claims'));
});

it('brings a database of the first format to today’s in a real browser', async () => {
  await checkMigration('migrated', openIdbSegmentStore);
});

const env: Env = {
  now: () => performance.now(),
  setTimer(delayMs, fn) {
    const id = setTimeout(fn, delayMs);
    return () => clearTimeout(id);
  },
  defer: (fn) => queueMicrotask(fn),
  random: (name) => createRng(name),
};

const ready = (writer: JournalWriter): Promise<number> =>
  new Promise((resolve, reject) =>
    writer.ready((r) => (r.ok ? resolve(r.value.entries) : reject(new Error(r.error.message)))),
  );

it('gives every acked entry of a journal back to the next process', async () => {
  const store = await openIdbSegmentStore('journal');
  const writer = createJournalWriter(env, store, { groupCommitMs: 2, segmentBytes: 2_000 });
  expect(await ready(writer)).toBe(0);
  const wanted: string[][] = [];
  await Promise.all(
    Array.from({ length: 20 }, (_, node) => {
      const port = writer.session(node, 1);
      const own: string[] = Array.from({ length: 50 }, (_, i) => `node ${node} entry ${i}`);
      wanted.push(own);
      return Promise.all(
        own.map(
          (text) =>
            new Promise<void>((resolve, reject) =>
              port.append([{ owner: `agent/${node}`, text }], (r) =>
                r.ok ? resolve() : reject(new Error(r.error.message)),
              ),
            ),
        ),
      );
    }),
  );
  expect(writer.stats()).toMatchObject({ appends: 1_000, entries: 1_000 });
  expect(writer.stats().commits).toBeLessThan(1_000);
  store.close();

  const reopened = await openIdbSegmentStore('journal');
  const next = createJournalWriter(env, reopened, { groupCommitMs: 2, cacheBytes: 1_000 });
  expect(await ready(next)).toBe(1_000);
  const loaded = await new Promise((resolve) =>
    next.session(1, 2).load(
      wanted.map((_, node) => `agent/${node}`),
      resolve,
    ),
  );
  expect(loaded).toEqual({ ok: true, value: wanted });
  await reopened.destroy();
});
