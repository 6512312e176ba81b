import { DeadLetters, type DeadLetter, type DeadLetterState } from '../bus/deadLetters.ts';
import type { LinkMemory } from '../bus/endpointTypes.ts';
import type { Hlc } from '../bus/hlc.ts';
import type { Message } from '../bus/wire.ts';
import { nodeId, type NodeId } from '../kernel/ids.ts';
import { holeIn, type HoleEntry } from './hole.ts';

/** Entries of a node's log in crash memory: what makes a message survive the death of either end. */
export type NodeEntry =
  /** Sent: `message` got number `seq` on the link to node `to`. It carries the sender's stamp. */
  | readonly ['out', to: number, seq: number, message: Message]
  /** Accepted: number `seq` of node `from`. Committed before it is acked, so it is accepted once. `hlc`: when, by the own clock. */
  | readonly ['in', from: number, seq: number, message: Message, hlc: Hlc]
  /** Dealt with: committed together with all that dealing with it brought about. */
  | readonly ['dealt', from: number, seq: number]
  /** Dealing with it failed once more; it is tried again. */
  | readonly ['failed', from: number, seq: number, detail: string]
  /** Accepted, and then given up: it ends among the dead letters. */
  | readonly ['poison', from: number, seq: number, letter: DeadLetter]
  /** Taken from its link and not accepted: it ends among the dead letters. */
  | readonly ['dead', from: number, seq: number, letter: DeadLetter]
  /** Never got a number: it ends among the dead letters of its sender. */
  | readonly ['letter', letter: DeadLetter]
  /** The peer settled everything below `below`. */
  | readonly ['trim', to: number, below: number]
  /** The peer was given up: numbers base to base + count - 1 end among the dead letters. */
  | readonly ['abandon', to: number, base: number, count: number, reason: string]
  /** An address hears a topic whose home is here, and no more. */
  | readonly ['subscribe', topic: string, address: string]
  | readonly ['unsubscribe', topic: string, address: string]
  | HoleEntry
  /** The whole state, in place of everything before. */
  | readonly ['state', StoredState];

interface StoredState {
  readonly sent: readonly (readonly [number, number, readonly Message[]])[];
  readonly received: readonly (readonly [number, number, readonly (readonly [number, Undealt])[]])[];
  readonly hlc: Hlc;
  readonly dead: DeadLetterState;
  readonly topics: readonly (readonly [string, readonly string[]])[];
  readonly firstNumber?: number;
}

/** A message that was accepted and not dealt with, and how often that failed. */
export interface Undealt {
  readonly message: Message;
  readonly failures: number;
}

interface Received {
  next: number;
  readonly undealt: Map<number, Undealt>;
}

/** What a node's log amounts to. */
export interface NodeState {
  readonly sent: Map<NodeId, { base: number; pending: Message[] }>;
  /** Per peer: the next number expected, and what was accepted but not dealt with. */
  readonly received: Map<NodeId, Received>;
  /** The highest stamp that was given. */
  hlc: Hlc;
  dead: DeadLetters;
  /** Per topic whose home is here: who hears it at level `durable`. */
  readonly topics: Map<string, Set<string>>;
  /** Where the numbers of a link begin that has none yet: 1, or beyond all that a lost log may have given. */
  firstNumber: number;
}

/** @param deadLetters how many are kept */
export const emptyState = (deadLetters = 100): NodeState => ({
  sent: new Map(),
  received: new Map(),
  hlc: 0,
  dead: new DeadLetters(deadLetters),
  topics: new Map(),
  firstNumber: 1,
});

/** What is kept of a message that ends among the dead letters. */
export const letterOf = (
  { from, to, kind, hlc }: Message,
  reason: DeadLetter['reason'],
  detail: string,
): DeadLetter => ({ reason, detail, from, to, kind, hlc });

export function sentTo(state: NodeState, to: NodeId): { base: number; pending: Message[] } {
  let link = state.sent.get(to);
  if (!link) state.sent.set(to, (link = { base: state.firstNumber, pending: [] }));
  return link;
}

export function receivedFrom(state: NodeState, from: NodeId): Received {
  let link = state.received.get(from);
  if (!link) state.received.set(from, (link = { next: 1, undealt: new Map() }));
  return link;
}

export function subscribersOf(state: NodeState, topic: string): Set<string> {
  let set = state.topics.get(topic);
  if (!set) state.topics.set(topic, (set = new Set()));
  return set;
}

/** Folds one entry into the state. */
export function applyEntry(state: NodeState, entry: NodeEntry): void {
  switch (entry[0]) {
    case 'out':
      sentTo(state, nodeId(entry[1])).pending.push(entry[3]);
      state.hlc = Math.max(state.hlc, entry[3].hlc);
      return;
    case 'in': {
      const link = receivedFrom(state, nodeId(entry[1]));
      link.next = entry[2] + 1;
      link.undealt.set(entry[2], { message: entry[3], failures: 0 });
      state.hlc = Math.max(state.hlc, entry[4]);
      return;
    }
    case 'failed': {
      const { undealt } = receivedFrom(state, nodeId(entry[1]));
      const found = undealt.get(entry[2]);
      if (found) undealt.set(entry[2], { ...found, failures: found.failures + 1 });
      return;
    }
    case 'dead':
      receivedFrom(state, nodeId(entry[1])).next = entry[2] + 1;
      state.dead.add(entry[3]);
      return;
    case 'poison':
      if (receivedFrom(state, nodeId(entry[1])).undealt.delete(entry[2])) state.dead.add(entry[3]);
      return;
    case 'letter':
      state.dead.add(entry[1]);
      return;
    case 'dealt':
      receivedFrom(state, nodeId(entry[1])).undealt.delete(entry[2]);
      return;
    case 'trim': {
      const link = sentTo(state, nodeId(entry[1]));
      const n = entry[2] - link.base;
      if (n > 0) {
        link.pending.splice(0, n);
        link.base += n;
      }
      return;
    }
    case 'abandon': {
      const link = sentTo(state, nodeId(entry[1]));
      for (const message of link.pending.splice(0, entry[3]))
        state.dead.add(letterOf(message, 'given up', entry[4]));
      link.base += entry[3];
      return;
    }
    case 'subscribe':
      subscribersOf(state, entry[1]).add(entry[2]);
      return;
    case 'unsubscribe':
      subscribersOf(state, entry[1]).delete(entry[2]);
      return;
    case 'hole':
      return;
    case 'state':
      applyStored(state, entry[1]);
  }
}

/**
 * The state of a node's log, for `startNode`. After a hole messages may be missing, and those under way get new numbers;
 * it is for the caller to replace such a log by a checkpoint.
 * @param deadLetters how many are kept
 */
export function replayNodeLog(texts: readonly string[], deadLetters?: number): NodeState {
  const state = emptyState(deadLetters);
  const hole = holeIn(texts);
  const links = hole ? new HoledLinks() : null;
  for (const text of texts) {
    const entry = JSON.parse(text) as NodeEntry;
    if (!links?.take(entry)) applyEntry(state, entry);
  }
  // Milliseconds outrun any count: no link carries a thousand messages a second for as long as there are epochs.
  if (hole) links!.into(state, nodeId(Number(hole.owner.slice('node/'.length))), Math.floor(hole.atMs));
  return state;
}

/**
 * The sending side of a node whose log has a hole: by number what is known to be under way, since no count of them can
 * be trusted any more.
 */
class HoledLinks {
  readonly #sent = new Map<NodeId, Map<number, Message>>();

  #link(to: NodeId): Map<number, Message> {
    let link = this.#sent.get(to);
    if (!link) this.#sent.set(to, (link = new Map<number, Message>()));
    return link;
  }

  /** Takes note of an entry; whether that was all there is to it. */
  take(entry: NodeEntry): boolean {
    switch (entry[0]) {
      case 'out':
        this.#link(nodeId(entry[1])).set(entry[2], entry[3]);
        return true;
      case 'trim':
        this.#drop(nodeId(entry[1]), entry[2]);
        return true;
      case 'abandon':
        this.#drop(nodeId(entry[1]), entry[2] + entry[3]);
        return true;
      case 'state':
        this.#sent.clear();
        for (const [to, base, pending] of entry[1].sent)
          pending.forEach((message, i) => this.#link(nodeId(to)).set(base + i, message));
        return false;
      default:
        return false;
    }
  }

  #drop(to: NodeId, below: number): void {
    const link = this.#link(to);
    for (const seq of link.keys()) if (seq < below) link.delete(seq);
  }

  /**
   * Puts what is under way into the state under numbers that were never given: receivers skip to them. A message that was
   * accepted and whose settling was lost comes twice.
   */
  into(state: NodeState, self: NodeId, firstNumber: number): void {
    state.firstNumber = firstNumber;
    const own = state.received.get(self);
    state.sent.clear();
    for (const [to, link] of this.#sent) {
      const isOwn = to === self;
      const pending = [...link]
        .filter(([seq]) => !isOwn || seq >= (own?.next ?? 1))
        .sort(([a], [b]) => a - b)
        .map(([, message]) => message);
      state.hlc = pending.reduce((max, { hlc }) => Math.max(max, hlc), state.hlc);
      state.sent.set(to, { base: firstNumber, pending });
    }
    if (own) own.next = firstNumber;
  }
}

function applyStored(state: NodeState, stored: StoredState): void {
  state.sent.clear();
  state.received.clear();
  state.topics.clear();
  for (const [to, base, pending] of stored.sent) state.sent.set(nodeId(to), { base, pending: [...pending] });
  for (const [from, next, undealt] of stored.received)
    state.received.set(nodeId(from), { next, undealt: new Map(undealt) });
  for (const [topic, addresses] of stored.topics) state.topics.set(topic, new Set(addresses));
  state.hlc = stored.hlc;
  state.dead = new DeadLetters(state.dead.max, stored.dead);
  state.firstNumber = stored.firstNumber ?? 1;
}

/** The state as one entry: a checkpoint. */
export function checkpointOf(state: NodeState): NodeEntry {
  return [
    'state',
    {
      sent: [...state.sent].map(([to, link]) => [to, link.base, link.pending]),
      received: [...state.received].map(([from, link]) => [from, link.next, [...link.undealt]]),
      hlc: state.hlc,
      dead: state.dead.state(),
      topics: [...state.topics].map(([topic, addresses]) => [topic, [...addresses]]),
      ...(state.firstNumber !== 1 && { firstNumber: state.firstNumber }),
    },
  ];
}

/** Where the links of an earlier incarnation stood, for the endpoint; the link of a node to itself has no endpoint. */
export function linkMemoryOf(state: NodeState, self: NodeId): LinkMemory {
  const others = <T>(map: ReadonlyMap<NodeId, T>): [NodeId, T][] => [...map].filter(([id]) => id !== self);
  return {
    firstNumber: state.firstNumber,
    sent: new Map(
      others(state.sent).map(([to, link]) => [to, { base: link.base, pending: [...link.pending] }]),
    ),
    received: new Map(
      others(state.received).map(([from, { next, undealt }]) => [from, { next, undealt: undealt.size }]),
    ),
  };
}

/** Numbers waiting to be settled by `to`. */
export const nextNumber = (state: NodeState, to: NodeId): number => {
  const link = sentTo(state, to);
  return link.base + link.pending.length;
};

/** The owner of a node's log in the journal. */
export const nodeOwner = (id: number): string => `node/${id}`;
/** The owner of an agent's memory in the journal. */
export const agentOwner = (id: string): string => `agent/${id}`;

/** Accepted and not dealt with. */
export function undealtCount(state: NodeState): number {
  let n = 0;
  for (const link of state.received.values()) n += link.undealt.size;
  return n;
}

/** The same, one by one, by sender and number. */
export const undealtOf = (state: NodeState) =>
  [...state.received].flatMap(([from, link]) =>
    [...link.undealt].map(([seq, { message, failures }]) => ({ from, seq, message, failures })),
  );
