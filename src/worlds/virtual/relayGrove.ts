import { replayAgentLog } from '../../agents/agentLog.ts';
import { auditEntry } from '../../agents/audit.ts';
import { startNode } from '../../agents/node.ts';
import { agentOwner, nodeOwner, replayNodeLog } from '../../agents/nodeLog.ts';
import type { Node } from '../../agents/nodeTypes.ts';
import { GATE_ADDRESS } from '../../agents/protocol.ts';
import { isTopic, topicHome } from '../../agents/topicAddress.ts';
import type { ChannelPort } from '../../bus/channel.ts';
import { Ledger } from '../../bus/ledger.ts';
import type { LinkReducers } from '../../bus/link.ts';
import { pausable } from '../../faults/pause.ts';
import { agentId, GATE, incarnation, nodeId } from '../../kernel/ids.ts';
import { createRng } from '../../kernel/rng.ts';
import { createAgentMemory } from '../../memory/agentMemory.ts';
import type { JournalPort } from '../../memory/journal.ts';
import { createJournalWriter, type JournalWriter } from '../../memory/journalWriter.ts';
import type { BlockStore } from '../../memory/blockStore.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import { createCommitTap } from './commitTap.ts';
import { EVENT } from './eventLog.ts';
import { type FaultPlan, type PlannedFault } from '../../faults/faultPlan.ts';
import { FAIR_WEATHER } from '../../faults/weather.ts';
import {
  crashStoreOn,
  createVirtualDisk,
  FAIR_DISK,
  type DiskOptions,
  type VirtualDisk,
} from './virtualDisk.ts';
import { createMachineClock, createVirtualProcess, type VirtualProcess } from './virtualEnv.ts';
import { createVirtualNetwork, type VirtualNetwork } from './virtualNetwork.ts';
import { createVirtualPort, journalOver } from './virtualPorts.ts';
import { createRelayAgent, NEWS, putTask, type RelayEars, type RelayTask } from './relayAgent.ts';
import { createVirtualWorld, type VirtualWorld } from './virtualWorld.ts';

/** Ways to break the protocol from outside, to see whether checkers notice. */
export interface Sabotage {
  readonly journal?: (inner: JournalPort, node: number, world: VirtualWorld) => JournalPort;
  readonly channels?: (inner: ChannelPort, node: number, inc: number) => ChannelPort;
  /** The incarnation that the writer is told: a constant takes its fence away. */
  readonly sessionInc?: (inc: number) => number;
  readonly disk?: Partial<DiskOptions>;
  /** The reducers of every link. */
  readonly link?: LinkReducers;
  /** Crash memory over the disk, in place of one that looks at checksums. */
  readonly store?: (disk: VirtualDisk, process: VirtualProcess) => BlockStore;
}

export interface RelayConfig {
  readonly scenario: Scenario;
  readonly nodes: number;
  readonly plan: FaultPlan;
  /** For so long tasks are put, one after `1 / load.questionsPerS` on average. */
  readonly putMs: number;
  readonly hops: number;
  readonly sabotage?: Sabotage;
  /** Hears what lies in no log. */
  readonly ears?: RelayEars;
  /** Hears every durable entry of every log, once. */
  readonly onCommit?: (owner: string, text: string) => void;
  /** Hears what befalls the relay, as it happens. */
  readonly onFault?: (fault: PlannedFault) => void;
  readonly onUp?: (node: number, inc: number) => void;
  readonly listen?: Parameters<typeof createVirtualWorld>[0]['listen'];
}

/** A node of a relay as it stands. */
export interface PlaceView {
  readonly inc: number;
  readonly up: boolean;
  readonly inbox: number;
  readonly unsettled: number;
  /** Stamps of others that this incarnation found too far ahead to follow. */
  readonly clockRefused: number;
}

interface Place {
  inc: number;
  process: VirtualProcess | null;
  node: Node | null;
  pause: (forMs: number) => void;
}

/** Durable nodes on a faulty network over a faulty disk, with agents that remember every task they get and pass it on. */
export interface RelayGrove {
  readonly world: VirtualWorld;
  readonly network: VirtualNetwork;
  readonly ledger: Ledger;
  /** Tasks put so far. */
  readonly put: number;
  /** Messages that ended among the dead letters because their deadline was over, as they should. */
  readonly expired: number;
  /** Messages received by a behaviour, repeats after a crash included. */
  readonly received: number;
  readonly warnings: readonly string[];
  /** Most that waited at any node: accepted and not dealt with; sent and not settled. Looked at once a second. */
  readonly peaks: { readonly inbox: number; readonly unsettled: number };
  /** Nothing is under way: all nodes are up, have dealt with everything and know that their peers have. */
  readonly quiet: boolean;
  start(): void;
  /** The gate and the nodes, by number. */
  places(): readonly PlaceView[];
  /** Breaks something now. */
  inject(fault: PlannedFault): void;
  /** Messages by link since they were last taken. */
  takeTraffic(): readonly (readonly [from: number, to: number, messages: number])[];
  /** Lets everything die and reads what crash memory has: the texts of each owner. */
  autopsy(): Promise<ReadonlyMap<string, readonly string[]>>;
}

const RESTART_MS = 100;

export function createRelayGrove(config: RelayConfig): RelayGrove {
  const { scenario, nodes, plan, sabotage = {} } = config;
  const world = createVirtualWorld({
    seed: scenario.seed,
    ...(config.listen && { listen: config.listen }),
  });
  const { clock, log } = world;
  const network = createVirtualNetwork(world, plan.weather);
  const disk = createVirtualDisk(world, {
    ...FAIR_DISK,
    tears: scenario.faults.tornWrites,
    ...sabotage.disk,
  });
  const storeOn = sabotage.store ?? crashStoreOn;
  const ledger = new Ledger();
  const tap = createCommitTap((owner, text) => {
    auditEntry(ledger, owner, text, clock.nowMs);
    if (text.startsWith('["dead"') && text.includes('"reason":"deadline"')) expired++;
    config.onCommit?.(owner, text);
  });
  const owners = [
    ...Array.from({ length: nodes + 1 }, (_, i) => nodeOwner(i)),
    ...Array.from({ length: nodes }, (_, i) => agentOwner(agentId(i))),
  ];
  const places: Place[] = Array.from({ length: nodes + 1 }, () => ({
    inc: 0,
    process: null,
    node: null,
    pause: () => undefined,
  }));
  /** Each node is a machine of its own: its clock outlives its processes. */
  const bootMachines = () => places.map((_, id) => createMachineClock(world, plan.clockRates[id]));
  let machines = bootMachines();
  const warnings: string[] = [];
  const peaks = { inbox: 0, unsettled: 0 };
  let store: { readonly process: VirtualProcess; readonly writer: JournalWriter } | null = null;
  let put = 0;
  let expired = 0;
  let received = 0;

  /** Opens crash memory and, once it is read, every node. */
  function openStore(): void {
    const process = createVirtualProcess(world, -1, 'store');
    const writer = createJournalWriter(
      process.env,
      storeOn(disk, process),
      { groupCommitMs: scenario.memory.groupCommitMs },
      (owner, read) => tap.hear(owner, read()),
    );
    store = { process, writer };
    writer.ready((r) => {
      if (!r.ok) throw new Error(r.error.message);
      writer.session(-1, 1).load(owners, (logs) => {
        if (!logs.ok) throw new Error(logs.error.message);
        owners.forEach((owner, i) => tap.catchUp(owner, logs.value[i]!));
        for (let id = 0; id <= nodes; id++) startPlace(id);
      });
    });
  }

  function startPlace(id: number): void {
    const place = places[id]!;
    const inc = ++place.inc;
    const { writer, process: storeProcess } = store!;
    const process = createVirtualProcess(world, id, `node/${id}`, machines[id]);
    const { env, channels, gate, pause } = pausable(process.env, network.portOf(process));
    place.process = process;
    place.node = null;
    place.pause = pause;
    const session = writer.session(id, sabotage.sessionInc?.(inc) ?? inc);
    const remote = journalOver(world, createVirtualPort(world, process, storeProcess, gate), session);
    const journal = sabotage.journal?.(remote, id, world) ?? remote;
    const agent = id === GATE ? null : agentId(id - 1);
    const wanted = agent === null ? [nodeOwner(id)] : [nodeOwner(id), agentOwner(agent)];
    const current = (): boolean => places[id]!.inc === inc && process.alive;
    journal.load(wanted, (r) => {
      if (!process.alive) return;
      if (!r.ok) {
        warnings.push(`node ${id}: ${r.error.message}`);
        return;
      }
      const [nodeLog = [], agentLog = []] = r.value;
      const memory = agent === null ? null : createAgentMemory(scenario.memory);
      if (memory) replayAgentLog(memory, agentLog);
      const node = startNode(
        env,
        sabotage.channels?.(channels, id, inc) ?? channels,
        journal,
        {
          grove: 'relay',
          self: nodeId(id),
          inc: incarnation(inc),
          bus: scenario.bus,
          ...(sabotage.link && { link: sabotage.link }),
          nodeOf: (address) =>
            isTopic(address)
              ? topicHome(address, nodes)
              : nodeId(address === GATE_ADDRESS ? GATE : 1 + Number(address.slice(1))),
          onFailure(error) {
            if (!current()) return;
            warnings.push(`node ${id} failed: ${error.message}`);
            process.kill();
            clock.at(clock.nowMs + RESTART_MS, () => places[id]!.inc === inc && startPlace(id));
          },
          onPoison(what) {
            if (!what.includes(' a bad: ')) warnings.push(what);
          },
        },
        replayNodeLog(nodeLog),
        [
          memory && agent !== null
            ? {
                id: agent,
                behaviour: createRelayAgent({
                  world,
                  env: process.env,
                  index: id - 1,
                  inc,
                  nodes,
                  ears: config.ears ?? {},
                  onReceived: () => received++,
                }),
                memory,
              }
            : { id: GATE_ADDRESS, behaviour: { receive: () => undefined }, memory: null },
        ],
      );
      if (agent !== null) {
        // Heard once or often, a subscription is the same.
        const turn = node.turnOf(agent);
        turn.subscribe(NEWS);
        turn.commitNow();
      }
      if (current()) {
        place.node = node;
        config.onUp?.(id, inc);
      }
      // As the supervisor's news does: peers need not wait until they miss it.
      for (const other of places)
        if (other.process?.alive) other.node?.peerRestarted(nodeId(id), incarnation(inc));
    });
  }

  function kill(id: number, downMs: number, zombieMs: number): void {
    const place = places[id]!;
    const { process, inc } = place;
    if (!process?.alive) return;
    place.node = null;
    if (zombieMs > 0) clock.at(clock.nowMs + zombieMs, () => process.kill());
    else process.kill();
    clock.at(clock.nowMs + downMs, () => {
      if (places[id]!.inc === inc && store) startPlace(id);
    });
  }

  function everythingDies(): void {
    for (const place of places) {
      place.process?.kill();
      place.node = null;
      // Whatever was to start that incarnation's successor has lost its reason.
      place.inc++;
    }
    store?.process.kill();
    store = null;
    disk.crash();
    // Machines that start again set their clocks, and so back.
    machines = bootMachines();
  }

  function inject(fault: PlannedFault): void {
    log.add(clock.nowMs, 'node' in fault ? fault.node : -1, EVENT.fault, fault.type.length);
    config.onFault?.(fault);
    switch (fault.type) {
      case 'kill':
        return kill(fault.node, fault.downMs, fault.zombieMs);
      case 'pause':
        if (places[fault.node]!.process?.alive) places[fault.node]!.pause(fault.forMs);
        return;
      case 'partition':
        return network.part(fault.nodes, fault.forMs);
      case 'power cut':
        if (!store) return;
        everythingDies();
        clock.at(clock.nowMs + fault.downMs, openStore);
        return;
      case 'clock':
        machines[fault.node]?.disturb(fault.jumpMs, fault.rate);
        return;
      case 'disk':
        disk.stall(fault.forMs);
        return;
      case 'link':
      case 'provider':
        // A relay has the weather for its links, and no provider.
        return;
    }
  }

  return {
    world,
    network,
    ledger,
    warnings,
    peaks,
    get put() {
      return put;
    },
    get expired() {
      return expired;
    },
    get received() {
      return received;
    },
    get quiet() {
      const { inFlight, lost } = ledger.totals(clock.nowMs);
      return (
        inFlight + lost === 0 && places.every((p) => p.node !== null && p.node.inbox + p.node.unsettled === 0)
      );
    },
    start() {
      openStore();
      const rng = createRng(`${scenario.seed}/tasks`);
      const gapMs = 1_000 / scenario.load.questionsPerS;
      const next = (): void => {
        if (clock.nowMs > config.putMs) return;
        const { node, process } = places[GATE]!;
        const task: RelayTask = { task: put, hops: config.hops };
        if (node && process && putTask(node, task, process.env.now(), () => agentId(rng.int(nodes)))) put++;
        clock.at(clock.nowMs + rng.exponential(gapMs), next);
      };
      clock.at(rng.exponential(gapMs), next);
      const look = (): void => {
        for (const { node } of places) {
          peaks.inbox = Math.max(peaks.inbox, node?.inbox ?? 0);
          peaks.unsettled = Math.max(peaks.unsettled, node?.unsettled ?? 0);
        }
        clock.at(clock.nowMs + 1_000, look);
      };
      look();
      for (const fault of plan.faults) clock.at(fault.atMs, () => inject(fault));
      const fairAtMs = Math.max(config.putMs, ...plan.faults.map((f) => f.atMs));
      clock.at(fairAtMs, () => (network.weather = { ...FAIR_WEATHER, jitterMs: plan.weather.jitterMs }));
    },
    places: () =>
      places.map(({ inc, node }) => ({
        inc,
        up: node !== null,
        inbox: node?.inbox ?? 0,
        unsettled: node?.unsettled ?? 0,
        clockRefused: node?.counters.clockRefused ?? 0,
      })),
    inject,
    takeTraffic: () =>
      places.flatMap(({ node }, from) =>
        [...(node?.takeTraffic() ?? [])].map(([to, messages]) => [from, to, messages] as const),
      ),
    async autopsy() {
      everythingDies();
      const process = createVirtualProcess(world, -1, 'autopsy');
      const writer = createJournalWriter(process.env, storeOn(disk, process), { groupCommitMs: 0 });
      const found = new Map<string, readonly string[]>();
      let problem = null as string | null;
      writer.ready((r) => {
        if (!r.ok) problem = r.error.message;
        writer.session(-1, 1).load(owners, (logs) => {
          if (logs.ok) owners.forEach((owner, i) => found.set(owner, logs.value[i]!));
          else problem = logs.error.message;
        });
      });
      await world.run(clock.nowMs + 1_000);
      if (problem !== null) throw new Error(problem);
      return found;
    },
  };
}
