import type { ChannelPort } from '../bus/channel.ts';
import { createEndpoint } from '../bus/endpoint.ts';
import type { Endpoint } from '../bus/endpointTypes.ts';
import type { DeadReason } from '../bus/deadLetters.ts';
import { createHlc, observe, tick } from '../bus/hlc.ts';
import type { Level, Message } from '../bus/wire.ts';
import { assert } from '../kernel/assert.ts';
import type { Env } from '../kernel/env.ts';
import type { AgentId, NodeId } from '../kernel/ids.ts';
import type { JournalEntry, JournalError, JournalPort } from '../memory/journal.ts';
import { createAgentLogs } from './agentLogs.ts';
import {
  applyEntry,
  checkpointOf,
  letterOf,
  linkMemoryOf,
  nextNumber,
  nodeOwner,
  receivedFrom,
  sentTo,
  type NodeEntry,
  type NodeState,
} from './nodeLog.ts';
import type { Node, NodeConfig, NodeCounters, Resident } from './nodeTypes.ts';
import { CANCEL, DEAD_REPLY, Requests } from './requests.ts';
import { isTopic, topicOf, Topics } from './topics.ts';
import { createTurn, type Draft, type OpenTurn, type TurnHost } from './turn.ts';

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

/**
 * Brings a node up at delivery level `durable`: goes on where its log ends, deals again with what was accepted and not
 * dealt with, and from then on commits every message before it is sent or acknowledged. Messages of level `memory` travel
 * beside them, uncommitted.
 */
export function startNode(
  env: Env,
  channels: ChannelPort,
  journal: JournalPort,
  config: NodeConfig,
  state: NodeState,
  residents: readonly Resident[],
): Node {
  const { self, bus } = config;
  const owner = nodeOwner(self);
  const byAddress = new Map<string, Resident>(residents.map((r) => [r.id, r]));
  const ackedSeq = new Map<AgentId, number>();
  const traffic = new Map<NodeId, number>();
  /** Peers that were given up, and why: what is sent to them goes to the dead letters at once. */
  const abandoned = new Map<NodeId, string>();
  const trims = new Map<NodeId, number>();
  const hlc = createHlc(state.hlc);
  const requests = new Requests(env, self, config.inc);
  const topics = new Topics(state);
  /** Room that open turns have taken on each link and not used yet. */
  const reserved = new Map<NodeId, number>();
  const waitingForRoom = new Map<NodeId, { readonly level: Level; readonly resume: () => void }[]>();
  /** Requests that are dealt with now, by name. */
  const dealing = new Map<string, OpenTurn>();
  const counters: NodeCounters = {
    accepted: 0,
    dealt: 0,
    deadLettered: 0,
    failures: 0,
    poisoned: 0,
    expired: 0,
    full: 0,
    staleReplies: 0,
    memorySent: 0,
    memoryReceived: 0,
    clockRefused: 0,
    memoriesAcked: 0,
    redelivered: 0,
  };
  /** Of level `memory`: handed on and not dealt with; those of them that came from this node itself. */
  let memoryInHand = 0;
  let ownMemoryInHand = 0;
  /** Numbers below this are committed as sent to this node itself. */
  let ownCommitted = nextNumber(state, self);
  let ownQueued = false;
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

  const nodeOf = (address: string): NodeId | undefined => config.nodeOf(address);
  const isHere = (address: string): boolean =>
    byAddress.has(address) || (isTopic(address) && nodeOf(address) === self);

  const endpoint: Endpoint = createEndpoint(env, channels, {
    grove: config.grove,
    self,
    inc: config.inc,
    options: bus,
    ...(config.link && { link: config.link }),
    durable: linkMemoryOf(state, self),
    onMessages(from, first, messages, level) {
      if (level === 'durable') accepted(from, first, messages);
      else for (const message of messages) receivedInMemory(from, message);
    },
    onSettled(to, below, level) {
      roomIn(to);
      if (level === 'memory') return;
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

  /** Stamps the receipt of a message. */
  function stamp(message: Message): number {
    const at = observe(hlc, message.hlc, env.now(), bus.clockDriftMs);
    counters.clockRefused = hlc.refused;
    return at;
  }

  const isExpired = ({ deadlineAtMs }: Message): boolean =>
    deadlineAtMs !== undefined && env.now() > deadlineAtMs;

  /** Why a message that just came will not be dealt with, or null. */
  function refusalOf(message: Message): readonly [DeadReason, string] | null {
    if (isExpired(message)) return ['deadline', 'it came after its deadline'];
    if (message.reply === undefined && !isHere(message.to))
      return ['no such address', `nobody here is called ${message.to}`];
    return null;
  }

  /** Takes messages in: commits that they were accepted, and deals with each at once; what that brings about is committed later. */
  function accepted(from: NodeId, first: number, messages: readonly Message[]): void {
    const entries: NodeEntry[] = [];
    const dead: (readonly [DeadReason, string] | null)[] = [];
    messages.forEach((message, i) => {
      const refusal = refusalOf(message);
      const at = stamp(message);
      dead.push(refusal);
      entries.push(
        refusal
          ? ['dead', from, first + i, letterOf(message, ...refusal)]
          : ['in', from, first + i, message, at],
      );
    });
    counters.accepted += messages.length;
    append(entries, [], () => {
      if (from === self) settleOwn(first + messages.length);
      else endpoint.settle(from, first + messages.length);
    });
    messages.forEach((message, i) => {
      const refusal = dead[i];
      if (refusal) {
        bury(message, 'durable', ...refusal);
        dealtWith(from, 'durable');
      } else handOn(from, first + i, message, 'durable', 0);
    });
  }

  function receivedInMemory(from: NodeId, message: Message): void {
    stamp(message);
    counters.memoryReceived++;
    memoryInHand++;
    if (from === self) ownMemoryInHand++;
    const refusal = refusalOf(message);
    if (refusal) {
      state.dead.add(letterOf(message, ...refusal));
      bury(message, 'memory', ...refusal);
      dealtWith(from, 'memory');
    } else handOn(from, 0, message, 'memory', 0);
  }

  /** Counts a dead letter, and tells whoever asked. */
  function bury(message: Message, level: Level, reason: DeadReason, detail: string): void {
    counters.deadLettered++;
    if (reason === 'deadline') counters.expired++;
    if (message.request === undefined || reason === 'deadline') return;
    const reply: Draft = {
      from: message.to,
      to: message.from,
      kind: DEAD_REPLY,
      body: { reason, detail },
      reply: message.request,
    };
    // With no room for it whoever asked is left to its timeout.
    if (level === 'memory') sendNow(reply);
    else if (hasRoom(reply.to)) commitAndSend([reply], [], [], () => undefined);
  }

  /** One message less in hand: its room opens. */
  function dealtWith(from: NodeId, level: Level): void {
    if (level === 'memory') {
      memoryInHand--;
      if (from === self) ownMemoryInHand--;
    }
    if (from !== self) endpoint.deal(from, 1, level);
    else if (level === 'memory') roomIn(self);
    else if (!ownQueued) {
      // Not at once: what came before in the same batch is handed on first.
      ownQueued = true;
      env.defer(takeOwn);
    }
  }

  function settleOwn(below: number): void {
    append([['trim', self, below]], [], () => undefined);
    roomIn(self);
  }

  /** What this node sent itself is accepted as there is room, as from any other. */
  function takeOwn(): void {
    ownQueued = false;
    if (closed) return;
    const { next, undealt } = receivedFrom(state, self);
    const { base, pending } = sentTo(state, self);
    const n = Math.min(ownCommitted - next, bus.windowMessages - undealt.size);
    if (n > 0) accepted(self, next, pending.slice(next - base, next - base + n));
  }

  /** Gives a message to whom it is for. */
  function handOn(from: NodeId, seq: number, message: Message, level: Level, failures: number): void {
    if (closed) return;
    if (message.reply !== undefined || message.kind === CANCEL) {
      if (message.reply !== undefined) {
        if (!requests.hear(message)) counters.staleReplies++;
      } else dealing.get((message.body as { readonly request?: string } | null)?.request ?? '')?.cancelled();
      finish(from, seq, level, []);
      return;
    }
    if (isExpired(message))
      return giveUp(from, seq, message, level, 'deadline', 'it was not dealt with by its deadline');
    const resident = byAddress.get(message.to);
    if (resident) deal(resident, from, seq, message, level, failures);
    else if (isTopic(message.to)) publish(from, seq, message, level);
    else giveUp(from, seq, message, level, 'no such address', `nobody here is called ${message.to}`);
  }

  /** Ends a message without a turn: notes that it was dealt with. */
  function finish(from: NodeId, seq: number, level: Level, entries: readonly NodeEntry[]): void {
    counters.dealt++;
    const all: NodeEntry[] = level === 'durable' ? [['dealt', from, seq], ...entries] : [...entries];
    if (all.length > 0) append(all, [], () => undefined);
    dealtWith(from, level);
  }

  /** Ends a message among the dead letters, after it was accepted. */
  function giveUp(
    from: NodeId,
    seq: number,
    message: Message,
    level: Level,
    reason: DeadReason,
    detail: string,
  ): void {
    const letter = letterOf(message, reason, detail);
    if (level === 'durable') append([['poison', from, seq, letter]], [], () => undefined);
    else state.dead.add(letter);
    bury(message, level, reason, detail);
    dealtWith(from, level);
  }

  /** A publication reached its topic's home: it goes on to all who hear it, each on the link to its node. */
  function publish(from: NodeId, seq: number, message: Message, level: Level): void {
    const changes = topics.change(message, level);
    if (changes) return finish(from, seq, level, changes);
    const topic = topicOf(message.to);
    const { from: publisher, kind, body, deadlineAtMs } = message;
    const copies = topics.audience(topic, level).map(([to, at]) => ({
      at,
      draft: { from: publisher, to, kind, body, topic, ...(deadlineAtMs !== undefined && { deadlineAtMs }) },
    }));
    const passing = copies.filter(({ at }) => at === 'memory');
    const durable = copies.filter(({ at }) => at === 'durable').map(({ draft }) => draft);
    let ready = 0;
    // As any slow turn: while one of its hearers has no room, the publication stays in hand, and slows its publisher.
    const go = (): void => {
      if (closed) return;
      for (let next = passing[0]; next; next = passing[0]) {
        if (!sendNow(next.draft)) return whenRoom(next.draft.to, 'memory', go);
        passing.shift();
      }
      for (; ready < durable.length; ready++) {
        const { to } = durable[ready]!;
        if (!host.reserve(to)) return whenRoom(to, 'durable', go);
      }
      host.release(durable);
      counters.dealt++;
      commitAndSend(durable, level === 'durable' ? [['dealt', from, seq]] : [], [], () => undefined);
      dealtWith(from, level);
    };
    go();
  }

  function deal(
    resident: Resident,
    from: NodeId,
    seq: number,
    message: Message,
    level: Level,
    failures: number,
  ): void {
    const turn = createTurn(host, resident, message, level);
    const name = message.request;
    if (name !== undefined) dealing.set(name, turn);
    const end = (): void => {
      if (closed) return;
      if (name !== undefined) dealing.delete(name);
      counters.dealt++;
      turn.commit(level === 'durable' ? [['dealt', from, seq]] : []);
      dealtWith(from, level);
    };
    const failed = (e: unknown): void => {
      if (closed) return;
      turn.discard();
      if (name !== undefined) dealing.delete(name);
      counters.failures++;
      const detail = `${resident.id} could not deal with a ${message.kind}: ${String(e)}`;
      if (failures + 1 >= bus.poisonAfter) {
        counters.poisoned++;
        config.onPoison(detail);
        giveUp(from, seq, message, level, 'poison', detail);
        return;
      }
      // The count is committed, so that a message cannot poison one incarnation after the other.
      if (level === 'durable') append([['failed', from, seq, String(e)]], [], () => undefined);
      env.setTimer(bus.retryMs * 2 ** Math.min(failures, 10), () =>
        handOn(from, seq, message, level, failures + 1),
      );
    };
    try {
      const result = resident.behaviour.receive(message, turn);
      if (result) result.then(end, failed);
      else end();
    } catch (e) {
      failed(e);
    }
  }

  /** Room for durable messages to a node: committed and gathered ones count until they are settled. */
  function roomTo(to: NodeId): number {
    const settled = to === self ? receivedFrom(state, self).next : (trims.get(to) ?? 0);
    const taken = nextNumber(state, to) - Math.max(sentTo(state, to).base, settled);
    return bus.windowMessages + bus.queueMessages - taken - (reserved.get(to) ?? 0);
  }

  const memoryRoomTo = (to: NodeId): number =>
    to === self ? bus.windowMessages - ownMemoryInHand : endpoint.room(to, 'memory');

  /** Whoever has no node, or one that was given up, takes everything: it ends among the dead letters. */
  function hasRoom(address: string, level: Level = 'durable'): boolean {
    const to = nodeOf(address);
    if (to === undefined || abandoned.has(to)) return true;
    return (level === 'durable' ? roomTo(to) : memoryRoomTo(to)) > 0;
  }

  function whenRoom(address: string, level: Level, resume: () => void): void {
    const to = nodeOf(address);
    if (to === undefined || hasRoom(address, level)) return env.defer(resume);
    const list = waitingForRoom.get(to);
    if (list) list.push({ level, resume });
    else waitingForRoom.set(to, [{ level, resume }]);
  }

  /** A link has room again: those who wait for it try, in their order; whoever finds it full waits on. */
  function roomIn(to: NodeId): void {
    const list = waitingForRoom.get(to);
    if (!list) return;
    waitingForRoom.delete(to);
    for (const { resume } of list) env.defer(resume);
  }

  /** Sends at level `memory`; false when the link is full. */
  function sendNow(draft: Draft): boolean {
    if (closed) return false;
    const to = nodeOf(draft.to);
    const message: Message = { ...draft, hlc: tick(hlc, env.now()) };
    const reason = to === undefined ? 'nobody is called so' : abandoned.get(to);
    if (to === undefined || reason !== undefined) {
      const why: DeadReason = to === undefined ? 'no such address' : 'given up';
      counters.deadLettered++;
      state.dead.add(letterOf(message, why, reason ?? ''));
      if (message.request !== undefined) failRequest(message.request, why, reason ?? '');
      return true;
    }
    if (memoryRoomTo(to) <= 0) {
      counters.full++;
      return false;
    }
    counters.memorySent++;
    if (to === self) env.defer(() => !closed && receivedInMemory(self, message));
    else {
      traffic.set(to, (traffic.get(to) ?? 0) + 1);
      endpoint.send(to, message, 'memory');
    }
    return true;
  }

  const failRequest = (name: string, reason: DeadReason, detail: string): void =>
    env.defer(() => requests.fail(name, { reason, detail }));

  const host: TurnHost = {
    env,
    requests,
    nodeOf,
    reserve(address) {
      if (!hasRoom(address)) {
        counters.full++;
        return false;
      }
      const to = nodeOf(address);
      if (to !== undefined) reserved.set(to, (reserved.get(to) ?? 0) + 1);
      return true;
    },
    release(drafts) {
      for (const { to: address } of drafts) {
        const to = nodeOf(address);
        if (to === undefined) continue;
        reserved.set(to, Math.max(0, (reserved.get(to) ?? 0) - 1));
        roomIn(to);
      }
    },
    sendNow,
    whenRoom,
    commitAndSend,
    save,
    agentLogs,
    noteAcked,
    noteFull(message) {
      if (!toldFull) config.onPoison(message);
      toldFull = true;
    },
    get closed() {
      return closed;
    },
  };

  /** Numbers messages in the order of the log, commits, and only then lets them travel. */
  function commitAndSend(
    drafts: readonly Draft[],
    entries: readonly NodeEntry[],
    more: readonly JournalEntry[],
    done: () => void,
  ): void {
    const all: NodeEntry[] = [...takeTrims(), ...entries];
    const out: { to: NodeId; seq: number; message: Message }[] = [];
    const numbers = new Map<NodeId, number>();
    for (const draft of drafts) {
      const message: Message = { ...draft, hlc: tick(hlc, env.now()) };
      const to = nodeOf(message.to);
      if (to === undefined) {
        counters.deadLettered++;
        all.push(['letter', letterOf(message, 'no such address', `nobody is called ${message.to}`)]);
        if (message.request !== undefined)
          failRequest(message.request, 'no such address', `nobody is called ${message.to}`);
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
        if (message.request !== undefined) failRequest(message.request, 'given up', reason);
      }
    }
    if (all.length === 0 && more.length === 0) return;
    append(all, more, () => {
      done();
      let own = false;
      for (const { to, seq, message } of out) {
        if (abandoned.has(to)) continue;
        traffic.set(to, (traffic.get(to) ?? 0) + 1);
        if (to === self) {
          ownCommitted = seq + 1;
          own = true;
        } else
          assert(
            endpoint.send(to, message, 'durable') === seq,
            `link ${self}>${to}: number ${seq} is not the next`,
          );
      }
      if (own) takeOwn();
    });
  }

  // Residents start in the turn after this one, with everything in place.
  const undealt = [...state.received].flatMap(([from, link]) =>
    [...link.undealt].map(([seq, { message, failures }]) => ({ from, seq, message, failures })),
  );
  // Fixed now: what is sent from here on finds its own way to this node.
  const ownNext = receivedFrom(state, self).next;
  const ownBase = state.sent.get(self)?.base ?? ownNext;
  env.defer(() => {
    if (closed) return;
    counters.redelivered += undealt.length;
    for (const { from, seq, message, failures } of undealt) handOn(from, seq, message, 'durable', failures);
    if (ownNext > ownBase) settleOwn(ownNext);
    takeOwn();
  });

  function close(): void {
    closed = true;
    endpoint.close();
  }

  return {
    counters,
    bus: endpoint.stats,
    deadLetters: {
      get count() {
        return state.dead.count;
      },
      list: () => state.dead.list(),
    },
    get inbox() {
      let n = memoryInHand;
      for (const link of state.received.values()) n += link.undealt.size;
      return n;
    },
    get unsettled() {
      return endpoint.unsettled() + Math.max(0, nextNumber(state, self) - receivedFrom(state, self).next);
    },
    ackedSeq,
    send(from, to, kind, body, { level = 'durable', deadlineAtMs } = {}) {
      const draft: Draft = { from, to, kind, body, ...(deadlineAtMs !== undefined && { deadlineAtMs }) };
      if (level === 'memory') return sendNow(draft);
      if (!hasRoom(to)) {
        counters.full++;
        return false;
      }
      commitAndSend([draft], [], [], () => undefined);
      return true;
    },
    turnOf(agent) {
      const resident = byAddress.get(agent);
      assert(resident, `node ${self} hosts no ${agent}`);
      return createTurn(host, resident, null, 'durable');
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
      const waiting = endpoint.abandon(peer);
      append(takeTrims(), [], () => undefined);
      requests.abandon(peer, { reason: 'given up', detail: reason });
      const link = sentTo(state, peer);
      const inMemory = waiting.length - Math.min(waiting.length, link.pending.length);
      for (const message of waiting.slice(0, inMemory)) state.dead.add(letterOf(message, 'given up', reason));
      counters.deadLettered += inMemory + link.pending.length;
      roomIn(peer);
      if (link.pending.length > 0)
        append([['abandon', peer, link.base, link.pending.length, reason]], [], () => undefined);
    },
    close,
  };
}
