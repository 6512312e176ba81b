import { groveMetrics } from '../../fleet/metrics.ts';
import { nodeCount } from '../../fleet/placement.ts';
import type { Fault, StoryLine } from '../../fleet/views.ts';
import { hash32 } from '../../kernel/rng.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import { EVENT } from './eventLog.ts';
import { drawFaultPlan, endOfFaults, type FaultPlan } from '../../faults/faultPlan.ts';
import { neverInLedger, SETTLE_MS, type Stage } from './stage.ts';
import { openVirtualGrove, type VirtualGrove, type VirtualGroveConfig } from './virtualGrove.ts';

/** How often a run looks whether it may go on to its next part. */
const LOOK_MS = 250;
/** A grove that is not up by then goes on all the same, and is complained of. */
export const START_MS = 120_000;
/** What bringing a grove up and letting it settle takes, about: only to draw a time line before it is known. */
const AROUND_MS = 5_000;
const STORY_LINES = 200;

export interface GroveStage extends Stage {
  readonly grove: VirtualGrove;
  readonly plan: FaultPlan;
  /** Power is on and every agent has been up in this life. */
  readonly up: boolean;
  /** All questions, messages and nodes are settled. */
  readonly settled: boolean;
}

/** The plan that a scenario's seed draws for a whole grove. */
export const groveFaults = (scenario: Scenario): FaultPlan =>
  drawFaultPlan(scenario, nodeCount(scenario.agents.count, scenario.agents.pool), scenario.durationS * 1_000);

/** A whole grove: it comes up, questions flow for the scenario's duration, and all is settled. */
export function createGroveStage(
  config: Omit<VirtualGroveConfig, 'plan'> & { readonly plan?: FaultPlan },
): GroveStage {
  const { scenario, plan = groveFaults(scenario) } = config;
  const grove = openVirtualGrove({ ...config, plan });
  const { world, ledger, past } = grove;
  const { clock, log } = world;
  let flowEndsMs: number | null = null;

  const up = (): boolean => grove.powered && grove.conductor.snapshot().startUp.allAgentsMs !== null;
  const settled = (): boolean => {
    const { inFlight, lost } = ledger.totals(clock.nowMs);
    const { nodes } = grove.conductor.snapshot();
    return (
      inFlight + lost + grove.gate.travelling + grove.gateUnsettled === 0 &&
      nodes.every((n) => n.state === 'up' && n.inbox === 0)
    );
  };

  /** Of all lives, each line with a number of its own. */
  const story = (): StoryLine[] =>
    [...grove.pastStory, ...grove.conductor.story()].map((line, i) => ({ ...line, id: i + 1 }));

  return {
    world,
    grove,
    plan,
    get up() {
      return up();
    },
    get settled() {
      return settled();
    },
    *course() {
      while (clock.nowMs < START_MS && !up()) yield clock.nowMs + LOOK_MS;
      flowEndsMs = Math.max(clock.nowMs + scenario.durationS * 1_000, endOfFaults(plan));
      while (clock.nowMs < flowEndsMs) yield Math.min(flowEndsMs, clock.nowMs + LOOK_MS);
      // A grove that resumed lets questions flow once all are up: it is told to stop after that.
      for (const endMs = clock.nowMs + START_MS; clock.nowMs < endMs && !up();) yield clock.nowMs + LOOK_MS;
      grove.conductor.setRate(0);
      const patienceMs = clock.nowMs + SETTLE_MS;
      while (clock.nowMs < patienceMs && !settled()) yield clock.nowMs + LOOK_MS;
    },
    get expectedMs() {
      return (flowEndsMs ?? Math.max(scenario.durationS * 1_000, endOfFaults(plan))) + AROUND_MS;
    },
    apply(input) {
      const refusal = act(input);
      if (refusal === null) log.add(clock.nowMs, -1, EVENT.fault, hash32(JSON.stringify(input)));
      return refusal;
    },
    snapshot() {
      grove.refresh();
      // What the conductor polls is up to a quarter of a second old; here the ledger is at hand.
      const s = grove.conductor.snapshot();
      return {
        ...s,
        // The conductor's own clock may be wrong.
        atMs: clock.nowMs,
        vitalSigns: {
          ...s.vitalSigns,
          delivery: ledger.totals(clock.nowMs),
          // Computing takes no virtual time: there is nothing to measure.
          rush: { p50Ms: 0, p999Ms: 0, samples: 0 },
        },
        story: story().slice(-STORY_LINES),
      };
    },
    story,
    recoveries: () => grove.conductor.recoveries(),
    async inspect(agent) {
      const seen = await grove.inspect(agent);
      // As for rush memory: what a recall takes is not to be had here.
      return seen && { ...seen, rings: seen.rings.map((ring) => ({ ...ring, accessMs: null })) };
    },
    metrics: () => groveMetrics(grove.conductor.snapshot(), grove.gate, grove.conductor.rings),
    totals: () => ledger.totals(clock.nowMs),
    mustBeZero() {
      const totals = ledger.totals(clock.nowMs);
      return {
        ...neverInLedger(totals),
        'messages among the dead letters': totals.deadLettered,
        'memories lost by crashes':
          past.memoriesLost + grove.conductor.recoveries().reduce((sum, r) => sum + r.memoriesLost, 0),
        '429s that agents saw': grove.gate.total.agent429,
        'groves that could not go on': grove.conductor.phase === 'failed' ? 1 : 0,
      };
    },
  };

  function act(input: Parameters<Stage['apply']>[0]): string | null {
    const { conductor, gate } = grove;
    if (!grove.powered) return 'The power is cut at this moment, and nothing is up; let time go on.';
    switch (input.type) {
      case 'ask':
        if (conductor.phase !== 'running')
          return 'The agents of this grove are not up yet at this moment; let time go on, then ask again.';
        gate.ask(input.question);
        return null;
      case 'rate':
        conductor.setRate(input.perS);
        return null;
      default: {
        const { tick: _tick, ...fault } = input;
        return conductor.inject(fault satisfies Fault);
      }
    }
  }
}
