import { nodeCount } from '../../fleet/placement.ts';
import type { Scenario } from '../../scenario/scenario.ts';

/*
 * Measured in Node 20 at the end of runs of made text, two passages an agent, 20 questions a second: 30,000 agents on 8 nodes
 * took 22 kB an agent (indexed when asked), 4,000 on 8 took 57 kB (indexed at the start), 600 on 600 nodes 177 kB. A browser,
 * whose pointers are half as long, needs less.
 */
const AGENT_BYTES = 25_000;
const INDEX_BYTES = 35_000;
const NODE_BYTES = 110_000;
/** Every node knows where every agent is. */
const PLACE_BYTES = 60;
const BASE_BYTES = 100_000_000;
/** Nodes with more agents index what one holds when it is first asked (`WARM_AGENTS` in agents/host.ts). */
const INDEXED_AGENTS = 1_000;

/** About how many bytes a virtual grove of that scenario takes, its text included. */
export function memoryNeed({ agents: { count, pool } }: Pick<Scenario, 'agents'>): number {
  const nodes = nodeCount(count, pool);
  const indexed = count / nodes <= INDEXED_AGENTS ? INDEX_BYTES : 0;
  return BASE_BYTES + count * (AGENT_BYTES + indexed) + nodes * (NODE_BYTES + PLACE_BYTES * count);
}

/**
 * A quarter of the 4 GB of heap that all workers of a tab share: the page, a live grove and a jump's second world want
 * theirs, and the estimate is no measurement in a tab.
 */
export const TAB_BYTES = 1_000_000_000;

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/** Why a tab cannot run it, as a sentence; null when it can. */
export function tooBigForTab(scenario: Pick<Scenario, 'agents'>): string | null {
  const need = memoryNeed(scenario);
  if (need <= TAB_BYTES) return null;
  const { count, pool } = scenario.agents;
  const nodes = nodeCount(count, pool);
  const instead = nodes > 64 ? 'Put them on fewer nodes, take fewer agents' : 'Take fewer agents';
  return `This run would take about ${gigabytes(need)} of memory: ${count.toLocaleString('en')} agents on ${nodes.toLocaleString('en')} nodes. In virtual time a tab has room for ${gigabytes(TAB_BYTES)}. ${instead}, or run it with npm run virtual; the run that is open is untouched.`;
}
