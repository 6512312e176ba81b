import type { ChannelPort } from '../bus/channel.ts';
import { createEndpoint } from '../bus/endpoint.ts';
import type { Endpoint, EndpointStats } from '../bus/endpointTypes.ts';
import type { BusOptions } from '../bus/options.ts';
import type { Message } from '../bus/wire.ts';
import { assert } from '../kernel/assert.ts';
import type { Env } from '../kernel/env.ts';
import { type AgentId, type Incarnation, type NodeId } from '../kernel/ids.ts';
import type { JournalEntry, JournalError, JournalPort } from '../memory/journal.ts';
import type { AgentMemory } from '../memory/agentMemoryTypes.ts';
import { agentLogEntry } from './agentLog.ts';
import { createAgentLogs, type AgentLogStart } from './agentLogs.ts';
import { carryOutWishes, isIdle, noWishes } from '../memory/memoryTurn.ts';
import type { Behaviour, Turn } from './behaviour.ts';
import {
  applyEntry,
  checkpointOf,
  linkMemoryOf,
  nextNumber,
  nodeOwner,
  receivedFrom,
  sentTo,
  type NodeEntry,
  type NodeState,
} from './nodeLog.ts';

/** Entries in a node's log before it is replaced by a checkpoint. */
const CHECKPOINT_ENTRIES = 2_000;
/**
 * What was planted is committed this long after the start, give or take: all nodes start together, so each waits until
 * the rush is over and then takes a moment of its own.
 */
const SAVE_AFTER_MS = 3_000;
const SAVE_SPREAD_MS = 5_000;
/** How long a note that messages were settled may wait for an append to ride on. */
const TRIM_DELAY_MS = 500;

/** One agent as its node holds it. */
export interface Resident {
  readonly id: AgentId | 'gate';
  readonly behaviour: Behaviour;
  /** Null for the gate, which remembers nothing. */
  readonly memory: AgentMemory | null;
  /** What was just planted and is not in crash memory yet: committed soon, and before anything else of this agent. */
  readonly unsaved?: () => readonly JournalEntry[];
  readonly log?: AgentLogStart;
}

export interface NodeConfig {
  readonly grove: string;
  readonly self: NodeId;
  readonly inc: Incarnation;
  readonly bus: BusOptions;
  /** The least time between two consolidations of an agent's memory; none when left out. */
  readonly consolidateMs?: number;
  /** Which node hosts an address; undefined when none does. */
  readonly nodeOf: (address: string) => NodeId | undefined;
  /** Crash memory said no: the node must end, and its supervisor decide. */
  readonly onFailure: (error: JournalError) => void;
  /** Dealing with a message threw, or a memory found no room. */
  readonly onPoison: (what: string) => void;
}

export interface NodeCounters {
  /** Messages accepted, and dealt with. */
  accepted: number;
  dealt: number;
  deadLettered: number;
  /** Messages whose handling threw. */
  poisoned: number;
  /** Memories that crash memory acknowledged in this incarnation. */
  memoriesAcked: number;
  /** Messages found undealt at the start, and waiting at peers when they said hello: delivered again. */
  redelivered: number;
}

/** A running host of agents. */
export interface Node {
  readonly counters: NodeCounters;
  readonly bus: EndpointStats;
  /** Messages accepted and not yet dealt with. */
  readonly inbox: number;
  readonly unsettled: number;
  /** Per agent: the highest memory number that crash memory acknowledged. */
  readonly ackedSeq: ReadonlyMap<AgentId, number>;
  /** Sends as an agent, outside of dealing with a message: the gate's way to put questions. */
  send(from: string, to: string, kind: string, body: unknown): void;
  /** Messages to each peer since the last call. */
  takeTraffic(): Map<NodeId, number>;
  peerRestarted(peer: NodeId, inc: Incarnation): void;
  /** Gives up a peer: what waits for it ends among the dead letters. */
  abandon(peer: NodeId, reason: string): void;
  close(): void;
}

/**
 * Brings a node up at delivery level `durable`: goes on where its log ends, deals again with what was accepted and not
 * dealt with, and from then on commits every message before it is sent or acknowledged.
 */
export function startNode(
  env: Env,
  channels: ChannelPort,
  journal: JournalPort,
  config: NodeConfig,
  state: NodeState,
  residents: readonly Resident[],
): Node {
  const { self } = config;
  const owner = nodeOwner(self);
  const byAddress = new Map<string, Resident>(residents.map((r) => [r.id, r]));
  const ackedSeq = new Map<AgentId, number>();
  const traffic = new Map<NodeId, number>();
  /** Peers that were given up, and why: what is sent to them goes to the dead letters at once. */
  const abandoned = new Map<NodeId, string>();
  const trims = new Map<NodeId, number>();
  const counters: NodeCounters = {
    accepted: 0,
    dealt: 0,
    deadLettered: 0,
    poisoned: 0,
    memoriesAcked: 0,
    redelivered: 0,
  };
  let entriesSinceCheckpoint = 0;
  let trimTimer = false;
  let toldFull = false;
  let closed = false;

  const agentLogs = createAgentLogs(env, journal, config.consolidateMs, residents, (e) => {
    if (!closed) fail(e);
  });
  const unsaved = new Map<Resident, () => readonly JournalEntry[]>();
  for (const r of residents) {
    if (!r.memory || r.id === 'gate') continue;
    if (r.unsaved) unsaved.set(r, r.unsaved);
    else ackedSeq.set(r.id, r.memory.size);
  }
  if (unsaved.size > 0)
    env.setTimer(SAVE_AFTER_MS + env.random('save').next() * SAVE_SPREAD_MS, () => {
      for (const r of [...unsaved.keys()]) save(r);
    });

  /** Commits what was planted. Until then it can be planted again, and nothing of it counts as acknowledged. */
  function save(resident: Resident): void {
    const entries = unsaved.get(resident);
    if (!entries || closed) return;
    unsaved.delete(resident);
    const seq = resident.memory!.size;
    const saved = entries();
    agentLogs.note(resident.id, saved.length);
    append([], saved, () => noteAcked(resident.id as AgentId, seq, seq));
  }

  function noteAcked(id: AgentId, seq: number, records: number): void {
    counters.memoriesAcked += records;
    ackedSeq.set(id, seq);
  }

  /** Folds and appends in one step, so that the order of the log is the order of what happened. */
  function append(entries: readonly NodeEntry[], more: readonly JournalEntry[], done: () => void): void {
    for (const entry of entries) applyEntry(state, entry);
    entriesSinceCheckpoint += entries.length;
    journal.append([...entries.map((e) => ({ owner, text: JSON.stringify(e) })), ...more], (r) => {
      if (closed) return;
      if (r.ok) done();
      else fail(r.error);
    });
    if (entriesSinceCheckpoint > CHECKPOINT_ENTRIES) {
      entriesSinceCheckpoint = 0;
      journal.checkpoint(owner, [JSON.stringify(checkpointOf(state))], (r) => {
        if (!r.ok && !closed) fail(r.error);
      });
    }
  }

  function fail(error: JournalError): void {
    close();
    config.onFailure(error);
  }

  function takeTrims(): NodeEntry[] {
    const entries = [...trims].map(([to, below]): NodeEntry => ['trim', to, below]);
    trims.clear();
    return entries;
  }

  const endpoint: Endpoint = createEndpoint(env, channels, {
    grove: config.grove,
    self,
    inc: config.inc,
    options: config.bus,
    durable: linkMemoryOf(state, self),
    onMessages: accepted,
    onSettled(to, below) {
      trims.set(to, below);
      if (trimTimer) return;
      trimTimer = true;
      env.setTimer(TRIM_DELAY_MS, () => {
        trimTimer = false;
        if (!closed && trims.size > 0) append(takeTrims(), [], () => undefined);
      });
    },
    onHello(_from, messages) {
      counters.redelivered += messages;
    },
  });

  /** Takes messages in: commits that they were accepted, and deals with each at once; what that brings about is committed later. */
  function accepted(from: NodeId, first: number, messages: readonly Message[]): void {
    const entries = messages.map((message, i): NodeEntry =>
      byAddress.has(message.to)
        ? ['in', from, first + i, message]
        : ['dead', from, first + i, `nobody here is called ${message.to}`],
    );
    counters.accepted += messages.length;
    append(entries, [], () => {
      if (from === self) settleOwn(first + messages.length);
      else endpoint.settle(from, first + messages.length);
    });
    messages.forEach((message, i) => {
      const resident = byAddress.get(message.to);
      if (resident) deal(resident, from, first + i, message);
      else {
        counters.deadLettered++;
        if (from !== self) endpoint.deal(from, 1);
      }
    });
  }

  function settleOwn(below: number): void {
    append([['trim', self, below]], [], () => undefined);
  }

  function deal(resident: Resident, from: NodeId, seq: number, message: Message): void {
    const turn = createTurn(resident);
    const end = (): void => {
      if (closed) return;
      counters.dealt++;
      turn.commit([['dealt', from, seq]]);
      if (from !== self) endpoint.deal(from, 1);
    };
    const poison = (e: unknown): void => {
      // The message was delivered; what it asked for failed, and would fail again after a restart.
      counters.poisoned++;
      config.onPoison(`${resident.id} could not deal with a ${message.kind}: ${String(e)}`);
      end();
    };
    try {
      const result = resident.behaviour.receive(message, turn);
      if (result) result.then(end, poison);
      else end();
    } catch (e) {
      poison(e);
    }
  }

  function createTurn(resident: Resident): Turn & { commit(entries: readonly NodeEntry[]): void } {
    let outs: Message[] = [];
    let wishes = noWishes();
    const commit = (entries: readonly NodeEntry[]): void => {
      if (closed) return;
      const messages = outs;
      const { memory, id } = resident;
      const wished = wishes;
      outs = [];
      wishes = noWishes();
      if (!memory || id === 'gate' || isIdle(wished))
        return commitAndSend(messages, entries, [], () => undefined);
      save(resident);
      const consolidates = agentLogs.mayConsolidate(id);
      const { log, records, refused } = carryOutWishes(memory, wished, env.now(), consolidates);
      if (refused !== null && !toldFull) {
        toldFull = true;
        config.onPoison(refused);
      }
      const more = log.map((entry) => agentLogEntry(id, entry));
      agentLogs.note(id, more.length);
      commitAndSend(messages, entries, more, () => {
        const last = records.at(-1);
        if (last) noteAcked(id, last.seq, records.length);
      });
      // What was forgotten is still in the log until then.
      agentLogs.checkpoint(resident, wished.forgotten.length > 0);
    };
    return {
      send: (to, kind, body) => void outs.push({ from: resident.id, to, kind, body }),
      remember: (draft) => void wishes.drafts.push({ draft, supersedes: 0 }),
      supersede: (seq, draft) => void wishes.drafts.push({ draft, supersedes: seq }),
      forget: (seqs) => void wishes.forgotten.push(...seqs),
      recalled: (seqs) => void wishes.recalled.push(...seqs),
      commitNow: () => commit([]),
      commit,
    };
  }

  /** Numbers messages in the order of the log, commits, and only then lets them travel. */
  function commitAndSend(
    messages: readonly Message[],
    entries: readonly NodeEntry[],
    more: readonly JournalEntry[],
    done: () => void,
  ): void {
    const all: NodeEntry[] = [...takeTrims(), ...entries];
    const out: { to: NodeId; seq: number; message: Message }[] = [];
    const numbers = new Map<NodeId, number>();
    for (const message of messages) {
      const to = config.nodeOf(message.to);
      if (to === undefined) {
        counters.deadLettered++;
        continue;
      }
      const seq = numbers.get(to) ?? nextNumber(state, to);
      numbers.set(to, seq + 1);
      all.push(['out', to, seq, message]);
      const reason = abandoned.get(to);
      if (reason === undefined) out.push({ to, seq, message });
      else {
        all.push(['abandon', to, seq, 1, reason]);
        counters.deadLettered++;
      }
    }
    if (all.length === 0 && more.length === 0) return;
    append(all, more, () => {
      done();
      for (const { to, seq, message } of out) {
        if (abandoned.has(to)) continue;
        traffic.set(to, (traffic.get(to) ?? 0) + 1);
        if (to === self) accepted(self, seq, [message]);
        else assert(endpoint.send(to, message) === seq, `link ${self}>${to}: number ${seq} is not the next`);
      }
    });
  }

  // Residents start in the turn after this one, with everything in place.
  const undealt = [...state.received].flatMap(([from, link]) =>
    [...link.undealt].map(([seq, message]) => ({ from, seq, message })),
  );
  // Fixed now: what is sent from here on finds its own way to this node.
  const ownNext = receivedFrom(state, self).next;
  const own = state.sent.get(self);
  const ownBase = own?.base ?? ownNext;
  const ownUnaccepted = own?.pending.slice(Math.max(0, ownNext - ownBase)) ?? [];
  env.defer(() => {
    if (closed) return;
    counters.redelivered += undealt.length;
    for (const { from, seq, message } of undealt) {
      const resident = byAddress.get(message.to);
      if (resident) deal(resident, from, seq, message);
    }
    if (ownNext > ownBase) settleOwn(ownNext);
    if (ownUnaccepted.length > 0) accepted(self, ownNext, ownUnaccepted);
  });

  function close(): void {
    closed = true;
    endpoint.close();
  }

  return {
    counters,
    bus: endpoint.stats,
    get inbox() {
      let n = 0;
      for (const link of state.received.values()) n += link.undealt.size;
      return n;
    },
    get unsettled() {
      return endpoint.unsettled();
    },
    ackedSeq,
    send(from, to, kind, body) {
      commitAndSend([{ from, to, kind, body }], [], [], () => undefined);
    },
    takeTraffic() {
      const taken = new Map(traffic);
      traffic.clear();
      return taken;
    },
    peerRestarted: (peer, inc) => endpoint.peerRestarted(peer, inc),
    abandon(peer, reason) {
      if (abandoned.has(peer)) return;
      abandoned.set(peer, reason);
      endpoint.abandon(peer);
      append(takeTrims(), [], () => undefined);
      const link = sentTo(state, peer);
      if (link.pending.length === 0) return;
      counters.deadLettered += link.pending.length;
      append([['abandon', peer, link.base, link.pending.length, reason]], [], () => undefined);
    },
    close,
  };
}
