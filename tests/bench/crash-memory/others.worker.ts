import Dexie, { type Table } from 'dexie';
import { createStore, getMany, keys, set, setMany } from 'idb-keyval';
import { textsOf } from './words.ts';

export interface OtherTask {
  readonly kind: 'raw puts' | 'packed puts' | 'dexie' | 'dexie bulk' | 'idb-keyval' | 'idb-keyval many';
  readonly records: number;
  readonly bytes: number;
  /** Records in one bulk write. */
  readonly bulk: number;
  /** Writes under way at a time. */
  readonly window: number;
}
export interface OtherRun {
  readonly writeMs: number;
  readonly readMs: number;
  readonly read: number;
}

type Row = [key: number, text: string];
type Value = string | Uint8Array<ArrayBuffer>;

/** Rows as one value, made before the clock runs: what is measured is the database. */
function packed(rows: readonly Row[]): (readonly [key: number, value: Value])[] {
  return [[rows[0]![0], new TextEncoder().encode(rows.map(([, text]) => text).join('\n'))]];
}

const recordsIn = (value: Value): number =>
  typeof value === 'string' ? 1 : new TextDecoder().decode(value).split('\n').length;

/** How each of them keeps records, the way its own documentation shows; all `strict`. */
async function openKind(kind: OtherTask['kind'], name: string) {
  if (kind === 'raw puts' || kind === 'packed puts') {
    const opening = indexedDB.open(name, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore('records');
    const db = await new Promise<IDBDatabase>((resolve) => {
      opening.onsuccess = () => resolve(opening.result);
    });
    return {
      write: (rows: readonly (readonly [key: number, value: Value])[]) =>
        new Promise<void>((resolve, reject) => {
          const tx = db.transaction('records', 'readwrite', { durability: 'strict' });
          for (const [key, value] of rows) tx.objectStore('records').put(value, key);
          tx.oncomplete = () => resolve();
          tx.onabort = () => reject(tx.error ?? new Error('aborted'));
        }),
      count: () =>
        new Promise<number>((resolve) => {
          const asked = db.transaction('records').objectStore('records').getAll();
          asked.onsuccess = () =>
            resolve((asked.result as Value[]).reduce((sum, value) => sum + recordsIn(value), 0));
        }),
      close: () => db.close(),
    };
  }
  if (kind === 'dexie' || kind === 'dexie bulk') {
    const db = new Dexie(name, { chromeTransactionDurability: 'strict' });
    db.version(1).stores({ records: '' });
    const table: Table<string, number> = db.table('records');
    return {
      write: async (rows: readonly Row[]) => {
        if (rows.length === 1) await table.put(rows[0]![1], rows[0]![0]);
        else
          await table.bulkPut(
            rows.map(([, text]) => text),
            rows.map(([key]) => key),
          );
      },
      count: async () => (await table.toArray()).length,
      close: () => db.close(),
    };
  }
  const store = createStore(name, 'records');
  return {
    write: (rows: readonly Row[]) =>
      rows.length === 1 ? set(rows[0]![0], rows[0]![1], store) : setMany([...rows], store),
    count: async () => (await getMany(await keys(store), store)).length,
    close: () => undefined,
  };
}

async function run(task: OtherTask): Promise<OtherRun> {
  const name = `other-${Math.random()}`;
  const texts = textsOf(task.records, task.bytes, 'other');
  const { write, count, close } = await openKind(task.kind, name);
  const batches: Row[][] = [];
  for (let from = 0; from < texts.length; from += task.bulk)
    batches.push(texts.slice(from, from + task.bulk).map((text, i): Row => [from + i, text]));
  const writes: readonly (() => Promise<void>)[] =
    task.kind === 'packed puts'
      ? batches.map(packed).map((rows) => () => write(rows as never))
      : batches.map((rows) => () => write(rows));
  const began = performance.now();
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < writes.length) await writes[next++]!();
  };
  await Promise.all(Array.from({ length: task.window }, lane));
  const written = performance.now();
  const read = await count();
  const ended = performance.now();
  close();
  indexedDB.deleteDatabase(name);
  return { writeMs: written - began, readMs: ended - written, read };
}

self.onmessage = ({ data }: MessageEvent<OtherTask>) => void run(data).then((r) => self.postMessage(r));
