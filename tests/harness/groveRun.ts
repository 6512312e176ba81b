import { nodeCount } from '../../src/fleet/placement.ts';
import type { Scenario } from '../../src/scenario/scenario.ts';
import type { FaultPlan } from '../../src/faults/faultPlan.ts';
import { createGroveStage, groveFaults, START_MS } from '../../src/worlds/virtual/groveStage.ts';
import { SETTLE_MS } from '../../src/worlds/virtual/stage.ts';
import type { VirtualGrove, VirtualGroveConfig } from '../../src/worlds/virtual/virtualGrove.ts';
import { createVirtualRun } from '../../src/worlds/virtual/virtualRun.ts';
import { CausalChecker } from './causalChecker.ts';
import { LedgerRecount } from './ledgerRecount.ts';
import { RelayChecker } from './relayChecker.ts';
import type { VirtualOutcome } from './relayRun.ts';

/** Hears how far a run is: now, its expected end in ms, events so far. */
export type RunProgress = (nowMs: number, lastMs: number, events: number) => void;
const PROGRESS_MS = 250;

/** Runs a whole grove through its scenario, lets it settle, and judges it. Never rejects: what throws is a violation. */
export async function runGrove(
  scenario: Scenario,
  corpus: VirtualGroveConfig['corpus'],
  plan: FaultPlan = groveFaults(scenario),
  more: Pick<VirtualGroveConfig, 'disk' | 'listen' | 'session'> = {},
  meanwhile: (grove: VirtualGrove) => void = () => undefined,
  onProgress?: RunProgress,
): Promise<VirtualOutcome> {
  const checker = new RelayChecker();
  const causes = new CausalChecker(1 + nodeCount(scenario.agents.count, scenario.agents.pool));
  const recount = new LedgerRecount();
  const violations: string[] = [];
  const stage = createGroveStage({
    scenario,
    corpus,
    plan,
    ...more,
    onCommit(owner, text) {
      for (const c of [checker, causes, recount]) c.committed(owner, text);
    },
  });
  const { grove, world } = stage;
  const { ledger } = grove;
  const { clock, log } = world;
  const run = createVirtualRun(stage, []);
  /** The run itself, without the looking into crash memory that follows it. */
  let end: Pick<VirtualOutcome, 'hash' | 'events' | 'simulatedMs'> | null = null;
  try {
    meanwhile(grove);
    while (!run.ended) {
      await run.advance(onProgress ? run.nowMs + PROGRESS_MS : Infinity);
      onProgress?.(run.nowMs, run.lastMs, run.events);
    }
    if (!stage.up) violations.push(`not all agents were up after ${START_MS / 1_000} s`);
    const { conductor, gate } = grove;
    if (!stage.settled)
      violations.push(`something is still under way ${SETTLE_MS / 1_000} s after the last fault`);
    end = { hash: log.hash(), events: clock.events, simulatedMs: clock.nowMs };
    const { vitalSigns, recoveries, phase, problem } = conductor.snapshot();
    if (phase !== 'running') violations.push(`the grove is ${phase}: ${problem ?? ''}`);
    const totals = ledger.totals(clock.nowMs);
    for (const key of ['lost', 'duplicated', 'misordered', 'corrupted', 'inFlight', 'deadLettered'] as const)
      if (totals[key] !== 0) violations.push(`the ledger counts ${totals[key]} ${key}`);
    if (totals.sent !== checker.sent || totals.delivered !== checker.accepted)
      violations.push(
        `the ledger has ${totals.sent} sent and ${totals.delivered} delivered, the checker ${checker.sent} and ${checker.accepted}`,
      );
    violations.push(...causes.violations(), ...recount.disagreements(totals));
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
      ...(end ?? { hash: log.hash(), events: clock.events, simulatedMs: clock.nowMs }),
      violations,
      clearTick: run.findings[0]?.clearTick ?? null,
      facts: { agents: scenario.agents.count, nodes: grove.nodes, ...facts },
    };
  }
}
