import { transfer, wrap, type Remote } from 'comlink';
import type { CrashMemoryView } from '../../../src/fleet/views.ts';
import type { StoreControl } from '../../../src/worlds/live/storeControl.ts';
import type { Found } from './texts.ts';
import type { WriterNews, WriterTask } from './writer.worker.ts';

export interface CrashPlan {
  readonly durability: 'strict' | 'relaxed';
  readonly writers: number;
  readonly cleanEnd: string | null;
}

/** What the driver can do in this page. */
export interface CrashPage {
  /** Opens crash memory and tells what every writer found; they go on writing at once. */
  begin(plan: CrashPlan): Promise<{ found: Found[]; view: CrashMemoryView }>;
  view(): Promise<CrashMemoryView | null>;
  /** Ends writers and store in the middle of what they do. */
  terminate(): void;
  /** Turns bits over in so many segments of the closed database; `mirrorToo`: there is no mirror any more either. */
  damage(segments: number, mirrorToo: boolean): Promise<number>;
}
declare global {
  interface Window {
    crash: CrashPage;
    /** The driver's: hears what was acked. */
    acked(node: number, pair: number, checkpoint: number): void;
    refused(node: number, message: string): void;
  }
}

const DATABASE = 'crash-test';
let store: Worker | null = null;
let control: Remote<StoreControl> | null = null;
let writers: Worker[] = [];
let incarnation = Date.now();

async function begin(plan: CrashPlan): Promise<{ found: Found[]; view: CrashMemoryView }> {
  store = new Worker(new URL('../../../src/worlds/live/store.worker.ts', import.meta.url), {
    type: 'module',
  });
  const opened = (control = wrap<StoreControl>(store));
  await opened.open(DATABASE, performance.timeOrigin, {
    groupCommitMs: 1,
    durability: plan.durability,
    cleanEnd: plan.cleanEnd,
  });
  const found: Promise<Found>[] = [];
  for (let node = 1; node <= plan.writers; node++) {
    const writer = new Worker(new URL('./writer.worker.ts', import.meta.url), { type: 'module' });
    writers.push(writer);
    const { port1, port2 } = new MessageChannel();
    await opened.connect(node, ++incarnation, transfer(port1, [port1]));
    found.push(
      new Promise((resolve, reject) => {
        writer.onmessage = ({ data }: MessageEvent<WriterNews>) => {
          if (data.type === 'found') resolve(data.found);
          else if (data.type === 'acked') window.acked(node, data.pair, data.checkpoint);
          else {
            window.refused(node, data.message);
            reject(new Error(data.message));
          }
        };
      }),
    );
    writer.postMessage({ node, port: port2, window: 8 } satisfies WriterTask, [port2]);
  }
  const all = await Promise.all(found);
  return { found: all, view: (await opened.view())! };
}

function terminate(): void {
  for (const writer of writers) writer.terminate();
  store?.terminate();
  writers = [];
  store = control = null;
}

async function damage(segments: number, mirrorToo: boolean): Promise<number> {
  const opening = indexedDB.open(DATABASE);
  const db = await new Promise<IDBDatabase>((resolve, reject) => {
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error ?? new Error('the database could not be opened'));
  });
  const tx = db.transaction('packs', 'readwrite');
  const packs = tx.objectStore('packs');
  const keys = await new Promise<IDBValidKey[]>((resolve) => {
    const asked = packs.getAllKeys();
    asked.onsuccess = () => resolve(asked.result);
  });
  const chosen = keys.slice(0, segments);
  for (const key of chosen) {
    const asked = packs.get(key);
    asked.onsuccess = () => {
      const bytes = asked.result as Uint8Array;
      bytes[bytes.length - 3]! ^= 64;
      packs.put(bytes, key);
    };
  }
  await new Promise((resolve) => (tx.oncomplete = resolve));
  db.close();
  if (mirrorToo) {
    const root = await navigator.storage.getDirectory();
    await root.removeEntry('treering-mirror', { recursive: true });
  }
  return chosen.length;
}

window.crash = { begin, view: async () => (await control?.view()) ?? null, terminate, damage };
