import { deleteDB, openDB, type DBSchema, type IDBPDatabase } from 'idb';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { JournalError, Segment, SegmentStore } from '../../memory/journal.ts';

/** Made once, when the database is created: a database without one has lost what it held. */
export interface BirthMarker {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly bornAtMs: number;
}

/** A SegmentStore in IndexedDB. */
export interface IdbSegmentStore extends SegmentStore {
  /** Another one than last time means that the browser has wiped the database in between. */
  readonly birth: BirthMarker;
  /** Lets go of the database; what is under way is finished first. */
  close(): void;
  /** Closes and deletes the database. */
  destroy(): Promise<void>;
}

interface Schema extends DBSchema {
  segments: { key: number; value: Segment };
  meta: { key: string; value: BirthMarker };
}

const VERSION = 1;

function journalError(cause: unknown): JournalError {
  const name = cause instanceof Error || cause instanceof DOMException ? cause.name : '';
  if (name === 'QuotaExceededError')
    return {
      reason: 'full',
      message:
        'The browser gives this page no more room for crash memory. Start afresh, or free space on this device.',
    };
  const detail = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return { reason: 'failed', message: `The database of crash memory refused: ${detail}` };
}

/** Runs `work` and tells `done` how it went, later and once. */
function settle<T>(work: () => Promise<T>, done: (r: Result<T, JournalError>) => void): void {
  const outcome = Promise.resolve()
    .then(work)
    .then(
      (value): Result<T, JournalError> => ok(value),
      (cause: unknown) => err(journalError(cause)),
    );
  // A callback that throws must not be called again with its own error.
  void outcome.then(done);
}

async function readAt(db: IDBPDatabase<Schema>, positions: readonly number[]): Promise<Segment[]> {
  const tx = db.transaction('segments');
  const found = await Promise.all(positions.map((position) => tx.store.get(position)));
  return found.map((segment, i) => {
    if (!segment) throw new Error(`segment ${positions[i]} is missing`);
    return segment;
  });
}

/** Opens the database of that name, creating it with its birth marker. Rejects when the browser refuses (private modes, a damaged profile). */
export async function openIdbSegmentStore(name: string): Promise<IdbSegmentStore> {
  const db = await openDB<Schema>(name, VERSION, {
    upgrade(created, _old, _new, tx) {
      created.createObjectStore('segments', { keyPath: 'position' });
      created.createObjectStore('meta');
      void tx.objectStore('meta').put({ id: crypto.randomUUID(), bornAtMs: Date.now() }, 'birth');
    },
    // Another tab that wants to delete or upgrade the database must not wait for this one for ever.
    blocking: () => db.close(),
  });
  const birth = await db.get('meta', 'birth');
  if (!birth) {
    db.close();
    throw new Error(`The database ${name} has no birth marker: its contents were lost.`);
  }
  return {
    birth,
    write(put, remove, done) {
      settle(async () => {
        const tx = db.transaction('segments', 'readwrite', { durability: 'strict' });
        const requests: Promise<unknown>[] = [];
        try {
          for (const segment of put) requests.push(tx.store.put(segment));
          for (const position of remove) requests.push(tx.store.delete(position));
        } catch (cause) {
          // A put that throws at once leaves the transaction alive: what went before it would be committed.
          tx.abort();
          await Promise.allSettled([tx.done, ...requests]);
          throw cause;
        }
        // A request that fails aborts the transaction; all are awaited so that no rejection goes unheard.
        const [whole, ...parts] = await Promise.allSettled([tx.done, ...requests]);
        if (whole.status === 'rejected')
          throw parts.find((part) => part.status === 'rejected')?.reason ?? whole.reason;
      }, done);
    },
    readAll: (done) => settle(() => db.getAll('segments'), done),
    read: (positions, done) => settle(() => readAt(db, positions), done),
    close: () => db.close(),
    async destroy() {
      db.close();
      await deleteDB(name);
    },
  };
}
