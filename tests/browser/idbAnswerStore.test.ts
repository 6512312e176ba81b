import { expect, test } from 'vitest';
import type { StoredAnswer, StoredAnswerHead } from '../../src/provider/cache/answerStore.ts';
import { openIdbAnswerStore, type IdbAnswerStore } from '../../src/worlds/live/idbAnswerStore.ts';

const read = (store: IdbAnswerStore, key: string) =>
  new Promise<StoredAnswer | null>((resolve) => store.read(key, resolve));
const heads = (store: IdbAnswerStore) =>
  new Promise<readonly StoredAnswerHead[]>((resolve) => store.heads(resolve));
const until = async (holds: () => Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
};
const name = (): string => `answers-${Math.random()}`;

test('an answer is read back at once and after a reopening, with its age', async () => {
  const database = name();
  let nowMs = 1_000;
  const store = openIdbAnswerStore(database, () => nowMs);
  store.put({ key: 'k', text: 'yes', tags: ['doc#1'] });
  expect(await read(store, 'k')).toEqual({ key: 'k', text: 'yes', tags: ['doc#1'] });
  store.close();
  nowMs = 5_000;
  const again = openIdbAnswerStore(database, () => nowMs);
  await until(async () => (await heads(again)).length > 0);
  expect(await heads(again)).toMatchObject([{ key: 'k', tags: ['doc#1'], ageMs: 4_000 }]);
  expect(await read(again, 'k')).toEqual({ key: 'k', text: 'yes', tags: ['doc#1'] });
  again.close();
});

test('what is removed or cleared is gone, and a database that cannot be had is an empty cache', async () => {
  const database = name();
  const store = openIdbAnswerStore(database);
  for (const key of ['a', 'b', 'c']) store.put({ key, text: key, tags: [] });
  store.remove(['b']);
  expect(await read(store, 'b')).toBeNull();
  await until(async () => (await heads(store)).length === 2);
  store.clear();
  await until(async () => (await heads(store)).length === 0);
  expect(await read(store, 'a')).toBeNull();
  store.close();

  const newer = name();
  await new Promise<void>((resolve) => {
    const request = indexedDB.open(newer, 9);
    request.onsuccess = () => {
      request.result.close();
      resolve();
    };
  });
  const refused = openIdbAnswerStore(newer);
  expect(await heads(refused)).toEqual([]);
  refused.put({ key: 'k', text: 'x', tags: [] });
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await read(refused, 'k')).toBeNull();
});
