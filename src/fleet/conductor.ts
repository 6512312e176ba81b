import type { NodeReady, NodeTelemetry } from '../agents/contract.ts';
import type { Gate, Interaction } from '../agents/gate.ts';
import { NOTHING_SENT } from '../bus/ledger.ts';
import type { Env } from '../kernel/env.ts';
import { GATE, type AgentId } from '../kernel/ids.ts';
import { regionOf } from './placement.ts';
import type { Conductor, GrovePlan } from './plan.ts';
import type { ConductorPorts, WireCounts } from './ports.ts';
import { createStory, duration, plural } from './story.ts';
import { createSupervisor, supervise, type SupervisorInput } from './supervisor.ts';
import type { Fault, GrovePhase } from './views.ts';
import { createSeries, createTraffic, vitalSigns } from './vitals.ts';
import { injectFault } from './inject.ts';
import { createStorm } from './storm.ts';
import { gatherKnownItems, patiently } from './knownItems.ts';
import { viewOf } from './interactionView.ts';
import { ackedOf, specOf } from './nodeSpec.ts';
import { createBusAccount } from './busAccount.ts';
import { createRingAccounts } from './ringAccounts.ts';
import { createRecoveries } from './recoveries.ts';
import { endWard, isLive, linksOf, newWard, noteBeat, nodeView, type Ward } from './ward.ts';

const TICK_MS = 100;
const GIVEN_UP = 'it was restarted too often';
const POLL_MS = 250;
/** Nodes whose known items are there when the first question is put. */
const FIRST_ASKED = 4;
/** After a node is back: by then its peers have said hello and the ledger has caught up. */
const RECOVERY_TOLD_MS = 1_000;

/** Supervises the nodes, keeps their accounts, tells the story: the grove but for its browser. */
export function createConductor(env: Env, ports: ConductorPorts, gate: Gate, plan: GrovePlan): Conductor {
  const { fleet } = plan;
  const supervisor = createSupervisor();
  const story = createStory(() => env.now());
  const series = createSeries();
  const rings = createRingAccounts();
  const rng = env.random('conductor');
  const wards = new Map<number, Ward>();
  const acked = new Map<AgentId, { seq: number; fingerprint: number }>();
  const nodeOfAgent = new Map<string, number>(plan.charges.map((c, i) => [c.id, plan.placement[i]!]));
  const traffic = createTraffic();
  const recoveries = createRecoveries(story);
  const bus = createBusAccount(plan.spec.options.bus);
  let phase: GrovePhase = 'idle';
  let problem: string | null = null;
  let ledger = NOTHING_SENT;
  let wire: WireCounts = { requests: 0, status429: 0 };
  /** Memories of first incarnations when they came up, and those of them that crash memory gave back. */
  let memoriesAtStart = 0;
  let restoredAtStart = 0;
  let kills = 0;
  let troubles = 0;
  let second = 0;
  let secondEndsMs = 0;
  let allAgentsMs: number | null = null;
  let firstAnswerMs: number | null = null;
  let stopped = false;
  let rateBeforePause = plan.questionsPerS;

  for (let id = 1; id <= plan.nodes; id++) {
    const charges = plan.charges.filter((_, i) => plan.placement[i] === id);
    wards.set(id, newWard(id, charges));
  }

  const after = (delayMs: number, fn: () => void): void =>
    void env.setTimer(delayMs, () => {
      if (!stopped) fn();
    });

  const now = (): number => env.now();
  const storm = createStorm(plan.nodes, {
    now,
    after,
    links: () => [[GATE, ports.gateLinks], ...linksOf(wards.values())],
    // One that finds its node down befalls nobody.
    inject(fault) {
      if (phase === 'running') inject(fault);
    },
  });

  function step(input: SupervisorInput): void {
    if (stopped) return;
    for (const effect of supervise(supervisor, input, env.now(), fleet)) {
      const ward = wards.get(effect.node)!;
      switch (effect.type) {
        case 'spawn':
          spawn(ward, effect.inc, effect.again);
          break;
        case 'terminate':
          retire(ward);
          story.tell('warning', `Node ${ward.id} was silent for too long and was ended.`);
          break;
        case 'suspect':
          ward.state = 'suspect';
          story.tell('warning', `Node ${ward.id} has been silent for ${duration(effect.silentMs)}.`);
          break;
        case 'recovered':
          after(RECOVERY_TOLD_MS, () => {
            void ports.ledger().then((totals) => {
              ledger = totals;
              recoveries.close(ward, effect.inc, effect.ms, totals.lost);
            });
          });
          break;
        case 'give up':
          ward.state = 'dead';
          ward.givenUp = true;
          gate.withdraw(ward.charges.map((c) => c.id));
          ports.forget(ward.charges.map((c) => c.id));
          ports.hosts.announce({ type: 'given up', node: ward.id, reason: GIVEN_UP });
          story.tell(
            'warning',
            `Node ${ward.id} died ${fleet.restartsPerMin + 1} times within a minute and was given up; what waits for it goes to the dead letters.`,
          );
          settleStart();
      }
    }
  }

  function spawn(ward: Ward, inc: number, again: boolean): void {
    ward.inc = inc;
    ward.state = 'spawning';
    ward.telemetry = null;
    const current = (): boolean => ward.inc === inc && !stopped;
    const handle = ports.hosts.spawn(ward.id, inc, {
      onBeat: (t) => current() && hear(ward, t),
      onDied: () => current() && died(ward),
      onFailure(message) {
        if (!current()) return;
        story.tell('warning', `Node ${ward.id} could not go on: ${message}`);
        died(ward);
      },
      onWarning: (message) => current() && story.tell('warning', message),
    });
    ward.handle = handle;
    storm.join(ward.id, handle.links);
    const ids = ward.charges.map((c) => c.id);
    // What crash memory committed must be there, also the last of it, which no telemetry has told.
    const starting = ports
      .committed(ids)
      .then((committed) =>
        handle.start(specOf(plan, ward, wards.values(), again, ackedOf(ids, committed, acked))),
      );
    starting.then(
      (ready) => {
        if (current() && ward.state !== 'dead') up(ward, ready, again);
      },
      (e: unknown) => {
        if (!current() || ward.state === 'dead') return;
        story.tell('warning', `Node ${ward.id} did not start: ${e instanceof Error ? e.message : String(e)}`);
        died(ward);
      },
    );
  }

  function stop(): void {
    stopped = true;
    gate.setRate(0);
    wards.forEach(endWard);
  }

  function fail(message: string): void {
    if (stopped) return;
    stop();
    phase = 'failed';
    problem = message;
  }

  function up(ward: Ward, ready: NodeReady, again: boolean): void {
    ward.state = 'up';
    recoveries.up(ward, ready);
    if (!again) {
      memoriesAtStart += ready.memories;
      restoredAtStart += ready.restored;
    }
    ports.learn(ready.directory);
    if (again) ports.hosts.announce({ type: 'restarted', node: ward.id, inc: ward.inc });
    if (!again && ward.id <= FIRST_ASKED) gather([ward]);
    step({ type: 'ready', node: ward.id, inc: ward.inc });
    settleStart();
  }

  const gather = (from: readonly Ward[]): void => void gatherKnownItems(env, gate, from, () => !stopped);

  /** A start is over when every node is up or given up. */
  function settleStart(): void {
    if (stopped || allAgentsMs !== null || ![...wards.values()].every((w) => w.state === 'up' || w.givenUp))
      return;
    if ([...wards.values()].some((w) => w.state === 'up')) everyoneUp();
    else fail('No node of the grove could be started; the story says why. Reload the page to try again.');
  }

  function everyoneUp(): void {
    allAgentsMs = env.now() + plan.openedAgoMs;
    phase = 'running';
    story.tell(
      'life',
      `${plural(plan.charges.length, 'agent')} in ${plural(plan.nodes, 'worker')} ${plan.charges.length === 1 ? 'is' : 'are'} up after ${duration(allAgentsMs)}, with ${plural(memoriesAtStart, 'memory', 'memories')}${plan.resumed ? `, ${restoredAtStart.toLocaleString('en')} of them from crash memory` : ''}.`,
    );
    gather([...wards.values()].slice(FIRST_ASKED));
    gate.setRate(plan.questionsPerS);
    if (plan.killEveryMs > 0) after(plan.killEveryMs, killOne);
    if (plan.storm) storm.begin(plan.storm);
  }

  function killOne(): void {
    const alive = [...wards.values()].filter((w) => w.state === 'up');
    if (phase === 'running' && gate.ratePerS > 0 && alive.length > 0)
      inject({ type: 'kill', node: rng.pick(alive).id });
    after(plan.killEveryMs, killOne);
  }

  function hear(ward: Ward, t: NodeTelemetry | null): void {
    noteBeat(ward, t);
    step({ type: 'beat', node: ward.id, inc: ward.inc });
    if (!t) return;
    bus.hear(ward.id, ward.inc, t);
    rings.hear(ward.id, t);
    for (const [agent, seq, fingerprint] of t.acked) acked.set(agent, { seq, fingerprint });
    for (const [to, messages] of t.traffic) traffic.add(ward.id, to, messages);
  }

  /** A dead node's worker, permits and ports are given back. */
  function retire(ward: Ward): void {
    endWard(ward);
    ports.desk.releaseHolder(ward.id);
    rings.forget(ward.id);
    recoveries.died(ward, ledger.lost);
  }

  function died(ward: Ward): void {
    retire(ward);
    const { killedAtMs, inc } = ward;
    ward.killedAtMs = null;
    step({ type: 'died', node: ward.id, inc, ...(killedAtMs !== null && { atMs: killedAtMs }) });
  }

  function tick(): void {
    step({ type: 'tick' });
    const nowMs = env.now();
    for (const ward of wards.values())
      if (ward.state === 'paused' && nowMs >= ward.pausedUntilMs) ward.state = 'up';
    // Who was silent or stood still when the last one came up is heard of again at some other time.
    settleStart();
    while (nowMs >= secondEndsMs) {
      if (phase === 'running' || phase === 'paused')
        series.tick(second++, gate, ports.desk, ledger.delivered);
      secondEndsMs += 1_000;
    }
    after(TICK_MS, tick);
  }

  async function poll(): Promise<void> {
    const polled = Promise.all([ports.ledger(), ports.wire()]);
    [ledger, wire] = await polled.catch(() => [ledger, wire] as const);
    after(POLL_MS, () => void poll());
  }

  const inject = (fault: Fault): string | null =>
    injectFault(fault, {
      now,
      after,
      story,
      wards,
      disturbProvider: (slowdown, failing) => ports.disturbProvider(slowdown, failing),
      gateLinks: ports.gateLinks,
      cut: (nodes, forMs) => storm.cut(nodes, forMs),
      gateBus() {
        const report = ports.gateBus();
        return { unsettled: report?.unsettled ?? 0, resends: report?.bus.resends ?? 0 };
      },
      beginTrouble: () => troubles++,
      endTrouble: () => --troubles === 0,
      noteKill: () => kills++,
      questions: () => gate.total,
      ledger: () => ports.ledger(),
    });

  return {
    get phase() {
      return phase;
    },
    rings,
    start() {
      phase = 'spawning';
      secondEndsMs = env.now() + 1_000;
      story.tell(
        'life',
        plan.resumed
          ? 'The grove resumes from crash memory.'
          : `A new grove: ${plural(plan.charges.length, 'agent')} over ${plural(plan.corpus.documents, 'document')} of ${plan.corpus.name}.`,
      );
      for (const ward of wards.values()) {
        supervisor.nodes.set(ward.id, { type: 'waiting', inc: 1 });
      }
      tick();
      void poll();
    },
    setRate(perS) {
      if (phase === 'paused') rateBeforePause = perS;
      else gate.setRate(perS);
    },
    pause() {
      if (phase !== 'running') return;
      phase = 'paused';
      rateBeforePause = gate.ratePerS;
      gate.setRate(0);
      story.tell('life', 'Paused: no new questions; those under way are answered.');
    },
    resume() {
      if (phase !== 'paused') return;
      phase = 'running';
      gate.setRate(rateBeforePause);
      story.tell('life', 'Questions flow again.');
    },
    stop() {
      if (stopped) return;
      stop();
      phase = 'stopped';
      story.tell('life', 'Stopped. Memories stay in crash memory.');
    },
    inject,
    async inspect(agent) {
      const node = nodeOfAgent.get(agent);
      const ward = node === undefined ? undefined : wards.get(node);
      if (!ward?.handle || ward.state === 'dead' || ward.state === 'spawning') return null;
      const found = await patiently(env, ward.handle.inspect(agent), null);
      return found && { ...found, node: ward.id };
    },
    snapshot() {
      const nodes = [...wards.values()].map((w) => nodeView(w, regionOf(w.id, plan.nodes, fleet.regions)));
      const links = traffic.take();
      const live = [...wards.values()].filter(isLive);
      const agentsUp = live.reduce((sum, w) => sum + w.charges.length, 0);
      let ackedWrites = 0;
      for (const a of acked.values()) ackedWrites += a.seq;
      return {
        phase,
        problem,
        atMs: env.now(),
        ratePerS: phase === 'paused' ? rateBeforePause : gate.ratePerS,
        corpus: plan.corpus,
        resumed: plan.resumed ? { memories: restoredAtStart, messages: plan.carriedMessages } : null,
        kills,
        progress: {
          workersUp: [...wards.values()].filter((w) => w.handle !== null && w.state !== 'dead').length,
          workersWanted: plan.nodes,
          agentsReady: agentsUp,
          agentsWanted: plan.charges.length,
          memories: nodes.reduce((sum, n) => sum + n.memories, 0),
        },
        startUp: { allAgentsMs, firstAnswerMs },
        vitalSigns: vitalSigns({
          gate,
          rush: rings.rush,
          desk: ports.desk,
          corpus: plan.corpus.name,
          agentsUp,
          nodesUp: live.length,
          ledger,
          wire,
          ackedWrites,
          memoriesLost: recoveries.memoriesLost,
        }),
        nodes,
        links,
        bus: bus.view(ports.gateBus()),
        series: series.points(),
        provider: ports.desk.view(),
        story: story.latest(200),
        questions: { asked: gate.total.asked, answered: gate.total.answered, failed: gate.total.failed },
        errands: gate.errands,
        recoveries: recoveries.all.slice(-50),
        recovered: recoveries.all.length,
        interactions: gate.recent().map((i) => viewOf(i, (agent) => nodeOfAgent.get(agent) ?? 0)),
        // The live world, which has it, adds it.
        crashMemory: null,
      };
    },
    story: () => story.all(),
    recoveries: () => recoveries.all,
    noteTraffic: (from, to, messages) => traffic.add(from, to, messages),
    fail,
    warn: (message) => story.tell('warning', message),
    noteEnd(interaction: Interaction) {
      const ward = wards.get(nodeOfAgent.get(interaction.agent) ?? 0);
      if (interaction.state !== 'answered') return;
      if (ward) ward.answers++;
      if (firstAnswerMs === null) {
        firstAnswerMs = env.now() + plan.openedAgoMs;
        story.tell(
          'answer',
          `The first answer came ${duration(firstAnswerMs)} after ${plan.openedAgoMs > 0 ? 'the page was opened' : 'the start'}.`,
        );
      }
    },
  };
}
