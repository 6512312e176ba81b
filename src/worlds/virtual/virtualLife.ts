import type { AgentCharge } from '../../agents/contract.ts';
import { createDirectoryDesk } from '../../agents/directoryDesk.ts';
import { createGate, type Gate } from '../../agents/gate.ts';
import { startNode } from '../../agents/node.ts';
import { agentOwner, replayNodeLog } from '../../agents/nodeLog.ts';
import type { Node } from '../../agents/nodeTypes.ts';
import { GATE_ADDRESS } from '../../agents/protocol.ts';
import type { Ledger } from '../../bus/ledger.ts';
import { linkTroubles } from '../../faults/linkTroubles.ts';
import { createConductor } from '../../fleet/conductor.ts';
import { placeAgents, regionOf } from '../../fleet/placement.ts';
import type { Conductor } from '../../fleet/plan.ts';
import type { AgentView } from '../../fleet/views.ts';
import { GATE, incarnation, nodeId } from '../../kernel/ids.ts';
import { hash32 } from '../../kernel/rng.ts';
import { sliceOf, type SourceDocument } from '../../memory/documents.ts';
import type { JournalPort } from '../../memory/journal.ts';
import type { JournalWriter } from '../../memory/journalWriter.ts';
import { createDesk } from '../../provider/desk.ts';
import type { Desk } from '../../provider/deskViews.ts';
import type { SimulatedProvider } from '../../provider/simulated.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import type { VirtualAnswerDisk } from './virtualAnswerStore.ts';
import { createVirtualProcess, type MachineClock, type VirtualProcess } from './virtualEnv.ts';
import { spawnVirtualHost, type VirtualHost } from './virtualHost.ts';
import type { VirtualNetwork } from './virtualNetwork.ts';
import { createVirtualPort, journalOver, noPause } from './virtualPorts.ts';
import type { VirtualWorld } from './virtualWorld.ts';

/** Known-item questions prepared in all, spread over the agents. */
const KNOWN_ITEMS = 800;
/** The ring that grows in virtual time; its clock has no date of its own. */
const RING = '2000';

/** What an onlooker may put between a node's incarnation and crash memory. Lives are numbered from 1. */
export type SessionWrapper = (
  open: (inc: number) => JournalPort,
  node: number,
  inc: number,
  life: number,
) => JournalPort;

/** What a grove has around it, and what goes on when its power fails. */
export interface LifeSurroundings {
  readonly scenario: Scenario;
  readonly corpus: {
    readonly name: string;
    readonly credit?: string;
    readonly documents: readonly SourceDocument[];
  };
  readonly charges: readonly AgentCharge[];
  readonly nodes: number;
  readonly world: VirtualWorld;
  readonly network: VirtualNetwork;
  readonly provider: SimulatedProvider;
  readonly ledger: Ledger;
  /** Per log of an agent: the highest memory number that became durable. */
  readonly committed: ReadonlyMap<string, number>;
  /** Cached answers, which outlive a power cut. */
  readonly answers: VirtualAnswerDisk;
  /** Per node from 0, the conductor's. */
  readonly machines: readonly MachineClock[];
  readonly session?: SessionWrapper;
}

/** Crash memory as this life finds it. */
export interface OpenedStore {
  readonly process: VirtualProcess;
  readonly writer: JournalWriter;
  /** What the gate's log holds. */
  readonly gateLog: readonly string[];
  /** Messages under way of an earlier life; null in the first. */
  readonly carriedMessages: number | null;
}

/** All that one power supply keeps alive: conductor, gate, desk, nodes and crash memory's writer. */
export interface VirtualLife {
  readonly conductor: Conductor;
  readonly gate: Gate;
  readonly desk: Desk;
  /** Messages of the gate that are not settled. */
  readonly gateUnsettled: number;
  /** One agent looked at closely; null when its node is not up. Changes nothing, not even a timer. */
  inspect(agent: string): Promise<AgentView | null>;
  /** Moves counts that are taken in intervals to where they are read. */
  refresh(): void;
  /** How long a node that is killed now goes on all the same. */
  setZombie(node: number, ms: number): void;
  /** Everything ends at once, without a word. */
  die(): void;
}

/** @param number of this life, from 1; its channels and questions are named after it, so that nothing of an earlier one reaches it */
export function openVirtualLife(around: LifeSurroundings, store: OpenedStore, number: number): VirtualLife {
  const { scenario, corpus, charges, nodes, world, network, provider, ledger, machines } = around;
  const { documents } = corpus;
  const { writer } = store;
  const name = `virtual-${number}`;
  const session = (id: number, inc: number): JournalPort => {
    const open = (as: number): JournalPort => writer.session(id, as);
    return around.session ? around.session(open, id, inc, number) : open(inc);
  };
  const { regions, interRegionMs } = scenario.fleet;
  const home = createVirtualProcess(world, GATE, name, machines[GATE]);
  const { env } = home;
  const desk = createDesk(env, scenario.provider, {
    regions: scenario.fleet.regions.length,
    regionOf: (id) => regions.indexOf(regionOf(id, nodes, regions)),
    store: around.answers.storeOf(home),
    embed: null,
  });
  const directory = createDirectoryDesk(env);
  const placement = placeAgents(charges.length, nodes);
  const nodeOf = new Map<string, number>(charges.map((c, i) => [c.id, placement[i]!]));
  const regionDelays = (from: number): number[] =>
    Array.from({ length: nodes + 1 }, (_, to) =>
      regionOf(from, nodes, regions) === regionOf(to, nodes, regions) ? 0 : interRegionMs,
    );
  /** The latest of each node, and all that were ever spawned: one that was ended may go on for a while. */
  const hosts = new Map<number, VirtualHost>();
  const spawned: VirtualHost[] = [];
  const gateLinks = linkTroubles(env, network.portOf(home), name, GATE, regionDelays(GATE));
  let node: Node | null = null;
  const gate: Gate = createGate(env, {
    agents: charges.map((c) => c.id),
    deadlineMs: scenario.agents.deadlineMs,
    zipf: scenario.load.zipf,
    run: name,
    send: (to, kind, body) => node?.send(GATE_ADDRESS, to, kind, body) ?? false,
    errandHops: scenario.load.errandHops,
    errandsPerS: scenario.load.errandsPerS,
    // Virtual time does not sleep; the gate is late only where its clock jumped, which is told.
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
              grove: name,
              network,
              conductor: home,
              store: store.process,
              journal: session(id, inc),
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
              machine: machines[id]!,
            },
            events,
          );
          hosts.set(id, host);
          spawned.push(host);
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
      committed: (agents) => Promise.resolve(agents.map((id) => around.committed.get(agentOwner(id)) ?? 0)),
      ledger: () => Promise.resolve(ledger.totals(world.clock.nowMs)),
      wire: () => Promise.resolve(provider.counts()),
      gateBus: () => node?.report() ?? null,
      gateLinks,
      disturbProvider: (slowdown, failing) => provider.disturb({ slowdown, failing }),
    },
    gate,
    {
      fleet: scenario.fleet,
      charges,
      placement,
      nodes,
      corpus: { name: corpus.name, credit: corpus.credit ?? '', documents: documents.length, own: false },
      spec: {
        grove: name,
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
        knownItems:
          KNOWN_ITEMS < charges.length
            ? KNOWN_ITEMS / charges.length
            : Math.ceil(KNOWN_ITEMS / charges.length),
      },
      questionsPerS: scenario.load.questionsPerS,
      killEveryMs: scenario.faults.killEveryMs,
      resumed: store.carriedMessages !== null,
      carriedMessages: store.carriedMessages ?? 0,
      openedAgoMs: 0,
    },
  );
  node = startNode(
    env,
    gateLinks.channels,
    journalOver(world, createVirtualPort(world, home, store.process, noPause), session(GATE, 1)),
    {
      grove: name,
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
    replayNodeLog(store.gateLog),
    [{ id: GATE_ADDRESS, behaviour: gate.behaviour, memory: null }],
  );
  const gateNode = node;
  conductor.start();
  return {
    conductor,
    gate,
    desk,
    get gateUnsettled() {
      return gateNode.unsettled;
    },
    async inspect(agent) {
      const id = nodeOf.get(agent);
      const found = id === undefined ? null : ((await hosts.get(id)?.inspect(agent)) ?? null);
      return found && id !== undefined ? { ...found, node: id } : null;
    },
    refresh() {
      for (const [to, messages] of gateNode.takeTraffic()) conductor.noteTraffic(GATE, to, messages);
    },
    setZombie(id, ms) {
      const host = hosts.get(id);
      if (host) host.zombieMs = ms;
    },
    die() {
      home.kill();
      store.process.kill();
      for (const host of spawned) host.powerOff();
      // Stops what still waits for a promise of the dead.
      conductor.stop();
    },
  };
}
