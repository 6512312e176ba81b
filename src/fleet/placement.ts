import { nodeId, type NodeId } from '../kernel/ids.ts';

/** How many workers host `agents` agents: one each when `pool` is 0, else at most `pool`. */
export const nodeCount = (agents: number, pool: number): number =>
  pool === 0 ? agents : Math.min(pool, agents);

/** The node (from 1) of each agent: contiguous runs whose lengths differ by at most one. */
export function placeAgents(agents: number, nodes: number): NodeId[] {
  return Array.from({ length: agents }, (_, i) => nodeId(1 + Math.floor((i * nodes) / agents)));
}

/** The region of a node: contiguous runs of nodes, as even as can be. The gate (0) is in the first. */
export function regionOf(node: number, nodes: number, regions: readonly string[]): string {
  const i = Math.floor(((Math.max(1, node) - 1) * regions.length) / Math.max(1, nodes));
  return regions[Math.min(i, regions.length - 1)]!;
}
