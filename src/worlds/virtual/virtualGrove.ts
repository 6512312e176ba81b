import { auditEntry } from '../../agents/audit.ts';
import type { AgentCharge } from '../../agents/contract.ts';
import { createDirectoryDesk } from '../../agents/directoryDesk.ts';
import { createGate, type Gate } from '../../agents/gate.ts';
import { replayNodeLog, startNode, type Node } from '../../agents/node.ts';
import { agentOwner, nodeOwner } from '../../agents/nodeLog.ts';
import { GATE_ADDRESS } from '../../agents/protocol.ts';
import { Ledger } from '../../bus/ledger.ts';
import { linkTroubles } from '../../faults/linkTroubles.ts';
import { createConductor } from '../../fleet/conductor.ts';
import { nodeCount, placeAgents, regionOf } from '../../fleet/placement.ts';
import type { Conductor } from '../../fleet/plan.ts';
import { agentId, GATE, incarnation, nodeId } from '../../kernel/ids.ts';
import { hash32 } from '../../kernel/rng.ts';
import { share, type CorpusIndex } from '../../memory/corpus.ts';
import type { MemoryRecord } from '../../memory/record.ts';
import { sliceOf, type SourceDocument } from '../../memory/documents.ts';
import { createJournalWriter } from '../../memory/journalWriter.ts';
import { createDesk, type Desk } from '../../provider/desk.ts';
import { profileOf } from '../../provider/profile.ts';
import { createSimulatedProvider, type SimulatedProvider } from '../../provider/simulated.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import { EVENT } from './eventLog.ts';
import type { FaultPlan, PlannedFault } from './faultPlan.ts';
import { createVirtualDisk, FAIR_DISK, type DiskOptions } from './virtualDisk.ts';
import { createVirtualProcess } from './virtualEnv.ts';
import { spawnVirtualHost, type VirtualHost } from './virtualHost.ts';
import { createVirtualNetwork, FAIR_WEATHER, type VirtualNetwork } from './virtualNetwork.ts';
import { createVirtualPort, journalOver, noPause } from './virtualPorts.ts';
import { createVirtualWorld, type VirtualWorld } from './virtualWorld.ts';

/** Known-item questions prepared in all, spread over the agents. */
const KNOWN_ITEMS = 800;
const GROVE = 'virtual';
/** The ring that grows in virtual time; its clock has no date of its own. */
const RING = '2000';

export interface VirtualGroveConfig {
  readonly scenario: Scenario;
  readonly corpus: { readonly name: string; readonly documents: readonly SourceDocument[] };
  readonly plan: FaultPlan;
  readonly disk?: Partial<DiskOptions>;
  /** Hears every durable entry of every log. */
  readonly onCommit?: (owner: string, text: string) => void;
  readonly listen?: Parameters<typeof createVirtualWorld>[0]['listen'];
}

/** A whole grove in virtual time: conductor, gate, nodes, desk, provider and crash memory as in the live world. */
export interface VirtualGrove {
  readonly world: VirtualWorld;
  readonly network: VirtualNetwork;
  readonly conductor: Conductor;
  readonly gate: Gate;
  readonly desk: Desk;
  readonly provider: SimulatedProvider;
  readonly ledger: Ledger;
  readonly nodes: number;
  /** Messages of the gate that are not settled. */
  readonly gateUnsettled: number;
  /** Ends everything and reads what crash memory has: the texts of each owner. */
  autopsy(): Promise<ReadonlyMap<string, readonly string[]>>;
}

function chargesOf(documents: readonly SourceDocument[], agents: number): AgentCharge[] {
  const counts = documents.map((d) => ({ passages: d.passages.length }));
  return share({ documents: counts as unknown as CorpusIndex['documents'] }, agents).map((slices, i) => ({
    id: agentId(i),
    charge: `Archivist of ${[...new Set(slices.map((s) => documents[s.document]!.title))].slice(0, 4).join(', ')}`,
    slices,
  }));
}

/** Opens a grove and starts it; time goes on when its world is run. */
export function openVirtualGrove(config: VirtualGroveConfig): VirtualGrove {
  const { scenario, corpus, plan } = config;
  const { documents } = corpus;
  const { count, pool } = scenario.agents;
  const nodes = nodeCount(count, pool);
  const { regions, interRegionMs } = scenario.fleet;
  const world = createVirtualWorld({
    seed: scenario.seed,
    always: true,
    ...(config.listen && { listen: config.listen }),
  });
  const { clock, log } = world;
  const network = createVirtualNetwork(world, plan.weather);
  const disk = createVirtualDisk(world, { ...FAIR_DISK, ...config.disk });
  const home = createVirtualProcess(world, GATE, 'conductor');
  const storeProcess = createVirtualProcess(world, -1, 'store');
  const endpoint = createVirtualProcess(world, -2, 'provider');
  const { env } = home;
  const ledger = new Ledger();
  /** Per log of an agent: the highest memory number that became durable. */
  const committed = new Map<string, number>();
  const writer = createJournalWriter(
    storeProcess.env,
    disk.storeOf(storeProcess),
    { groupCommitMs: scenario.memory.groupCommitMs },
    (owner, text) => {
      auditEntry(ledger, owner, text, clock.nowMs);
      if (text.startsWith('["memory"')) {
        const [, { seq }] = JSON.parse(text) as readonly [string, MemoryRecord];
        committed.set(owner, Math.max(committed.get(owner) ?? 0, seq));
      }
      config.onCommit?.(owner, text);
    },
  );
  writer.ready((r) => {
    if (!r.ok) conductor.fail(r.error.message);
  });
  const provider = createSimulatedProvider(
    endpoint.env,
    profileOf(scenario.provider.profile),
    scenario.provider,
  );
  const desk = createDesk(env, scenario.provider);
  const directory = createDirectoryDesk(env);
  const charges = chargesOf(documents, count);
  const placement = placeAgents(count, nodes);
  const nodeOf = new Map<string, number>(charges.map((c, i) => [c.id, placement[i]!]));
  const regionDelays = (from: number): number[] =>
    Array.from({ length: nodes + 1 }, (_, to) =>
      regionOf(from, nodes, regions) === regionOf(to, nodes, regions) ? 0 : interRegionMs,
    );
  const hosts = new Map<number, VirtualHost>();
  const gateLinks = linkTroubles(env, network.portOf(home), GROVE, GATE, regionDelays(GATE));
  let node: Node | null = null;
  const gate: Gate = createGate(env, {
    agents: charges.map((c) => c.id),
    deadlineMs: scenario.agents.deadlineMs,
    zipf: scenario.load.zipf,
    run: GROVE,
    send: (to, body) => node?.send(GATE_ADDRESS, to, 'question', body),
    // Virtual time does not sleep; the gate could only be late by a defect, which is told.
    onSlept: (ms) => conductor.warn(`No question was put for ${ms} ms.`),
    onEnd: (interaction) => conductor.noteEnd(interaction),
  });

  const conductor: Conductor = createConductor(
    env,
    {
      hosts: {
        spawn(id, inc, events) {
          const host = spawnVirtualHost(
            world,
            id,
            inc,
            {
              grove: GROVE,
              network,
              conductor: home,
              store: storeProcess,
              journal: writer.session(id, inc),
              desk: desk.portFor(id),
              directory,
              corpus: {
                passages: (slice) =>
                  Promise.resolve(
                    world.wire.copy(sliceOf(documents[slice.document]!, slice.fromPassage, slice.toPassage)),
                  ),
              },
              fetch: (request) => provider.fetch(request),
              heartbeatMs: scenario.fleet.heartbeatMs,
              delayMsTo: regionDelays(id),
              clockRate: plan.clockRates[id] ?? 1,
            },
            events,
          );
          hosts.set(id, host);
          return host;
        },
        announce(news) {
          for (const host of hosts.values()) host.hear(news);
          if (news.type === 'restarted') node?.peerRestarted(nodeId(news.node), incarnation(news.inc));
          else node?.abandon(nodeId(news.node), news.reason);
        },
      },
      desk,
      learn: (entries) => directory.learn(entries),
      forget: (agents) => directory.forget(agents),
      committed: (agents) => Promise.resolve(agents.map((id) => committed.get(agentOwner(id)) ?? 0)),
      ledger: () => Promise.resolve(ledger.totals(clock.nowMs)),
      wire: () => Promise.resolve(provider.counts()),
      gateBus: () => ({ unsettled: node?.unsettled ?? 0, resends: node?.bus.resends ?? 0 }),
      disturbGateLink: (...trouble) => gateLinks.disturb(...trouble),
      disturbProvider: (slowdown, failing) => provider.disturb({ slowdown, failing }),
    },
    gate,
    {
      fleet: scenario.fleet,
      charges,
      placement,
      nodes,
      corpus: { name: corpus.name, credit: '', documents: documents.length, own: true },
      spec: {
        grove: GROVE,
        seed: scenario.seed,
        corpus: `virtual/${hash32(JSON.stringify(documents))}`,
        options: {
          bus: scenario.bus,
          memory: scenario.memory,
          agents: scenario.agents,
          provider: scenario.provider,
        },
        ring: RING,
        date: `${RING}-01-01`,
        knownItems: Math.max(1, Math.ceil(KNOWN_ITEMS / count)),
      },
      questionsPerS: scenario.load.questionsPerS,
      killEveryMs: scenario.faults.killEveryMs,
      resumed: false,
      carriedMessages: 0,
      openedAgoMs: 0,
    },
  );
  node = startNode(
    env,
    gateLinks.channels,
    journalOver(createVirtualPort(world, home, storeProcess, noPause), writer.session(GATE, 1)),
    {
      grove: GROVE,
      self: GATE,
      inc: incarnation(1),
      bus: scenario.bus,
      nodeOf: (address) => {
        const found = nodeOf.get(address);
        return found === undefined ? undefined : nodeId(found);
      },
      onFailure: (error) => conductor.fail(`Crash memory said no: ${error.message}`),
      onPoison: (what) => conductor.warn(what),
    },
    replayNodeLog([]),
    [{ id: GATE_ADDRESS, behaviour: gate.behaviour, memory: null }],
  );
  const gateNode = node;

  function inject(fault: PlannedFault): void {
    log.add(clock.nowMs, 'node' in fault ? fault.node : -1, EVENT.fault, fault.type.length);
    switch (fault.type) {
      case 'kill': {
        const host = hosts.get(fault.node);
        if (host) host.zombieMs = fault.zombieMs;
        conductor.inject({ type: 'kill', node: fault.node });
        return;
      }
      case 'pause':
      case 'link':
      case 'provider':
        conductor.inject(fault);
        return;
      case 'partition': {
        const side = new Set(fault.nodes);
        network.partition = side;
        clock.at(clock.nowMs + fault.forMs, () => {
          if (network.partition === side) network.partition = null;
        });
        return;
      }
      case 'power cut':
        // The page would be gone with it, and there is nobody here to open it again.
        return;
    }
  }

  for (const fault of plan.faults) clock.at(fault.atMs, () => inject(fault));
  clock.at(Math.max(scenario.durationS * 1_000, ...plan.faults.map((f) => f.atMs)), () => {
    network.weather = FAIR_WEATHER;
  });
  conductor.start();
  return {
    world,
    network,
    conductor,
    gate,
    desk,
    provider,
    ledger,
    nodes,
    get gateUnsettled() {
      return gateNode.unsettled;
    },
    async autopsy() {
      conductor.stop();
      home.kill();
      storeProcess.kill();
      disk.crash();
      const process = createVirtualProcess(world, -1, 'autopsy');
      const later = createJournalWriter(process.env, disk.storeOf(process), { groupCommitMs: 0 });
      const owners = [
        ...Array.from({ length: nodes + 1 }, (_, i) => nodeOwner(i)),
        ...charges.map((c) => agentOwner(c.id)),
      ];
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
