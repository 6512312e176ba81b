import type { ChannelPort } from '../bus/channel.ts';
import type { Env } from '../kernel/env.ts';
import { incarnation, nodeId, type AgentId, type NodeId } from '../kernel/ids.ts';
import { createRng } from '../kernel/rng.ts';
import { createAgentMemory } from '../memory/agentMemory.ts';
import type { AgentMemory } from '../memory/agentMemoryTypes.ts';
import { draftsOf } from '../memory/documents.ts';
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
import { agentCheckpoint, agentLogEntry, replayAgentLog } from './agentLog.ts';
import { createArchivist } from './archivist.ts';
import { withErrands } from './errand.ts';
import type {
  AgentCharge,
  AgentInspection,
  CorpusPort,
  DirectoryPort,
  NodeReady,
  NodeSpec,
  NodeTelemetry,
} from './contract.ts';
import { hasHole } from './hole.ts';
import { startNode } from './node.ts';
import { agentOwner, checkpointOf, nodeOwner, replayNodeLog, undealtCount } from './nodeLog.ts';
import type { Node, Resident } from './nodeTypes.ts';
import { GATE_ADDRESS } from './protocol.ts';
import { createRingReporter } from './ringTelemetry.ts';
import { isTopic, topicHome } from './topicAddress.ts';

/** An answer is kept in the node itself for so long at most. */
const NODE_TTL_MS = 60_000;

/** A node of more agents has no time to warm up for each: it indexes what an agent holds when that is first asked. */
const WARM_AGENTS = 1_000;
/** Not before a node is up: whoever waits for it waits for its answers, not for the first one to be a fast one. */
const WARM_AFTER_MS = 2_000;
const WARM_SPREAD_MS = 4_000;

/** A prompt has room for its instruction, the question and one whole passage. */
const PROMPT_TOKENS_MIN = 400;
/** What a real model is given to read for a question: as much as small ones have room for. */
const REAL_PROMPT_TOKENS = 1_500;

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
  /** What happened since it was asked last; null when nothing did. */
  telemetry(): NodeTelemetry | null;
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

const checkpoint = (journal: JournalPort, owner: string, texts: readonly string[]): Promise<void> =>
  new Promise((resolve, reject) => {
    journal.checkpoint(owner, texts, (r) => (r.ok ? resolve() : reject(new Error(r.error.message))));
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
  const cameBack: AgentCharge[] = [];
  const logLengths = new Map<AgentId, number>();
  /** Logs with a hole are replaced by what could be had of them. */
  const mended: [owner: string, texts: string[]][] = [];
  spec.agents.forEach((charge, i) => {
    const memory = createAgentMemory(spec.options.memory);
    memories.set(charge.id, memory);
    logLengths.set(charge.id, (agentLogs[i] ?? []).length);
    const { planted, holed } = replayAgentLog(memory, agentLogs[i] ?? []);
    if (planted === spec.corpus) cameBack.push(charge);
    else unplanted.push(charge);
    if (!holed) return;
    ports.onWarning(
      `A damaged segment took a part of ${charge.id}'s log with it: ${memory.live} of ${memory.size} memories are there, and the agent goes on with them.`,
    );
    const texts = agentCheckpoint(memory, planted);
    logLengths.set(charge.id, texts.length);
    mended.push([agentOwner(charge.id), texts]);
  });
  const missing = missingMemories(spec, memories);
  const restored = [...memories.values()].reduce((sum, m) => sum + m.size, 0);
  for (const charge of cameBack) await knowWords(charge, memories.get(charge.id)!, ports);
  const unsaved = new Map<AgentId, () => JournalEntry[]>();
  for (const charge of unplanted)
    unsaved.set(charge.id, await plant(charge, memories.get(charge.id)!, ports, spec));
  if (spec.scar) {
    const scars = spec.agents.map((a) => agentLogEntry(a.id, ['scar', spec.ring]));
    for (const memory of memories.values()) memory.scar(spec.ring);
    await appendAll(journal, scars);
  }

  const rush = new Histogram();
  const rings = createRingReporter(memories.values());
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
      timeRush(ms: number, zones: ReadonlySet<string>) {
        rush.record(ms);
        rings.accessed(ms, zones);
      },
    };
    const planted = unsaved.get(id);
    return {
      id,
      memory,
      ...(planted && { unsaved: planted }),
      log: { entries: logLengths.get(id) ?? 0, planted: spec.corpus },
      behaviour: withErrands(
        createArchivist(context, {
          askOthers: spec.options.agents.askOthers,
          recallPassages: spec.options.memory.recallPassages,
          maxOutputTokens: spec.options.provider.maxOutputTokens,
          promptTokens(question) {
            const most = spec.options.memory.promptTokens;
            if (provider.source !== 'simulated') return most || REAL_PROMPT_TOKENS;
            const drawn = drawPromptTokens(createRng(`${spec.seed}/prompt/${question}`), profile);
            return Math.min(Math.max(PROMPT_TOKENS_MIN, drawn), most || Infinity);
          },
          // What one model said is not to pass for another's.
          cacheUnder: provider.source === 'simulated' ? '' : `${provider.baseUrl} ${provider.model}\n`,
          ring: spec.ring,
          date: spec.date,
        }),
        env,
        id,
        spec.allAgents,
      ),
    };
  });

  const placement = new Map<string, NodeId>(
    spec.placement.map((node, i) => [spec.allAgents[i]!, nodeId(node)]),
  );
  const nodes = Math.max(1, ...spec.placement);
  const state = replayNodeLog(nodeLog, spec.options.bus.deadLetters);
  if (hasHole(nodeLog)) {
    ports.onWarning(
      `A damaged segment took a part of node ${self}'s log with it: messages that were under way may be missing or come twice.`,
    );
    mended.push([nodeOwner(self), [JSON.stringify(checkpointOf(state))]]);
  }
  for (const [owner, texts] of mended) await checkpoint(journal, owner, texts);
  const undealt = undealtCount(state);
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
  const warmth = env.random('warm up');
  const stopWarming =
    memories.size > WARM_AGENTS
      ? []
      : [...memories.values()].map((memory) =>
          env.setTimer(WARM_AFTER_MS + warmth.next() * WARM_SPREAD_MS, () =>
            warmUp(memory, spec.options.memory.recallPassages),
          ),
        );
  const sizeOf = (): number => {
    let sum = 0;
    for (const memory of memories.values()) sum += memory.size;
    return sum;
  };
  const reported = new Map<AgentId, number>();
  let told = '';
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
      const report = node.report();
      const traffic = [...node.takeTraffic()];
      const did = rings.take();
      // A node at rest has nothing new to tell.
      const before = told;
      told = JSON.stringify([report, did.zones]);
      const rests =
        rush.count + traffic.length + acked.length + did.moves.length === 0 &&
        did.zones.every(({ hits }) => hits === 0);
      if (rests && told === before) return null;
      const telemetry = { ...report, memories: sizeOf(), traffic, rush: rush.toState(), rings: did, acked };
      rush.reset();
      return telemetry;
    },
    inspect(id) {
      const memory = memories.get(id);
      const charge = spec.agents.find((a) => a.id === id);
      if (!memory || !charge) return null;
      const seq = node.ackedSeq.get(id) ?? 0;
      return {
        id,
        acked: { seq, fingerprint: memory.fingerprint(seq) },
        charge: charge.charge,
        memories: memory.size,
        rings: memory.rings(),
        recent: memory.recent(8).map(({ text, ring, atMs }) => ({ text, ring, atMs })),
        moves: memory
          .recentMoves()
          .map(({ seq, from, to, atMs }) => ({ from, to, atMs, text: memory.get(seq)?.text ?? '' })),
      };
    },
    knownItems() {
      const rng = env.random('known items');
      const every = Math.max(1, Math.round(1 / spec.knownItems));
      return [...memories.values()].flatMap((m, i) =>
        i % every === 0 ? m.knownItems(rng, Math.ceil(spec.knownItems)) : [],
      );
    },
    peerRestarted: (peer, inc) => node.peerRestarted(peer, incarnation(inc)),
    abandon: (peer, reason) => node.abandon(peer, reason),
    close() {
      for (const stop of stopWarming) stop();
      node.close();
    },
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

/** Gets the words of what an agent was planted with; without them it reads its texts again. */
async function knowWords({ slices }: AgentCharge, memory: AgentMemory, { corpus }: HostPorts): Promise<void> {
  for (const slice of slices) {
    const document = await corpus.passages(slice).catch(() => null);
    if (!document?.tokens) return;
    memory.knowWords(document, slice.fromPassage);
  }
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
    const { tokens } = document;
    for (const [i, draft] of draftsOf(document, ports.env.now(), slice.fromPassage).entries()) {
      const r = memory.remember(draft, tokens && { document: tokens, passage: i });
      if (!r.ok) throw new Error(`${charge.id}: ${r.error.message}`);
      records.push(r.value);
    }
  }
  return () => [
    ...records.map((record) => agentLogEntry(charge.id, ['memory', record])),
    agentLogEntry(charge.id, ['planted', spec.corpus]),
  ];
}
