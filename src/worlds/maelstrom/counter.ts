import type { Cluster } from './cluster.ts';
import { malformed, type Workload } from './workload.ts';

const RETRY_MS = 100;

/**
 * `g-counter`: each node counts what was added at it and tells the others its sum; the value is the sum of all sums (the
 * G-Counter of Shapiro et al., 2011; links keep the order, so the latest sum of a node is its own).
 */
export function createCounter(cluster: Cluster): Workload {
  const sums = new Map<string, number>();
  let told = true;
  const tell = (): void => {
    if (cluster.hasRoom) {
      told = true;
      cluster.sendAll('sum', sums.get(cluster.self));
    } else cluster.env.setTimer(RETRY_MS, tell);
  };
  return {
    ask(request, reply) {
      switch (request.type) {
        case 'add': {
          const delta = request['delta'] ?? null;
          if (!Number.isSafeInteger(delta)) {
            reply(malformed(`delta must be a whole number, got ${JSON.stringify(delta)}`));
            return true;
          }
          sums.set(cluster.self, (sums.get(cluster.self) ?? 0) + (delta as number));
          if (told) {
            told = false;
            // All that is added in one turn is told at once.
            cluster.env.defer(tell);
          }
          reply({ type: 'add_ok' });
          return true;
        }
        case 'read': {
          let value = 0;
          for (const sum of sums.values()) value += sum;
          reply({ type: 'read_ok', value });
          return true;
        }
        default:
          return false;
      }
    },
    hear(from, kind, body) {
      if (kind === 'sum') sums.set(from, body as number);
    },
  };
}
