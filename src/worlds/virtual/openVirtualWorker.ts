import { wrap, type Remote } from 'comlink';
import type { VirtualControl } from './virtualControl.ts';

/** Starts the worker of the virtual world. `failed` rejects with a sentence when it cannot be had. */
export function openVirtualWorker(): {
  readonly control: Remote<VirtualControl>;
  readonly failed: Promise<never>;
} {
  const worker = new Worker(new URL('./virtual.worker.ts', import.meta.url), {
    type: 'module',
    name: 'virtual',
  });
  const failed = new Promise<never>((_, reject) => {
    worker.onerror = (event) => {
      const why =
        event.message || 'its script could not be loaded; check the connection and reload the page.';
      reject(new Error(`The worker of the virtual world failed: ${why}`));
    };
  });
  // Who waits for nothing of it is not to be told twice.
  failed.catch(() => undefined);
  return { control: wrap<VirtualControl>(worker), failed };
}
