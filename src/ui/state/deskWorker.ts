import { openCapacity, type CapacityDesk } from '../../lab/openCapacity.ts';

/** More would wait for the longest run. */
const WORKERS_MAX = 4;

/** Starts the workers in which studies run, one for each core up to a few. */
export function openDeskWorker(): CapacityDesk {
  const workers: Worker[] = [];
  const failed = new Promise<never>((_, reject) => {
    const count = Math.min(WORKERS_MAX, Math.max(1, navigator.hardwareConcurrency));
    for (let i = 0; i < count; i++) {
      const worker = new Worker(new URL('../../lab/capacity.worker.ts', import.meta.url), {
        type: 'module',
        name: 'desk',
      });
      worker.onerror = (event) => {
        for (const one of workers) one.terminate();
        const why =
          event.message || 'its script could not be loaded; check the connection and reload the page.';
        reject(new Error(`A worker of the desk failed: ${why}`));
      };
      workers.push(worker);
    }
  });
  // Who waits for nothing of it is not to be told twice.
  failed.catch(() => undefined);
  return openCapacity(workers, failed, () => new MessageChannel());
}
