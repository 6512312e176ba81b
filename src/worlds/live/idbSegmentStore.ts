import { deleteDB, openDB, type DBSchema } from 'idb';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { BlockDatabase, Block } from '../../memory/blockStore.ts';
import type { Done, JournalError } from '../../memory/journal.ts';
import { packEntries, wholeRun } from '../../memory/packedEntries.ts';
import { buildSegment } from '../../memory/segment.ts';

/** Made once, when crash memory begins: a database without one has lost what it held. */
interface BirthMarker {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly bornAtMs: number;
}

/** Crash memory's database in IndexedDB. */
export interface IdbSegmentStore extends BlockDatabase {
  /** Names this opening; durable before the first write. A page that ends well leaves it behind (see `cleanEnd.ts`). */
  readonly session: string;
  /** The name of the opening before, or null. */
  readonly sessionBefore: string | null;
  /** The format that was found: older ones were brought to today's on opening; 0 for a new database. */
  readonly formatFound: number;
  /**
   * Writes and removes so much that the browser's log is full and a new one begins. After a crash the old one may have
   * a torn tail, and what is appended behind it is lost at the next start (google/leveldb#1287). Writes wait for it.
   */
  rotateLog(): void;
  /** Blocks that were set aside. */
  countAside(): Promise<number>;
  /** Puts blocks where an import gathers them; the contents are not touched. */
  stage(blocks: readonly Block[]): Promise<void>;
  /** In one transaction: what was staged becomes the contents. */
  adopt(): Promise<void>;
  unstage(): Promise<void>;
  /** Lets go of the database; what is under way is finished first. */
  close(): void;
  /** Closes and deletes the database. */
  destroy(): Promise<void>;
}

interface Schema extends DBSchema {
  /** Format 2: packed segments under their positions. */
  packs: { key: number; value: Uint8Array<ArrayBuffer> };
  /** An import on its way. */
  staged: { key: number; value: Uint8Array<ArrayBuffer> };
  /** What failed its checksum. */
  aside: { key: number; value: Block };
  meta: { key: string; value: BirthMarker | string | Uint8Array<ArrayBuffer> };
}

/** Format 1: plain objects, parallel arrays, no checksum. */
interface SegmentV1 {
  readonly position: number;
  readonly owners: readonly string[];
  readonly texts: readonly string[];
  readonly replaces: readonly string[];
}

const VERSION = 2;
/** Chromium starts a new log after 4 MB; values above 64 kB would go into files of their own, past the log. */
const BALLAST_VALUES = 120;
const BALLAST_BYTES = 50_000;

function journalError(cause: unknown): JournalError {
  const name = cause instanceof Error || cause instanceof DOMException ? cause.name : '';
  if (name === 'QuotaExceededError')
    return {
      reason: 'full',
      message: 'The browser gives this page no more room for crash memory. Free space on this device.',
    };
  const detail = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return { reason: 'failed', message: `The database of crash memory refused: ${detail}` };
}

/** Runs `work` and tells `done` how it went, later and once. `work` begins at once. */
function settle<T>(work: () => Promise<T>, done: Done<T>): void {
  const outcome = work().then(
    (value): Result<T, JournalError> => ok(value),
    (cause: unknown) => err(journalError(cause)),
  );
  // A callback that throws must not be called again with its own error.
  void outcome.then(done);
}

/** Awaits a transaction and all its requests, so that no rejection goes unheard; throws what made it fail. */
async function completed(done: Promise<void>, requests: readonly Promise<unknown>[]): Promise<void> {
  const [whole, ...parts] = await Promise.allSettled([done, ...requests]);
  if (whole.status === 'rejected')
    throw parts.find((part) => part.status === 'rejected')?.reason ?? whole.reason;
}

/** Brings the segments of format 1 to format 2, inside the transaction that makes the new stores. */
async function migrateFrom1(
  segments: { getAll(): Promise<unknown[]> },
  put: (block: Block) => void,
): Promise<void> {
  for (const old of (await segments.getAll()) as SegmentV1[]) {
    const source = packEntries(old.texts.map((text, i) => ({ owner: old.owners[i]!, text })));
    put(buildSegment(old.position, wholeRun(source), old.replaces));
  }
}

/**
 * Opens the database of that name; a new one has no birth marker yet. Rejects with a sentence when the browser refuses
 * (private modes, a damaged profile) or when a newer Treering has written it.
 */
export async function openIdbSegmentStore(
  name: string,
  durability: 'strict' | 'relaxed' = 'strict',
): Promise<IdbSegmentStore> {
  let formatFound = VERSION;
  let migrating = Promise.resolve();
  const db = await openDB<Schema>(name, VERSION, {
    upgrade(created, oldVersion, _new, tx) {
      formatFound = oldVersion;
      created.createObjectStore('packs');
      created.createObjectStore('staged');
      created.createObjectStore('aside', { autoIncrement: true });
      if (oldVersion < 1) created.createObjectStore('meta');
      if (oldVersion === 1) {
        const packs = tx.objectStore('packs');
        const old = tx.objectStore('segments' as never) as unknown as { getAll(): Promise<unknown[]> };
        migrating = migrateFrom1(old, ({ position, bytes }) => void packs.put(bytes, position)).then(() =>
          created.deleteObjectStore('segments' as never),
        );
      }
    },
    // Another tab that wants to delete or upgrade the database must not wait for this one for ever.
    blocking: () => db.close(),
  }).catch((cause: unknown) => {
    if (cause instanceof DOMException && cause.name === 'VersionError')
      throw new Error(
        'This crash memory was written by a newer version of Treering. Reload the page to get that version; nothing was changed.',
      );
    throw cause;
  });
  await migrating;

  const session = crypto.randomUUID();
  const before = await db.get('meta', 'session');
  // Strict whatever the mode: that an opening has a name must never be lost.
  const naming = db.transaction(['meta', 'staged'], 'readwrite', { durability: 'strict' });
  void naming.objectStore('meta').put(session, 'session');
  // An import that a crash cut short.
  void naming.objectStore('staged').clear();
  await naming.done;
  let rotating: Promise<void> | null = null;

  async function rotate(): Promise<void> {
    const noise = new Uint8Array(BALLAST_BYTES);
    for (const durable of [false, true]) {
      const tx = db.transaction('meta', 'readwrite', { durability: durable ? 'strict' : 'relaxed' });
      const requests: Promise<unknown>[] = [];
      for (let i = 0; i < BALLAST_VALUES; i++) {
        if (!durable) crypto.getRandomValues(noise);
        requests.push(
          durable ? tx.store.delete(`ballast/${i}`) : tx.store.put(noise.slice(), `ballast/${i}`),
        );
      }
      await completed(tx.done, requests);
    }
  }

  const blocksAt = async (positions: readonly number[]): Promise<Block[]> => {
    const tx = db.transaction('packs');
    const found = await Promise.all(positions.map((position) => tx.store.get(position)));
    return found.map((bytes, i) => {
      if (!bytes) throw new Error(`segment ${positions[i]} is missing`);
      return { position: positions[i]!, bytes };
    });
  };

  return {
    session,
    sessionBefore: typeof before === 'string' ? before : null,
    formatFound,
    rotateLog() {
      // Without room there is nothing to rotate; the write that follows will say so.
      rotating = rotate().catch(() => undefined);
    },
    write(put, remove, done) {
      const write = async (): Promise<void> => {
        const tx = db.transaction('packs', 'readwrite', { durability });
        const requests: Promise<unknown>[] = [];
        try {
          for (const { position, bytes } of put) requests.push(tx.store.put(bytes, position));
          for (const position of remove) requests.push(tx.store.delete(position));
        } catch (cause) {
          // A put that throws at once leaves the transaction alive: what went before it would be committed.
          tx.abort();
          await Promise.allSettled([tx.done, ...requests]);
          throw cause;
        }
        tx.commit();
        await completed(tx.done, requests);
      };
      settle(rotating ? () => rotating!.then(write) : write, done);
    },
    readAll: (done) =>
      settle(async () => {
        const tx = db.transaction('packs');
        const [positions, values] = await Promise.all([tx.store.getAllKeys(), tx.store.getAll()]);
        return positions.map((position, i) => ({ position, bytes: values[i]! }));
      }, done),
    read: (positions, done) => settle(() => blocksAt(positions), done),
    readMarker: (done) =>
      settle(async () => ((await db.get('meta', 'birth')) as BirthMarker | undefined)?.id ?? null, done),
    writeMarker: (id, done) =>
      settle(async () => {
        await db.put('meta', { id, bornAtMs: Date.now() }, 'birth');
      }, done),
    setAside: (blocks, done) =>
      settle(async () => {
        const tx = db.transaction(['packs', 'aside'], 'readwrite', { durability: 'strict' });
        const requests: Promise<unknown>[] = [];
        for (const { position, bytes } of blocks) {
          requests.push(tx.objectStore('aside').put({ position, bytes }));
          requests.push(tx.objectStore('packs').delete(position));
        }
        await completed(tx.done, requests);
      }, done),
    countAside: () => db.count('aside'),
    async stage(blocks) {
      const tx = db.transaction('staged', 'readwrite', { durability: 'relaxed' });
      await completed(
        tx.done,
        blocks.map(({ position, bytes }) => tx.store.put(bytes, position)),
      );
    },
    async adopt() {
      const tx = db.transaction(['packs', 'staged'], 'readwrite', { durability: 'strict' });
      const packs = tx.objectStore('packs');
      void packs.clear();
      for (let at = await tx.objectStore('staged').openCursor(); at; at = await at.continue())
        void packs.put(at.value, at.key);
      void tx.objectStore('staged').clear();
      await tx.done;
    },
    unstage: () => db.clear('staged'),
    close: () => db.close(),
    async destroy() {
      db.close();
      await deleteDB(name);
    },
  };
}
