import { wrap, type Remote } from 'comlink';
import type { ConductorControl } from './conductorControl.ts';

/** Starts the conductor's worker. The page talks to it by Comlink, and to nobody else. */
export async function openConductor(): Promise<Remote<ConductorControl>> {
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
  remember(await Promise.race([opening, failed]));
  return conductor;
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
