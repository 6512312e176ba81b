import type { Cluster } from './cluster.ts';
import { noRoom, type Workload } from './workload.ts';

/**
 * `broadcast`: a value goes to every other node at once, over links that deliver it after any partition. The topology that
 * Maelstrom proposes is only noted: more hops would make every value later.
 */
export function createBroadcast(cluster: Cluster): Workload {
  /** Values by their JSON, so that equal ones count once. */
  const values = new Map<string, unknown>();
  /** `read` is a request of two workloads; this one has been in use when one of its own was heard. */
  let inUse = false;
  const take = (value: unknown): boolean => {
    const key = JSON.stringify(value);
    if (values.has(key)) return false;
    values.set(key, value);
    return true;
  };
  return {
    ask(request, reply) {
      switch (request.type) {
        case 'topology':
          inUse = true;
          reply({ type: 'topology_ok' });
          return true;
        case 'broadcast': {
          inUse = true;
          if (!cluster.hasRoom) {
            reply(noRoom());
            return true;
          }
          const value = request['message'] ?? null;
          if (take(value)) cluster.sendAll('value', value);
          reply({ type: 'broadcast_ok' });
          return true;
        }
        case 'read':
          if (!inUse) return false;
          reply({ type: 'read_ok', messages: [...values.values()] });
          return true;
        default:
          return false;
      }
    },
    hear(_from, kind, body) {
      if (kind !== 'value') return;
      inUse = true;
      take(body);
    },
  };
}
