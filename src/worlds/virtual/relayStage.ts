import { idleSnapshot } from '../../fleet/idle.ts';
import { createStory, duration, plural } from '../../fleet/story.ts';
import type { GroveSnapshot, NodeView, SeriesPoint } from '../../fleet/views.ts';
import { agentId, GATE } from '../../kernel/ids.ts';
import { hash32 } from '../../kernel/rng.ts';
import { expose } from '../../metrics/exposition.ts';
import { createRegistry } from '../../metrics/registry.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import { TICKS_PER_MS } from './clock.ts';
import { EVENT } from './eventLog.ts';
import { drawFaultPlan, endOfFaults, type FaultPlan, type PlannedFault } from '../../faults/faultPlan.ts';
import { createRelayGrove, type RelayConfig, type RelayGrove } from './relayGrove.ts';
import { neverInLedger, SETTLE_MS, type Stage } from './stage.ts';

const LOOK_MS = 1_000;
const HOPS = 5;
const SERIES_SECONDS = 180;
/** A node killed by hand starts again after this. */
const DOWN_MS = 100;

/** What a relay is made of; everything that may be made smaller when a run fails. */
export interface RelayCase {
  readonly nodes: number;
  readonly putMs: number;
  readonly plan: FaultPlan;
}

/** The case that a scenario and its seed stand for. */
export function relayCaseOf(scenario: Scenario): RelayCase {
  const nodes = scenario.agents.count;
  const putMs = scenario.durationS * 1_000;
  return { nodes, putMs, plan: drawFaultPlan(scenario, nodes, putMs) };
}

export interface RelayStage extends Stage {
  readonly grove: RelayGrove;
}

const nameOf = (node: number): string => (node === GATE ? 'The gate' : `Node ${node}`);

/** A fault of the plan in a sentence. */
function told(fault: PlannedFault): string {
  switch (fault.type) {
    case 'kill':
      return `${nameOf(fault.node)} was killed.`;
    case 'pause':
      return `${nameOf(fault.node)} is paused for ${duration(fault.forMs)}.`;
    case 'partition':
      return `The network falls apart for ${duration(fault.forMs)}: nodes ${fault.nodes.join(', ')} are cut off from the rest.`;
    case 'power cut':
      return `The power fails for ${duration(fault.downMs)}: everything dies, and the disk loses what it had not written.`;
    case 'clock':
      return `The clock of ${fault.node === GATE ? 'the gate' : `node ${fault.node}`} jumps ahead by ${duration(fault.jumpMs)}.`;
    case 'disk':
      return `The disk finishes nothing for ${duration(fault.forMs)}.`;
    case 'link':
    case 'provider':
      return `Nothing happens: a relay has the weather for its links, and no provider.`;
  }
}

/** Durable nodes alone: tasks are put and passed on for the scenario's duration, and all is settled. */
export function createRelayStage(
  config: Pick<RelayConfig, 'scenario' | 'sabotage' | 'ears' | 'onCommit' | 'listen'>,
  wanted: RelayCase = relayCaseOf(config.scenario),
): RelayStage {
  const { scenario } = config;
  const { plan, nodes, putMs } = wanted;
  const story = createStory(() => clock.nowMs);
  const series: SeriesPoint[] = [];
  let messages = 0;
  let tasks = 0;

  /** Closes the seconds that are over. */
  function upToNow(): void {
    for (let second = series.at(-1)?.second ?? -1; second + 2 <= clock.nowMs / 1_000;) {
      second++;
      series.push({
        ...{ second, p50Ms: null, p95Ms: null, p99Ms: null, answered: 0, failed: 0 },
        ...{ asked: tasks, messages, limitUse: [], cacheHits: 0, cacheMisses: 0 },
      });
      tasks = messages = 0;
      if (series.length > SERIES_SECONDS) series.shift();
    }
  }

  const grove = createRelayGrove({
    ...config,
    ...wanted,
    hops: HOPS,
    onCommit(owner, text) {
      upToNow();
      if (text.startsWith('["in"')) messages++;
      if (owner === `node/${GATE}` && text.startsWith('["out"')) tasks++;
      config.onCommit?.(owner, text);
    },
    onFault: (fault) => story.tell('fault', told(fault)),
    onUp: (node, inc) =>
      inc > 1 && story.tell('recovery', `${nameOf(node)} is back as incarnation ${inc}, with its log.`),
  });
  const { world, ledger } = grove;
  const { clock, log } = world;
  grove.start();
  story.tell(
    'life',
    `A relay: ${plural(nodes, 'durable node')} and the gate pass tasks on, ${HOPS} times each, for ${duration(putMs)}.`,
  );

  const nodeViews = (): NodeView[] =>
    grove
      .places()
      .slice(1)
      .map(({ inc, up, inbox }, i) => ({
        id: i + 1,
        region: scenario.fleet.regions[0]!,
        state: up ? 'up' : inc <= 1 ? 'spawning' : 'dead',
        incarnation: Math.max(1, inc),
        agents: [agentId(i)],
        inbox,
        memories: 0,
        answers: 0,
      }));

  function snapshot(): GroveSnapshot {
    upToNow();
    const views = nodeViews();
    const up = views.filter((n) => n.state === 'up').length;
    const idle = idleSnapshot('running', null, { agents: nodes, workers: nodes });
    return {
      ...idle,
      atMs: clock.nowMs,
      ratePerS: clock.nowMs < putMs ? scenario.load.questionsPerS : 0,
      corpus: { name: 'tasks that are passed on', credit: '', documents: 0, own: false },
      questions: { asked: grove.put, answered: 0, failed: 0 },
      progress: { ...idle.progress, workersUp: up, agentsReady: up },
      vitalSigns: {
        ...idle.vitalSigns,
        concurrency: { agents: up, nodes: up },
        delivery: ledger.totals(clock.nowMs),
      },
      nodes: views,
      links: grove.takeTraffic().map(([from, to, n]) => ({ from, to, messages: n })),
      series,
      story: story.latest(200),
    };
  }

  return {
    world,
    grove,
    *course() {
      const goesOnMs = Math.max(putMs, endOfFaults(plan));
      while (clock.nowMs < goesOnMs) yield Math.min(goesOnMs, clock.nowMs + LOOK_MS);
      const patienceMs = clock.nowMs + SETTLE_MS;
      do {
        while (!grove.quiet && clock.nowMs < patienceMs) yield clock.nowMs + LOOK_MS;
        // What was dealt with last may still be on its way to the disk, and then it has more to bring about.
        yield clock.nowMs + LOOK_MS;
      } while (!grove.quiet && clock.nowMs < patienceMs);
    },
    expectedMs: Math.max(putMs, endOfFaults(plan)) + 2 * LOOK_MS,
    apply(input) {
      if (input.type === 'partition') {
        log.add(clock.nowMs, -1, EVENT.fault, hash32(JSON.stringify(input)));
        grove.inject({
          atMs: input.tick / TICKS_PER_MS,
          type: 'partition',
          nodes: input.nodes,
          forMs: input.forMs,
        });
        return null;
      }
      if (input.type !== 'kill' && input.type !== 'pause')
        return 'A relay has neither questions nor a provider, and the weather for its links: kill or pause one of its nodes, or cut some off.';
      if (input.node > nodes) return `There is no node ${input.node}; nodes are 0 (the gate) to ${nodes}.`;
      if (!grove.places()[input.node]!.up) return `Node ${input.node} is not up; let time go on until it is.`;
      log.add(clock.nowMs, -1, EVENT.fault, hash32(JSON.stringify(input)));
      const atMs = input.tick / TICKS_PER_MS;
      grove.inject(
        input.type === 'kill'
          ? { atMs, type: 'kill', node: input.node, downMs: DOWN_MS, zombieMs: 0 }
          : { atMs, type: 'pause', node: input.node, forMs: input.forMs },
      );
      return null;
    },
    snapshot,
    story: () => story.all(),
    recoveries: () => [],
    inspect: () => Promise.resolve(null),
    metrics() {
      const registry = createRegistry();
      const totals = ledger.totals(clock.nowMs);
      for (const fate of ['sent', 'delivered', 'deadLettered', 'lost', 'duplicated', 'misordered'] as const)
        registry
          .counter(
            'treering_messages_total',
            'Messages on the bus, by what the ledger says became of them.',
            {
              fate,
            },
          )
          .inc(totals[fate]);
      return expose(registry.state());
    },
    totals: () => ledger.totals(clock.nowMs),
    mustBeZero: () => {
      const totals = ledger.totals(clock.nowMs);
      return {
        ...neverInLedger(totals),
        'messages among the dead letters before their deadline': totals.deadLettered - grove.expired,
      };
    },
  };
}
