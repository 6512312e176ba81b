import type { Scenario } from '../../src/scenario/scenario.ts';
import { drawFaultPlan, endOfFaults, type FaultPlan } from '../../src/worlds/virtual/faultPlan.ts';
import { createRelayGrove, type RelayConfig, type Sabotage } from '../../src/worlds/virtual/relayGrove.ts';
import { RelayChecker } from './relayChecker.ts';

/** What a run in virtual time found. */
export interface VirtualOutcome {
  readonly hash: string;
  readonly events: number;
  readonly simulatedMs: number;
  /** Sentences; none when all is well. */
  readonly violations: readonly string[];
  /** For people: what the run was made of. */
  readonly facts: Readonly<Record<string, number>>;
}

/** Everything that may be made smaller when a run fails. */
export interface RelayCase {
  readonly nodes: number;
  readonly putMs: number;
  readonly plan: FaultPlan;
}

/** After the faults have stopped, everything has to be settled within this. RFC 6298 lets a timer back off to 60 s. */
const SETTLE_MS = 300_000;
const HOPS = 5;

/** The case that a scenario and its seed stand for. */
export function relayCaseOf(scenario: Scenario): RelayCase {
  const nodes = scenario.agents.count;
  const putMs = scenario.durationS * 1_000;
  return { nodes, putMs, plan: drawFaultPlan(scenario, nodes, putMs) };
}

/** Runs a relay to its end and judges it. Never rejects: what throws is a violation. */
export async function runRelay(
  scenario: Scenario,
  wanted: RelayCase = relayCaseOf(scenario),
  sabotage?: Sabotage,
  listen?: RelayConfig['listen'],
): Promise<VirtualOutcome> {
  const checker = new RelayChecker();
  const grove = createRelayGrove({
    scenario,
    ...wanted,
    hops: HOPS,
    onCommit: (owner, text) => checker.committed(owner, text),
    ...(sabotage && { sabotage }),
    ...(listen && { listen }),
  });
  const { clock, log } = grove.world;
  const violations: string[] = [];
  let hash = '';
  try {
    grove.start();
    await grove.world.run(Math.max(wanted.putMs, endOfFaults(wanted.plan)));
    const patienceMs = clock.nowMs + SETTLE_MS;
    while (!grove.quiet && clock.nowMs < patienceMs) await grove.world.run(clock.nowMs + 1_000);
    // What was dealt with last may still be on its way to the disk.
    await grove.world.run(clock.nowMs + 1_000);
    if (!grove.quiet)
      violations.push(`something is still under way ${SETTLE_MS / 1_000} s after the last fault`);
    hash = log.hash();
    violations.push(...checker.violations(await grove.autopsy()));
    const totals = grove.ledger.totals(clock.nowMs);
    for (const key of ['lost', 'duplicated', 'misordered', 'corrupted', 'inFlight', 'deadLettered'] as const)
      if (totals[key] !== 0) violations.push(`the ledger counts ${totals[key]} ${key}`);
    if (totals.sent !== checker.sent || totals.delivered !== checker.accepted)
      violations.push(
        `the ledger has ${totals.sent} sent and ${totals.delivered} delivered, the checker ${checker.sent} and ${checker.accepted}`,
      );
    const room = scenario.bus.windowMessages * wanted.nodes;
    if (grove.peaks.inbox > room)
      violations.push(`an inbox held ${grove.peaks.inbox}, and ${room} is its bound`);
    violations.push(...grove.warnings.filter((w) => !/fenced|taken over/.test(w)));
  } catch (e) {
    violations.push(`it threw: ${e instanceof Error ? e.message : String(e)}`);
  }
  return {
    hash: hash === '' ? log.hash() : hash,
    events: clock.events,
    simulatedMs: clock.nowMs,
    violations,
    facts: {
      nodes: wanted.nodes,
      tasks: grove.put,
      messages: checker.accepted,
      faults: wanted.plan.faults.length,
      loss: Math.round(wanted.plan.weather.loss * 1_000) / 1_000,
      ...grove.network.counts,
    },
  };
}
