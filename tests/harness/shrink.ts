import { endOfFaults, type FaultPlan } from '../../src/faults/faultPlan.ts';
import type { RelayCase } from './relayRun.ts';

export interface Shrunk {
  readonly smallest: RelayCase;
  /** Runs that it took. */
  readonly tried: number;
}

const withFaults = (c: RelayCase, faults: FaultPlan['faults']): RelayCase => ({
  ...c,
  plan: { ...c.plan, faults },
});

/** The same case on fewer nodes: faults of those that are gone befall others. */
function withNodes(c: RelayCase, nodes: number): RelayCase {
  const heir = (node: number): number => (node <= nodes ? node : 1 + (node % nodes));
  const faults = c.plan.faults.flatMap((f): FaultPlan['faults'][number][] => {
    if (f.type === 'partition') return [{ ...f, nodes: f.nodes.filter((n) => n <= nodes) }];
    if (f.type === 'link') return f.from <= nodes && f.to <= nodes ? [f] : [];
    return 'node' in f ? [{ ...f, node: heir(f.node) }] : [f];
  });
  return { ...withFaults(c, faults), nodes };
}

/** Simpler weathers: without one of its troubles each. */
function calmer(c: RelayCase): RelayCase[] {
  const { weather } = c.plan;
  return (['loss', 'duplication', 'reordering'] as const)
    .filter((key) => weather[key] > 0)
    .map((key) => ({ ...c, plan: { ...c.plan, weather: { ...weather, [key]: 0 } } }));
}

/**
 * Looks for a smaller case that still fails: fewer faults (delta debugging: Zeller and Hildebrandt, 2002), fewer nodes, a
 * shorter time, better weather, until nothing of it can be left out.
 * @param fails runs a case; must hold for `failing`
 */
export async function shrink(
  failing: RelayCase,
  fails: (c: RelayCase) => Promise<boolean>,
  triesMax = 300,
): Promise<Shrunk> {
  let smallest = failing;
  let tried = 0;
  const take = async (candidate: RelayCase): Promise<boolean> => {
    if (tried >= triesMax) return false;
    tried++;
    if (!(await fails(candidate))) return false;
    smallest = candidate;
    return true;
  };

  async function fewerFaults(): Promise<void> {
    for (
      let chunk = Math.max(1, smallest.plan.faults.length);
      chunk >= 1;
      chunk = chunk === 1 ? 0 : chunk >> 1
    )
      for (let from = 0; from < smallest.plan.faults.length;) {
        const { faults } = smallest.plan;
        const rest = [...faults.slice(0, from), ...faults.slice(from + chunk)];
        if (!(await take(withFaults(smallest, rest)))) from += chunk;
      }
  }

  for (let before: RelayCase | null = null; before !== smallest && tried < triesMax;) {
    before = smallest;
    await fewerFaults();
    for (let nodes = 2; nodes < smallest.nodes; nodes++) if (await take(withNodes(smallest, nodes))) break;
    for (const share of [0.1, 0.25, 0.5, 0.75]) {
      // Whole seconds, as a scenario has them, so that a link can carry the case.
      const putMs = Math.max(1_000, Math.round((smallest.putMs * share) / 1_000) * 1_000);
      if (putMs < smallest.putMs && (await take({ ...smallest, putMs }))) break;
    }
    for (const candidate of calmer(smallest)) await take({ ...candidate });
  }
  return { smallest, tried };
}

/** A case in words, one line a fault. */
export function describeCase(c: RelayCase): string {
  const { weather, faults } = c.plan;
  const share = (x: number): string => `${Math.round(x * 100)} %`;
  return [
    `${c.nodes} nodes and the gate, tasks for ${(c.putMs / 1_000).toFixed(1)} s, ${faults.length} faults until ${(endOfFaults(c.plan) / 1_000).toFixed(1)} s`,
    `weather: ${share(weather.loss)} lost, ${share(weather.duplication)} doubled, ${share(weather.reordering)} overtaken`,
    ...faults.map(
      ({ atMs, type, ...rest }) => `at ${(atMs / 1_000).toFixed(3)} s: ${type} ${JSON.stringify(rest)}`,
    ),
  ].join('\n');
}
