import type { ChannelPort } from '../bus/channel.ts';
import type { Env } from '../kernel/env.ts';
import { incarnation, nodeId, type AgentId, type NodeId } from '../kernel/ids.ts';
import { createRng } from '../kernel/rng.ts';
import { createAgentMemory } from '../memory/agentMemory.ts';
import type { AgentMemory } from '../memory/agentMemoryTypes.ts';
import { draftsOf } from '../memory/documents.ts';
import { unpackTerms } from '../memory/documentTerms.ts';
import type { JournalEntry, JournalPort } from '../memory/journal.ts';
import type { MemoryRecord } from '../memory/record.ts';
import { analyse } from '../memory/text.ts';
import type { KnownItem } from '../memory/knownItems.ts';
import { Histogram } from '../metrics/histogram.ts';
import { createModelClient } from '../provider/client.ts';
import { createNodeAnswers } from '../provider/cache/nodeAnswers.ts';
import { createLeasedDesk } from '../provider/leasedDesk.ts';
import type { DeskPort, FetchHandler } from '../provider/port.ts';
import { drawPromptTokens, profileOf } from '../provider/profile.ts';
import { agentLogEntry, replayAgentLog } from './agentLog.ts';
import { createArchivist } from './archivist.ts';
import type {
  AgentCharge,
  AgentInspection,
  CorpusPort,
  DirectoryPort,
  NodeReady,
  NodeSpec,
  NodeTelemetry,
} from './contract.ts';
import { startNode } from './node.ts';
import { agentOwner, nodeOwner, replayNodeLog } from './nodeLog.ts';
import type { Node, Resident } from './nodeTypes.ts';
import { GATE_ADDRESS } from './protocol.ts';
import { isTopic, topicHome } from './topicAddress.ts';

/** An answer is kept in the node itself for so long at most. */
const NODE_TTL_MS = 60_000;

/** A prompt has room for its instruction, the question and one whole passage. */
const PROMPT_TOKENS_MIN = 400;

/** What a world gives a node. */
export interface HostPorts {
  readonly env: Env;
  readonly channels: ChannelPort;
  readonly journal: JournalPort;
  readonly fetch: FetchHandler;
  readonly desk: DeskPort;
  readonly corpus: CorpusPort;
  readonly directory: DirectoryPort;
  /** The node cannot go on; its supervisor decides. */
  readonly onFailure: (message: string) => void;
  /** Something went wrong that the node survives. */
  readonly onWarning: (message: string) => void;
}

/** A node with its agents, up and at work. */
export interface Host {
  readonly ready: NodeReady;
  telemetry(): NodeTelemetry;
  inspect(agent: AgentId): AgentInspection | null;
  /** Questions with a known answer, made of what its agents archive. */
  knownItems(): KnownItem[];
  peerRestarted(peer: NodeId, inc: number): void;
  abandon(peer: NodeId, reason: string): void;
  close(): void;
}

const loadAll = (journal: JournalPort, owners: readonly string[]): Promise<readonly (readonly string[])[]> =>
  new Promise((resolve, reject) => {
    journal.load(owners, (r) => (r.ok ? resolve(r.value) : reject(new Error(r.error.message))));
  });

const appendAll = (journal: JournalPort, entries: readonly JournalEntry[]): Promise<void> =>
  new Promise((resolve, reject) => {
    journal.append(entries, (r) => (r.ok ? resolve() : reject(new Error(r.error.message))));
  });

/**
 * Brings a node up: reloads its log and its agents' memories from crash memory, plants what is not planted yet, and
 * starts to deal with messages. Rejects with a sentence when crash memory or the corpus cannot be read.
 */
export async function hostNode(ports: HostPorts, spec: NodeSpec): Promise<Host> {
  const { env, journal } = ports;
  const self = nodeId(spec.self);

  const [nodeLog = [], ...agentLogs] = await loadAll(journal, [
    nodeOwner(self),
    ...spec.agents.map((a) => agentOwner(a.id)),
  ]);
  const memories = new Map<AgentId, AgentMemory>();
  const unplanted: AgentCharge[] = [];
  const logLengths = new Map<AgentId, number>();
  spec.agents.forEach((charge, i) => {
    const memory = createAgentMemory(spec.options.memory);
    memories.set(charge.id, memory);
    logLengths.set(charge.id, (agentLogs[i] ?? []).length);
    if (replayAgentLog(memory, agentLogs[i] ?? []) !== spec.corpus) unplanted.push(charge);
  });
  const missing = missingMemories(spec, memories);
  const restored = [...memories.values()].reduce((sum, m) => sum + m.size, 0);
  const unsaved = new Map<AgentId, () => JournalEntry[]>();
  for (const charge of unplanted)
    unsaved.set(charge.id, await plant(charge, memories.get(charge.id)!, ports, spec));
  if (spec.scar) {
    const scars = spec.agents.map((a) => agentLogEntry(a.id, ['scar', spec.ring]));
    for (const memory of memories.values()) memory.scar(spec.ring);
    await appendAll(journal, scars);
  }

  const rush = new Histogram();
  const { provider } = spec.options;
  const answers = createNodeAnswers(env, createLeasedDesk(env, ports.desk), {
    policy: provider.cachePolicy,
    bytes: provider.cacheBytes > 0 ? provider.cacheNodeBytes : 0,
    // What another layer gave is not fresh for another whole time here.
    ttlMs: Math.min(provider.cacheTtlMs, NODE_TTL_MS),
    staleMs: 0,
    negativeMs: 0,
  });
  const model = createModelClient(env, ports.fetch, answers, provider);
  const profile = profileOf(spec.options.provider.profile);
  const residents: Resident[] = spec.agents.map(({ id }) => {
    const memory = memories.get(id)!;
    const context = {
      id,
      env,
      memory,
      directory: ports.directory,
      model,
      timeRush: (ms: number) => rush.record(ms),
    };
    const planted = unsaved.get(id);
    return {
      id,
      memory,
      ...(planted && { unsaved: planted }),
      log: { entries: logLengths.get(id) ?? 0, planted: spec.corpus },
      behaviour: createArchivist(context, {
        askOthers: spec.options.agents.askOthers,
        recallPassages: spec.options.memory.recallPassages,
        maxOutputTokens: spec.options.provider.maxOutputTokens,
        promptTokens: (question) =>
          Math.max(
            PROMPT_TOKENS_MIN,
            drawPromptTokens(createRng(`${spec.seed}/prompt/${question}`), profile),
          ),
        ring: spec.ring,
        date: spec.date,
      }),
    };
  });

  for (const memory of memories.values()) warmUp(memory, spec.options.memory.recallPassages);
  const placement = new Map<string, NodeId>(
    spec.placement.map((node, i) => [spec.allAgents[i]!, nodeId(node)]),
  );
  const nodes = Math.max(1, ...spec.placement);
  const state = replayNodeLog(nodeLog, spec.options.bus.deadLetters);
  let undealt = 0;
  for (const link of state.received.values()) undealt += link.undealt.size;
  const node: Node = startNode(
    env,
    ports.channels,
    journal,
    {
      grove: spec.grove,
      self,
      inc: incarnation(spec.inc),
      bus: spec.options.bus,
      consolidateMs: spec.options.memory.consolidateMs,
      nodeOf: (address) =>
        address === GATE_ADDRESS
          ? nodeId(0)
          : isTopic(address)
            ? topicHome(address, nodes)
            : placement.get(address),
      onChanged: (tags) => ports.desk.note({ type: 'changed', tags }),
      onFailure: (error) => ports.onFailure(error.message),
      onPoison: ports.onWarning,
    },
    state,
    residents,
  );

  for (const peer of spec.abandoned) node.abandon(nodeId(peer), 'it was given up');
  const sizeOf = (): number => [...memories.values()].reduce((sum, m) => sum + m.size, 0);
  const reported = new Map<AgentId, number>();
  return {
    ready: {
      memories: sizeOf(),
      restored,
      undealt,
      missing,
      planted: unsaved.size,
      directory: [...memories].map(([agent, memory]) => ({ agent, summary: memory.summary() })),
    },
    telemetry() {
      const acked: [AgentId, number, number][] = [];
      for (const [agent, seq] of node.ackedSeq) {
        if (reported.get(agent) === seq) continue;
        reported.set(agent, seq);
        acked.push([agent, seq, memories.get(agent)!.fingerprint(seq)]);
      }
      const telemetry: NodeTelemetry = {
        ...node.counters,
        inbox: node.inbox,
        unsettled: node.unsettled,
        memories: sizeOf(),
        traffic: [...node.takeTraffic()],
        rush: rush.toState(),
        acked,
        bus: node.bus,
      };
      rush.reset();
      return telemetry;
    },
    inspect(id) {
      const memory = memories.get(id);
      const charge = spec.agents.find((a) => a.id === id);
      if (!memory || !charge) return null;
      return {
        id,
        charge: charge.charge,
        memories: memory.size,
        rings: memory.rings(),
        recent: memory.recent(8).map(({ text, ring, atMs }) => ({ text, ring, atMs })),
      };
    },
    knownItems() {
      const rng = env.random('known items');
      return [...memories.values()].flatMap((m) => m.knownItems(rng, spec.knownItems));
    },
    peerRestarted: (peer, inc) => node.peerRestarted(peer, incarnation(inc)),
    abandon: (peer, reason) => node.abandon(peer, reason),
    close: () => node.close(),
  };
}

/** Holds what came back from crash memory against what it had acknowledged: number by number, and by fingerprint. */
function missingMemories(spec: NodeSpec, memories: ReadonlyMap<AgentId, AgentMemory>): [AgentId, number][] {
  return spec.acked.flatMap(([agent, seq, fingerprint]): [AgentId, number][] => {
    const memory = memories.get(agent);
    if (!memory) return [];
    if (memory.size < seq) return [[agent, seq - memory.size]];
    return fingerprint === null || memory.fingerprint(seq) === fingerprint ? [] : [[agent, seq]];
  });
}

/** Recalls once before the first question does: code that has never run is slow, and so is its first caller. */
function warmUp(memory: AgentMemory, k: number): void {
  const text = (memory.get(memory.size)?.text ?? '').slice(0, 200);
  memory.recall(memory.localWeights(analyse(text)), k, { kind: 'archive', text });
}

/** Plants an agent's share of the corpus; returns how to get what crash memory has to take of it, with the note that it is in. */
async function plant(
  charge: AgentCharge,
  memory: AgentMemory,
  ports: HostPorts,
  spec: NodeSpec,
): Promise<() => JournalEntry[]> {
  const records: MemoryRecord[] = [];
  for (const slice of charge.slices) {
    const document = await ports.corpus.passages(slice);
    const { terms } = document;
    for (const [i, draft] of draftsOf(document, ports.env.now(), slice.fromPassage).entries()) {
      const r = memory.remember(draft, terms && unpackTerms(terms, i));
      if (!r.ok) throw new Error(`${charge.id}: ${r.error.message}`);
      records.push(r.value);
    }
  }
  return () => [
    ...records.map((record) => agentLogEntry(charge.id, ['memory', record])),
    agentLogEntry(charge.id, ['planted', spec.corpus]),
  ];
}
