import { committedSeq } from '../../agents/agentLog.ts';
import { auditEntry } from '../../agents/audit.ts';
import { chargesOf } from '../../agents/charges.ts';
import type { Gate } from '../../agents/gate.ts';
import { agentOwner, nodeOwner } from '../../agents/nodeLog.ts';
import { Ledger } from '../../bus/ledger.ts';
import { nodeCount } from '../../fleet/placement.ts';
import type { Conductor } from '../../fleet/plan.ts';
import type { AgentView, StoryLine } from '../../fleet/views.ts';
import { GATE } from '../../kernel/ids.ts';
import { firstOf } from '../../memory/corpus.ts';
import type { SourceDocument } from '../../memory/documents.ts';
import { createJournalWriter, type JournalWriter } from '../../memory/journalWriter.ts';
import type { Desk } from '../../provider/deskViews.ts';
import { virtualRefusal } from '../../provider/connection.ts';
import { createEndpoints } from '../../provider/endpoints.ts';
import { profileOf } from '../../provider/profile.ts';
import { createSimulatedProvider, type SimulatedProvider } from '../../provider/simulated.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import { createCommitTap } from './commitTap.ts';
import { EVENT } from './eventLog.ts';
import type { FaultPlan, PlannedFault } from '../../faults/faultPlan.ts';
import { FAIR_WEATHER } from '../../faults/weather.ts';
import { crashStoreOn, createVirtualDisk, FAIR_DISK, type DiskOptions } from './virtualDisk.ts';
import {
  createMachineClock,
  createVirtualProcess,
  type MachineClock,
  type VirtualProcess,
} from './virtualEnv.ts';
import { createVirtualAnswerDisk } from './virtualAnswerStore.ts';
import { openVirtualLife, type SessionWrapper } from './virtualLife.ts';
import { createVirtualNetwork, type VirtualNetwork } from './virtualNetwork.ts';
import { createVirtualWorld, type VirtualWorld } from './virtualWorld.ts';

export interface VirtualGroveConfig {
  readonly scenario: Scenario;
  readonly corpus: {
    readonly name: string;
    readonly credit?: string;
    readonly documents: readonly SourceDocument[];
  };
  readonly plan: FaultPlan;
  readonly disk?: Partial<DiskOptions>;
  readonly session?: SessionWrapper;
  /** Hears every durable entry of every log. */
  readonly onCommit?: (owner: string, text: string) => void;
  readonly listen?: Parameters<typeof createVirtualWorld>[0]['listen'];
}

/** What the gate and the conductor of lives that are over had counted. */
export interface PastLives {
  readonly lives: number;
  readonly asked: number;
  readonly answered: number;
  readonly failed: number;
  /** Questions that were under way when the power failed: their asker is gone. */
  readonly cutShort: number;
  readonly memoriesLost: number;
  readonly recoveries: number;
}

/** A whole grove in virtual time: conductor, gate, nodes, desk, provider and crash memory as in the live world. */
export interface VirtualGrove {
  readonly world: VirtualWorld;
  readonly network: VirtualNetwork;
  /** Those of the life that goes on, or that a power cut has ended: after it, others. */
  readonly conductor: Conductor;
  readonly gate: Gate;
  readonly desk: Desk;
  /** False from a power cut until crash memory is read again. */
  readonly powered: boolean;
  /** Sums over the lives that power cuts have ended. */
  readonly past: PastLives;
  readonly provider: SimulatedProvider;
  readonly ledger: Ledger;
  readonly nodes: number;
  /** Messages of the gate that are not settled. */
  readonly gateUnsettled: number;
  /** The story of the lives before this one. */
  readonly pastStory: readonly StoryLine[];
  /** One agent looked at closely; null when its node is not up. Changes nothing, not even a timer. */
  inspect(agent: string): Promise<AgentView | null>;
  /** Moves counts that are taken in intervals to where they are read. */
  refresh(): void;
  /** Ends everything and reads what crash memory has: the texts of each owner. */
  autopsy(): Promise<ReadonlyMap<string, readonly string[]>>;
}

/** Opens a grove and starts it; time goes on when its world is run. Throws Error, with a sentence, for a real provider. */
export function openVirtualGrove(config: VirtualGroveConfig): VirtualGrove {
  const { scenario, plan } = config;
  const refusal = virtualRefusal(scenario.provider);
  if (refusal !== null) throw new Error(refusal);
  const { count, pool, documents: limit } = scenario.agents;
  const corpus = { ...config.corpus, documents: firstOf(config.corpus.documents, limit) };
  const { documents } = corpus;
  const nodes = nodeCount(count, pool);
  const world = createVirtualWorld({
    seed: scenario.seed,
    always: true,
    ...(config.listen && { listen: config.listen }),
  });
  const { clock, log } = world;
  const network = createVirtualNetwork(world, plan.weather);
  const disk = createVirtualDisk(world, {
    ...FAIR_DISK,
    tears: scenario.faults.tornWrites,
    ...config.disk,
  });
  const endpoint = createVirtualProcess(world, -2, 'provider');
  const provider = createEndpoints(endpoint.env, scenario.provider, (its) =>
    createSimulatedProvider(its, profileOf(scenario.provider.profile), scenario.provider),
  );
  const ledger = new Ledger();
  const committed = new Map<string, number>();
  const tap = createCommitTap((owner, text) => {
    auditEntry(ledger, owner, text, clock.nowMs);
    if (text.startsWith('["memory"'))
      committed.set(owner, Math.max(committed.get(owner) ?? 0, committedSeq(text)));
    config.onCommit?.(owner, text);
  });
  const charges = chargesOf(
    documents.map(({ title, passages }) => ({ title, passages: passages.length })),
    count,
  );
  const owners = [
    ...Array.from({ length: nodes + 1 }, (_, i) => nodeOwner(i)),
    ...charges.map((c) => agentOwner(c.id)),
  ];
  const around = {
    scenario,
    corpus,
    charges,
    nodes,
    world,
    network,
    provider,
    ledger,
    committed,
    ...(config.session && { session: config.session }),
  };
  const past = { lives: 0, asked: 0, answered: 0, failed: 0, cutShort: 0, memoriesLost: 0, recoveries: 0 };
  const pastStory: StoryLine[] = [];
  let powered = true;

  function openStore(): { readonly process: VirtualProcess; readonly writer: JournalWriter } {
    const process = createVirtualProcess(world, -1, 'store');
    const writer = createJournalWriter(
      process.env,
      crashStoreOn(disk, process),
      { groupCommitMs: scenario.memory.groupCommitMs },
      (owner, read) => tap.hear(owner, read()),
    );
    return { process, writer };
  }

  /** Machines that start set their clocks. */
  const bootMachines = (): MachineClock[] =>
    Array.from({ length: nodes + 1 }, (_, id) => createMachineClock(world, plan.clockRates[id]));
  const answers = createVirtualAnswerDisk(world);
  let machines = bootMachines();
  const store = openStore();
  let life = openVirtualLife(
    { ...around, machines, answers },
    { ...store, gateLog: [], carriedMessages: null },
    1,
  );
  store.writer.ready((r) => {
    if (!r.ok) life.conductor.fail(r.error.message);
  });

  /** Power is there again: a new writer reads what the disk kept, and a new conductor goes on from it, as in a page that is loaded again. */
  function resume(): void {
    const { process, writer } = openStore();
    const fail = (message: string): never => {
      throw new Error(`crash memory could not be read after a power cut: ${message}`);
    };
    writer.ready((r) => {
      if (!r.ok) fail(r.error.message);
      writer.session(-1, 1).load(owners, (logs) => {
        if (!logs.ok) return fail(logs.error.message);
        owners.forEach((owner, i) => tap.catchUp(owner, logs.value[i]!));
        machines = bootMachines();
        life = openVirtualLife(
          { ...around, machines, answers },
          {
            process,
            writer,
            gateLog: logs.value[GATE] ?? [],
            carriedMessages: ledger.totals(clock.nowMs).inFlight,
          },
          past.lives + 1,
        );
        powered = true;
        world.wake();
      });
    });
  }

  function cutPower(): void {
    powered = false;
    life.die();
    disk.crash();
    const { total, travelling } = life.gate;
    pastStory.push(...life.conductor.story());
    past.lives++;
    past.asked += total.asked;
    past.answered += total.answered;
    past.failed += total.failed;
    past.cutShort += travelling;
    past.memoriesLost += life.conductor.snapshot().vitalSigns.crash.lost;
    past.recoveries += life.conductor.recoveries().length;
  }

  function inject(fault: PlannedFault): void {
    log.add(clock.nowMs, 'node' in fault ? fault.node : -1, EVENT.fault, fault.type.length);
    // A second cut while the first lasts finds nothing to end, and nothing else can be broken meanwhile.
    if (!powered && fault.type !== 'partition' && fault.type !== 'disk') return;
    switch (fault.type) {
      case 'kill':
        life.setZombie(fault.node, fault.zombieMs);
        life.conductor.inject({ type: 'kill', node: fault.node });
        return;
      case 'pause':
      case 'link':
      case 'provider':
        life.conductor.inject(fault);
        return;
      case 'partition':
        return network.part(fault.nodes, fault.forMs);
      case 'clock':
        machines[fault.node]?.disturb(fault.jumpMs, fault.rate);
        return;
      case 'disk':
        disk.stall(fault.forMs);
        return;
      case 'power cut':
        cutPower();
        clock.at(clock.nowMs + fault.downMs, resume);
        return;
    }
  }

  for (const fault of plan.faults) clock.at(fault.atMs, () => inject(fault));
  clock.at(Math.max(scenario.durationS * 1_000, ...plan.faults.map((f) => f.atMs)), () => {
    network.weather = FAIR_WEATHER;
  });
  return {
    world,
    network,
    provider,
    ledger,
    nodes,
    past,
    pastStory,
    inspect: (agent) => life.inspect(agent),
    refresh: () => life.refresh(),
    get conductor() {
      return life.conductor;
    },
    get gate() {
      return life.gate;
    },
    get desk() {
      return life.desk;
    },
    get powered() {
      return powered;
    },
    get gateUnsettled() {
      return life.gateUnsettled;
    },
    async autopsy() {
      life.die();
      disk.crash();
      const process = createVirtualProcess(world, -1, 'autopsy');
      const later = createJournalWriter(process.env, crashStoreOn(disk, process), { groupCommitMs: 0 });
      const found = new Map<string, readonly string[]>();
      later.ready(() => undefined);
      later.session(-1, 1).load(owners, (logs) => {
        if (logs.ok) owners.forEach((owner, i) => found.set(owner, logs.value[i]!));
      });
      await world.run(clock.nowMs + 3_000);
      return found;
    },
  };
}
