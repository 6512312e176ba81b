import type { ChannelPort } from '../bus/channel.ts';
import type { DeadReason } from '../bus/deadLetters.ts';
import { createEndpoint } from '../bus/endpoint.ts';
import type { Endpoint } from '../bus/endpointTypes.ts';
import { createHlc, observe, tick } from '../bus/hlc.ts';
import type { Level, Message } from '../bus/wire.ts';
import { assert } from '../kernel/assert.ts';
import type { Env } from '../kernel/env.ts';
import type { NodeId } from '../kernel/ids.ts';
import type { JournalEntry, JournalPort } from '../memory/journal.ts';
import { busReportOf } from './busReport.ts';
import { createDealer } from './dealing.ts';
import { LinkRoom } from './linkRoom.ts';
import { createNodeBooks, noCounts } from './nodeBooks.ts';
import {
  letterOf,
  linkMemoryOf,
  nextNumber,
  receivedFrom,
  sentTo,
  undealtCount,
  undealtOf,
  type NodeEntry,
  type NodeState,
} from './nodeLog.ts';
import type { Node, NodeConfig, Resident } from './nodeTypes.ts';
import { OwnMail } from './ownMail.ts';
import type { NodeCounters } from './busReport.ts';
import { DEAD_REPLY, Requests } from './requests.ts';
import { isTopic } from './topicAddress.ts';
import { Topics } from './topics.ts';
import { createTurn, stamped, type Draft, type TurnHost } from './turn.ts';

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
  const byAddress = new Map<string, Resident>(residents.map((r) => [r.id, r]));
  const traffic = new Map<NodeId, number>();
  /** Peers that were given up, and why: what is sent to them goes to the dead letters at once. */
  const abandoned = new Map<NodeId, string>();
  const hlc = createHlc(state.hlc);
  const requests = new Requests(env, self, config.inc);
  const counters: NodeCounters = {
    ...noCounts(),
    get full() {
      return room.refused;
    },
    get memoriesAcked() {
      return books.memoriesAcked;
    },
  };
  /** Of level `memory`: handed on and not dealt with. */
  let memoryInHand = 0;
  const ownMail = new OwnMail(env, hlc, (message) => handOnInMemory(self, message));
  /** Numbers below this are committed as sent to this node itself. */
  let ownCommitted = nextNumber(state, self);
  let ownQueued = false;
  let toldFull = false;
  let closed = false;

  const books = createNodeBooks(env, journal, config, state, residents, (error) => {
    close();
    config.onFailure(error);
  });

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
      else for (const message of messages) handOnInMemory(from, message);
    },
    onSettled(to, below, level) {
      room.opened(to);
      if (level === 'durable') books.settled(to, below);
    },
    onHello(_from, messages) {
      counters.redelivered += messages;
    },
  });

  const room = new LinkRoom(env, {
    self,
    bus,
    state,
    nodeOf,
    isAbandoned: (node) => abandoned.has(node),
    settledBy: (node) => books.settledBy(node),
    memoryRoom: (node) =>
      node === self ? bus.windowMessages - ownMail.inHand : endpoint.room(node, 'memory'),
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
    books.append(entries, [], () => {
      if (from === self) settleOwn(first + messages.length);
      else endpoint.settle(from, first + messages.length);
    });
    messages.forEach((message, i) => {
      const refusal = dead[i];
      if (refusal) {
        bury(message, 'durable', ...refusal);
        dealtWith(from, 'durable');
      } else dealer.handOn(from, first + i, message, 'durable', 0);
    });
  }

  /** What is late or for nobody becomes a dead letter when it is handed on. The node's own clock stamped its own mail. */
  function handOnInMemory(from: NodeId, message: Message): void {
    if (from !== self) stamp(message);
    counters.memoryReceived++;
    memoryInHand++;
    dealer.handOn(from, 0, message, 'memory', 0);
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
    else if (room.has(reply.to)) commitAndSend([reply], [], [], () => undefined);
  }

  /** One message less in hand: its room opens. */
  function dealtWith(from: NodeId, level: Level): void {
    if (level === 'memory') {
      memoryInHand--;
      if (from === self) ownMail.inHand--;
    }
    if (from !== self) endpoint.deal(from, 1, level);
    else if (level === 'memory') room.opened(self);
    else if (!ownQueued) {
      // Not at once: what came before in the same batch is handed on first.
      ownQueued = true;
      env.defer(takeOwn);
    }
  }

  function settleOwn(below: number): void {
    books.append([['trim', self, below]], [], () => undefined);
    room.opened(self);
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

  /** Sends at level `memory`; false when the link is full. */
  function sendNow(draft: Draft): boolean {
    if (closed) return false;
    const to = nodeOf(draft.to);
    if (to === self) {
      if (ownMail.inHand >= bus.windowMessages && !room.take(draft.to, 'memory')) return false;
      counters.memorySent++;
      ownMail.send(draft);
      return true;
    }
    const message = stamped(draft, tick(hlc, env.now()));
    const reason = to === undefined ? 'nobody is called so' : abandoned.get(to);
    if (to === undefined || reason !== undefined) {
      const why: DeadReason = to === undefined ? 'no such address' : 'given up';
      counters.deadLettered++;
      state.dead.add(letterOf(message, why, reason ?? ''));
      if (message.request !== undefined) failRequest(message.request, why, reason ?? '');
      return true;
    }
    if (!room.take(draft.to, 'memory')) return false;
    counters.memorySent++;
    traffic.set(to, (traffic.get(to) ?? 0) + 1);
    endpoint.send(to, message, 'memory');
    return true;
  }

  const failRequest = (name: string, reason: DeadReason, detail: string): void =>
    env.defer(() => requests.fail(name, { reason, detail }));

  const host: TurnHost = {
    tellChanged(sources) {
      if (sources.length > 0) config.onChanged?.(sources);
    },
    env,
    requests,
    nodeOf,
    room,
    sendNow,
    commitAndSend,
    books,
    noteFull(message) {
      if (!toldFull) config.onPoison(message);
      toldFull = true;
    },
    // A getter would make engines look its other members up by hash.
    isClosed: () => closed,
  };

  const dealer = createDealer({
    env,
    config,
    byAddress,
    counters,
    host,
    topics: new Topics(state),
    append: (...entries) => books.append(...entries),
    bury,
    dealtWith,
    note: (letter) => state.dead.add(letter),
  });

  /** Numbers messages in the order of the log, commits, and only then lets them travel. */
  function commitAndSend(
    drafts: readonly Draft[],
    entries: readonly NodeEntry[],
    more: readonly JournalEntry[],
    done: () => void,
  ): void {
    const all: NodeEntry[] = [...books.takeTrims(), ...entries];
    const out: { to: NodeId; seq: number; message: Message }[] = [];
    const numbers = new Map<NodeId, number>();
    for (const draft of drafts) {
      const message = stamped(draft, tick(hlc, env.now()));
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
    books.append(all, more, () => {
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
  const undealt = undealtOf(state);
  // Fixed now: what is sent from here on finds its own way to this node.
  const ownNext = receivedFrom(state, self).next;
  const ownBase = state.sent.get(self)?.base ?? ownNext;
  env.defer(() => {
    if (closed) return;
    counters.redelivered += undealt.length;
    for (const { from, seq, message, failures } of undealt)
      dealer.handOn(from, seq, message, 'durable', failures);
    if (ownNext > ownBase) settleOwn(ownNext);
    takeOwn();
  });

  function close(): void {
    closed = true;
    ownMail.close();
    books.close();
    endpoint.close();
  }

  return {
    counters,
    bus: endpoint.stats,
    deadLetters: state.dead,
    get inbox() {
      return memoryInHand + undealtCount(state);
    },
    get unsettled() {
      return endpoint.unsettled() + Math.max(0, nextNumber(state, self) - receivedFrom(state, self).next);
    },
    ackedSeq: books.ackedSeq,
    report() {
      const { inbox, unsettled, bus } = this;
      return busReportOf({ counters, inbox, unsettled, bus, state, requests, hlc }, env.now());
    },
    send(from, to, kind, body, { level = 'durable', deadlineAtMs } = {}) {
      const own = { from, to, kind, body };
      const draft: Draft = deadlineAtMs === undefined ? own : { ...own, deadlineAtMs };
      if (level === 'memory') return sendNow(draft);
      if (!room.take(to, 'durable')) return false;
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
      books.append(books.takeTrims(), [], () => undefined);
      requests.abandon(peer, { reason: 'given up', detail: reason });
      const link = sentTo(state, peer);
      const inMemory = waiting.length - Math.min(waiting.length, link.pending.length);
      for (const message of waiting.slice(0, inMemory)) state.dead.add(letterOf(message, 'given up', reason));
      counters.deadLettered += inMemory + link.pending.length;
      room.opened(peer);
      if (link.pending.length > 0)
        books.append([['abandon', peer, link.base, link.pending.length, reason]], [], () => undefined);
    },
    close,
  };
}
