import { proxy, transfer, wrap, type Endpoint } from 'comlink';
import type { CapacityPlan } from './capacityPlan.ts';
import type { StudyEnd } from './capacityControl.ts';
import type { CapacityWorker } from './capacityWorker.ts';
import { BUILD } from './open.ts';

/** The page's hold on the workers in which studies run. */
export interface CapacityDesk {
  /** One at a time. Rejects when a worker failed, with a sentence. */
  study(plan: CapacityPlan, progress: (share: number, doing: string) => void): Promise<StudyEnd>;
  cancel(): void;
}

/**
 * @param workers the first one does the studies, and the others do some of their runs
 * @param failed rejects when a worker cannot be had
 * @param channel makes the ways between them
 */
export function openCapacity(
  workers: readonly Endpoint[],
  failed: Promise<never>,
  channel: () => MessageChannel,
): CapacityDesk {
  const [control, ...helpers] = workers.map((worker) => wrap<CapacityWorker>(worker));
  if (control === undefined) throw new RangeError('a desk needs a worker');
  for (const helper of helpers) {
    const { port1, port2 } = channel();
    void helper.lend(transfer(port1, [port1]));
    void control.borrow(transfer(port2, [port2]));
  }
  return {
    study: (plan, progress) => Promise.race([control.study(plan, BUILD, proxy(progress)), failed]),
    cancel: () => void control.cancel(),
  };
}
