import { runInNewContext } from 'node:vm';
import { setFlagsFromString } from 'node:v8';

/** Bytes that `work` takes from the heap; it must be so little that nothing is collected meanwhile. */
export function allocatedBy(work: () => void): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  const before = process.memoryUsage().heapUsed;
  work();
  return process.memoryUsage().heapUsed - before;
}
