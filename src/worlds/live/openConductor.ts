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
  await Promise.race([conductor.open(document.baseURI, performance.timeOrigin), failed]);
  return conductor;
}
