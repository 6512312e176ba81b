import { wrap, type Remote } from 'comlink';
import type { ConductorControl } from './conductorControl.ts';

export interface OpenedConductor {
  readonly conductor: Remote<ConductorControl>;
  /** To be told the name of crash memory's opening whenever it is seen. */
  readonly noteSession: (session: string) => void;
}

/** Starts the conductor's worker. The page talks to it by Comlink, and to nobody else. */
export async function openConductor(): Promise<OpenedConductor> {
  const worker = new Worker(new URL('./conductor.worker.ts', import.meta.url), {
    type: 'module',
    name: 'conductor',
  });
  const conductor = wrap<ConductorControl>(worker);
  const failed = new Promise<never>((_, reject) => {
    worker.onerror = (event) => {
      const why =
        event.message || 'its script could not be loaded; check the connection and reload the page.';
      reject(new Error(`The conductor's worker failed: ${why}`));
    };
  });
  const opening = conductor.open(document.baseURI, performance.timeOrigin, remembered());
  const database = await Promise.race([opening, failed]);
  remember(database);
  await conductor.tell({ cleanEnd: endOf(database) });
  void askToPersist().then((persisted) => conductor.tell({ persisted }));
  return { conductor, noteSession: noteEnds(database) };
}

/** Asks the browser not to clear this site's data by itself when room is short; null where it cannot be asked. */
async function askToPersist(): Promise<boolean | null> {
  try {
    return await navigator.storage.persist();
  } catch {
    return null;
  }
}

const endKey = (database: string): string => `treering/ended/${database}`;

/** Which opening of the database ended well, as the page noted when it went; null when it could not. */
function endOf(database: string): string | null {
  try {
    return localStorage.getItem(endKey(database));
  } catch {
    return null;
  }
}

/**
 * Notes, when the page goes, that the opening of that name ended well. A browser that is killed lets no page say so, and
 * the name of an earlier opening is not this one's: a note that was lost or is stale only costs a needless rotation.
 */
function noteEnds(database: string): (session: string) => void {
  let session: string | null = null;
  window.addEventListener('pagehide', () => {
    try {
      if (session !== null) localStorage.setItem(endKey(database), session);
    } catch {
      // Storage is blocked: the next start rotates the log.
    }
  });
  return (name) => void (session = name);
}

/** The tab's own note of its database: two tabs have one each, also after a reload. */
const NOTE = 'treering/database';

function remembered(): string | null {
  try {
    return sessionStorage.getItem(NOTE);
  } catch {
    return null;
  }
}

function remember(database: string): void {
  try {
    sessionStorage.setItem(NOTE, database);
  } catch {
    // Storage is blocked: a reload takes the first database that is free.
  }
}
