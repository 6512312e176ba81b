import { expose, proxy, wrap, type Endpoint } from 'comlink';
import { createCapacityControl, type CapacityControl } from './capacityControl.ts';
import { createCapacityRuns, type CapacityRuns } from './capacityRuns.ts';

/** A worker of the desk: it does studies, and lends and borrows runs, so that several share one study. */
export interface CapacityWorker extends CapacityControl {
  /** Does the runs of whoever is at the other end. */
  lend(port: Endpoint): void;
  /** Has some of its runs done at the other end. */
  borrow(port: Endpoint): void;
}

export function createCapacityWorker(): CapacityWorker {
  const own = createCapacityRuns();
  const runs: CapacityRuns[] = [own];
  return {
    ...createCapacityControl(runs),
    lend: (port) => expose(own, port),
    borrow(port) {
      const remote = wrap<CapacityRuns>(port);
      runs.push({
        run: (job, progress) => remote.run(job, proxy(progress)),
        cancel: () => void remote.cancel(),
      });
    },
  };
}
