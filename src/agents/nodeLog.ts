import type { LinkMemory } from '../bus/endpointTypes.ts';
import type { Message } from '../bus/wire.ts';
import { nodeId, type NodeId } from '../kernel/ids.ts';

/** Entries of a node's log in crash memory: what makes a message survive the death of either end. */
export type NodeEntry =
  /** Sent: `message` got number `seq` on the link to node `to`. */
  | readonly ['out', to: number, seq: number, message: Message]
  /** Accepted: number `seq` of node `from`. Committed before it is acked, so it is accepted once. */
  | readonly ['in', from: number, seq: number, message: Message]
  /** Dealt with: committed together with all that dealing with it brought about. */
  | readonly ['dealt', from: number, seq: number]
  /** Accepted, but addressed to nobody: it ends among the dead letters. */
  | readonly ['dead', from: number, seq: number, reason: string]
  /** The peer settled everything below `below`. */
  | readonly ['trim', to: number, below: number]
  /** The peer was given up: numbers base to base + count - 1 end among the dead letters. */
  | readonly ['abandon', to: number, base: number, count: number, reason: string]
  /** The whole state, in place of everything before. */
  | readonly ['state', StoredState];

interface StoredState {
  readonly sent: readonly (readonly [number, number, readonly Message[]])[];
  readonly received: readonly (readonly [number, number, readonly (readonly [number, Message])[]])[];
}

/** What a node's log amounts to. */
export interface NodeState {
  readonly sent: Map<NodeId, { base: number; pending: Message[] }>;
  /** Per peer: the next number expected, and what was accepted but not dealt with. */
  readonly received: Map<NodeId, { next: number; readonly undealt: Map<number, Message> }>;
}

export const emptyState = (): NodeState => ({ sent: new Map(), received: new Map() });

export function sentTo(state: NodeState, to: NodeId): { base: number; pending: Message[] } {
  let link = state.sent.get(to);
  if (!link) state.sent.set(to, (link = { base: 1, pending: [] }));
  return link;
}

export function receivedFrom(
  state: NodeState,
  from: NodeId,
): { next: number; readonly undealt: Map<number, Message> } {
  let link = state.received.get(from);
  if (!link) state.received.set(from, (link = { next: 1, undealt: new Map() }));
  return link;
}

/** Folds one entry into the state. */
export function applyEntry(state: NodeState, entry: NodeEntry): void {
  switch (entry[0]) {
    case 'out':
      sentTo(state, nodeId(entry[1])).pending.push(entry[3]);
      return;
    case 'in': {
      const link = receivedFrom(state, nodeId(entry[1]));
      link.next = entry[2] + 1;
      link.undealt.set(entry[2], entry[3]);
      return;
    }
    case 'dead':
      receivedFrom(state, nodeId(entry[1])).next = entry[2] + 1;
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
      link.pending.splice(0, entry[3]);
      link.base += entry[3];
      return;
    }
    case 'state':
      state.sent.clear();
      state.received.clear();
      for (const [to, base, pending] of entry[1].sent)
        state.sent.set(nodeId(to), { base, pending: [...pending] });
      for (const [from, next, undealt] of entry[1].received)
        state.received.set(nodeId(from), { next, undealt: new Map(undealt) });
  }
}

/** The state of a node's log, for `startNode`. */
export function replayNodeLog(texts: readonly string[]): NodeState {
  const state = emptyState();
  for (const text of texts) applyEntry(state, JSON.parse(text) as NodeEntry);
  return state;
}

/** The state as one entry: a checkpoint. */
export function checkpointOf(state: NodeState): NodeEntry {
  return [
    'state',
    {
      sent: [...state.sent].map(([to, link]) => [to, link.base, link.pending]),
      received: [...state.received].map(([from, link]) => [from, link.next, [...link.undealt]]),
    },
  ];
}

/** Where the links of an earlier incarnation stood, for the endpoint; the link of a node to itself has no endpoint. */
export function linkMemoryOf(state: NodeState, self: NodeId): LinkMemory {
  const others = <T>(map: ReadonlyMap<NodeId, T>): [NodeId, T][] => [...map].filter(([id]) => id !== self);
  return {
    sent: new Map(
      others(state.sent).map(([to, link]) => [to, { base: link.base, pending: [...link.pending] }]),
    ),
    received: new Map(others(state.received).map(([from, link]) => [from, link.next])),
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
