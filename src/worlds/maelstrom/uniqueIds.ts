import type { Cluster } from './cluster.ts';
import type { Workload } from './workload.ts';

/**
 * `unique-ids`: a node's name, its incarnation and a count are an id that no other node, and no other life of this one,
 * gives out. Nobody else is asked, so partitions do not matter.
 */
export const createUniqueIds =
  (incarnation: number) =>
  ({ self }: Pick<Cluster, 'self'>): Workload => {
    let given = 0;
    return {
      ask(request, reply) {
        if (request.type !== 'generate') return false;
        reply({ type: 'generate_ok', id: `${self}-${incarnation.toString(36)}-${++given}` });
        return true;
      },
      hear: () => undefined,
    };
  };
