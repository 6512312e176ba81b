import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import { answerBytes } from '../../provider/cache/answerCache.ts';
import type { AnswerStore, StoredAnswer, StoredAnswerHead } from '../../provider/cache/answerStore.ts';

interface Schema extends DBSchema {
  texts: { key: string; value: string };
  heads: {
    key: string;
    value: { readonly bytes: number; readonly tags: readonly string[]; readonly putAtMs: number };
  };
}

/** Answers put within so long share a transaction. */
const GATHER_MS = 50;

/** Cached answers in IndexedDB, in a database beside crash memory's: it may be lost or refused, and nothing waits for it. */
export interface IdbAnswerStore extends AnswerStore {
  /** Forgets everything. */
  clear(): void;
  /** Writes what was gathered and lets go of the database. */
  close(): void;
}

/**
 * @param name of the database
 * @param wallNow epoch milliseconds: ages count over reloads
 */
export function openIdbAnswerStore(name: string, wallNow: () => number = Date.now): IdbAnswerStore {
  const opened: Promise<IDBPDatabase<Schema> | null> = openDB<Schema>(name, 1, {
    upgrade(db) {
      db.createObjectStore('texts');
      db.createObjectStore('heads');
    },
    // Another page wants a newer format: this one goes on without.
    blocking: (_now, _later, event) => (event.target as IDBDatabase).close(),
  }).catch(() => null);
  /** By key, what is to be put; null: to be removed. */
  let gathered = new Map<string, (StoredAnswer & { readonly putAtMs: number }) | null>();
  let timer: ReturnType<typeof setTimeout> | null = null;

  async function flush(): Promise<void> {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const changes = gathered;
    gathered = new Map();
    const db = await opened;
    if (db === null || changes.size === 0) return;
    try {
      const tx = db.transaction(['texts', 'heads'], 'readwrite', { durability: 'relaxed' });
      const texts = tx.objectStore('texts');
      const heads = tx.objectStore('heads');
      for (const [key, answer] of changes) {
        if (answer === null) {
          void texts.delete(key);
          void heads.delete(key);
        } else {
          const { text, tags, putAtMs } = answer;
          void texts.put(text, key);
          void heads.put({ bytes: answerBytes(key, text, tags), tags, putAtMs }, key);
        }
      }
      await tx.done;
    } catch {
      // A cache that could not be written to knows less, and that is all.
    }
  }

  function change(key: string, answer: StoredAnswer | null): void {
    gathered.set(key, answer && { ...answer, putAtMs: wallNow() });
    timer ??= setTimeout(() => void flush(), GATHER_MS);
  }

  async function readHeads(): Promise<StoredAnswerHead[]> {
    const db = await opened;
    if (db === null) return [];
    const tx = db.transaction('heads');
    const [keys, values] = await Promise.all([tx.store.getAllKeys(), tx.store.getAll()]);
    return keys
      .map((key, i) => ({ key, ...values[i]! }))
      .sort((a, b) => a.putAtMs - b.putAtMs)
      .map(({ key, bytes, tags, putAtMs }) => ({
        key,
        bytes,
        tags,
        ageMs: Math.max(0, wallNow() - putAtMs),
      }));
  }

  async function read(key: string): Promise<StoredAnswer | null> {
    const waiting = gathered.get(key);
    if (waiting !== undefined) return waiting && { key, text: waiting.text, tags: waiting.tags };
    const db = await opened;
    if (db === null) return null;
    const tx = db.transaction(['texts', 'heads']);
    const [text, head] = await Promise.all([
      tx.objectStore('texts').get(key),
      tx.objectStore('heads').get(key),
    ]);
    return text === undefined || head === undefined ? null : { key, text, tags: head.tags };
  }

  return {
    heads: (done) => void readHeads().then(done, () => done([])),
    read: (key, done) => void read(key).then(done, () => done(null)),
    put: (answer) => change(answer.key, answer),
    remove(keys) {
      for (const key of keys) change(key, null);
    },
    clear() {
      gathered.clear();
      void opened.then((db) => Promise.all([db?.clear('texts'), db?.clear('heads')])).catch(() => undefined);
    },
    close() {
      void flush().then(async () => (await opened)?.close());
    },
  };
}
