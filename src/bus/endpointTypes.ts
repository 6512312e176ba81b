import type { Incarnation, NodeId } from '../kernel/ids.ts';
import type { BusOptions } from './options.ts';
import type { Message, RefusalReason } from './wire.ts';

/** Where an earlier incarnation of this node stood, from durable storage. */
export interface LinkMemory {
  /** Per peer: messages numbered base, base + 1, ... that were not acknowledged. */
  readonly sent: ReadonlyMap<NodeId, { readonly base: number; readonly pending: readonly Message[] }>;
  /** Per peer: the next number expected. */
  readonly received: ReadonlyMap<NodeId, number>;
}

export interface EndpointConfig {
  /** Names the channels: nodes of one grove only hear each other. */
  readonly grove: string;
  readonly self: NodeId;
  readonly inc: Incarnation;
  readonly options: BusOptions;
  /** Level `durable`: numbering goes on from this. Without it numbering starts anew and a message is settled once handed on. */
  readonly durable?: LinkMemory;
  /** Messages from `from`, due now, numbered from `first`, in order, each number once. */
  readonly onMessages: (from: NodeId, first: number, messages: readonly Message[]) => void;
  /** The peer settled everything below `below`. */
  readonly onSettled?: (to: NodeId, below: number) => void;
  /** A peer says hello and has `messages` for us that were out before and are not settled: they come again. */
  readonly onHello?: (from: NodeId, messages: number) => void;
}

export interface EndpointStats {
  framesPosted: number;
  messagesPosted: number;
  messagesReceived: number;
  acksPosted: number;
  resends: number;
  refused: Partial<Record<RefusalReason, number>>;
  /** A peer's numbering went on beyond what we expected: messages that will never come. */
  skipped: number;
}

export interface Endpoint {
  /** Numbers and posts a message at the end of the turn; returns its number, or 0 when the link's queue is full. */
  send(to: NodeId, message: Message): number;
  /** The number that the next message to `to` will get. */
  nextSeq(to: NodeId): number;
  /** Level `durable`: everything from `from` below `below` is committed and may be acked. */
  settle(from: NodeId, below: number): void;
  /** The host dealt with `n` messages of `from`: their room in the window opens. */
  deal(from: NodeId, n: number): void;
  /** The supervisor says that a peer has a new incarnation: talk to that one, at once. */
  peerRestarted(peer: NodeId, inc: Incarnation): void;
  /** Gives a peer up; returns what was not settled, for the dead letters. */
  abandon(peer: NodeId): { readonly base: number; readonly pending: readonly Message[] };
  /** Messages of all links that are not yet settled. */
  unsettled(): number;
  readonly stats: EndpointStats;
  /** Smoothed round trip to a peer in ms; -1 when unknown. */
  rttMs(to: NodeId): number;
  close(): void;
}
