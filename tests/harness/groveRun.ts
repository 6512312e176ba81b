import { nodeCount } from '../../src/fleet/placement.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import { drawFaultPlan, endOfFaults, type FaultPlan } from '../../src/worlds/virtual/faultPlan.ts';
import { openVirtualGrove, type VirtualGroveConfig } from '../../src/worlds/virtual/virtualGrove.ts';
import { RelayChecker } from './relayChecker.ts';
import type { VirtualOutcome } from './relayRun.ts';

const START_MS = 120_000;
const SETTLE_MS = 300_000;

/** Runs a whole grove through its scenario, lets it settle, and judges it. Never rejects: what throws is a violation. */
export async function runGrove(
  scenario: Scenario,
  corpus: VirtualGroveConfig['corpus'],
  plan: FaultPlan = drawFaultPlan(
    scenario,
    nodeCount(scenario.agents.count, scenario.agents.pool),
    scenario.durationS * 1_000,
  ),
  more: Pick<VirtualGroveConfig, 'disk' | 'listen'> = {},
): Promise<VirtualOutcome> {
  const checker = new RelayChecker();
  const violations: string[] = [];
  const grove = openVirtualGrove({
    scenario,
    corpus,
    plan,
    ...more,
    onCommit: (owner, text) => checker.committed(owner, text),
  });
  const { world, ledger } = grove;
  const { clock, log } = world;
  const until = async (ms: number, done: () => boolean): Promise<boolean> => {
    const endMs = clock.nowMs + ms;
    while (!done() && clock.nowMs < endMs) await world.run(clock.nowMs + 250);
    return done();
  };
  let hash = '';
  try {
    const up = (): boolean => grove.powered && grove.conductor.snapshot().startUp.allAgentsMs !== null;
    if (!(await until(START_MS, up))) violations.push(`not all agents were up after ${START_MS / 1_000} s`);
    await world.run(Math.max(clock.nowMs + scenario.durationS * 1_000, endOfFaults(plan)));
    // A grove that resumed lets questions flow once all are up: it is told to stop after that.
    if (!(await until(START_MS, up))) violations.push(`not all agents were up again in the end`);
    const { conductor, gate } = grove;
    conductor.setRate(0);
    const settled = (): boolean => {
      const { inFlight, lost } = ledger.totals(clock.nowMs);
      const { nodes } = conductor.snapshot();
      return (
        inFlight + lost + gate.travelling + grove.gateUnsettled === 0 &&
        nodes.every((n) => n.state === 'up' && n.inbox === 0)
      );
    };
    // The plan of kills goes on as long as questions flow, so what is settled stays so.
    if (!(await until(SETTLE_MS, settled)))
      violations.push(`something is still under way ${SETTLE_MS / 1_000} s after the last fault`);
    hash = log.hash();
    const { vitalSigns, recoveries, phase, problem } = conductor.snapshot();
    if (phase !== 'running') violations.push(`the grove is ${phase}: ${problem ?? ''}`);
    const totals = ledger.totals(clock.nowMs);
    for (const key of ['lost', 'duplicated', 'misordered', 'corrupted', 'inFlight', 'deadLettered'] as const)
      if (totals[key] !== 0) violations.push(`the ledger counts ${totals[key]} ${key}`);
    if (totals.sent !== checker.sent || totals.delivered !== checker.accepted)
      violations.push(
        `the ledger has ${totals.sent} sent and ${totals.delivered} delivered, the checker ${checker.sent} and ${checker.accepted}`,
      );
    const { past } = grove;
    const forgotten = past.memoriesLost + vitalSigns.crash.lost;
    if (forgotten > 0) violations.push(`${forgotten} memories were lost by crashes`);
    const asked = gate.total.asked + past.asked;
    const answered = gate.total.answered + past.answered;
    const failed = gate.total.failed + past.failed;
    if (asked !== answered + failed + past.cutShort)
      violations.push(
        `${asked} questions, but ${answered} answers, ${failed} failures and ${past.cutShort} cut short by power cuts`,
      );
    if (vitalSigns.rateLimit.agent429 > 0)
      violations.push(`agents saw ${vitalSigns.rateLimit.agent429} 429s`);
    violations.push(...checker.linkViolations(), ...checker.memoryViolations(await grove.autopsy()));
    return outcome({
      questions: asked,
      answered,
      failed,
      p99Ms: Math.round(vitalSigns.responseTime.p99Ms),
      found: Math.round(vitalSigns.memory.value * 1_000) / 1_000,
      messages: totals.delivered,
      wire429: vitalSigns.rateLimit.wire429,
      recoveries: recoveries.length + past.recoveries,
      lives: past.lives + 1,
      faults: plan.faults.length,
    });
  } catch (e) {
    violations.push(`it threw: ${e instanceof Error ? (e.stack ?? e.message) : String(e)}`);
    return outcome({});
  }

  function outcome(facts: Readonly<Record<string, number>>): VirtualOutcome {
    return {
      hash: hash === '' ? log.hash() : hash,
      events: clock.events,
      simulatedMs: clock.nowMs,
      violations,
      facts: { agents: scenario.agents.count, nodes: grove.nodes, ...facts },
    };
  }
}
