import type { Incarnation, NodeId } from '../kernel/ids.ts';
import type { BusOptions } from './options.ts';
import type { LinkReducers } from './link.ts';
import type { Level, Message, RefusalReason } from './wire.ts';

/** Where an earlier incarnation of this node stood, from durable storage. */
export interface LinkMemory {
  /** Where the numbers to a peer begin that is not in `sent`; 1 where it is left out. */
  readonly firstNumber?: number;
  /** Per peer: messages numbered base, base + 1, ... that were not acknowledged. */
  readonly sent: ReadonlyMap<NodeId, { readonly base: number; readonly pending: readonly Message[] }>;
  /** Per peer: the next number expected, and how many messages were accepted and not dealt with. */
  readonly received: ReadonlyMap<NodeId, { readonly next: number; readonly undealt: number }>;
}

export interface EndpointConfig {
  /** Names the channels: nodes of one grove only hear each other. */
  readonly grove: string;
  readonly self: NodeId;
  readonly inc: Incarnation;
  readonly options: BusOptions;
  /**
   * Level `durable`: numbering goes on from this, the host settles what it has committed, and deals with messages of both
   * levels. Without it there is no crash to survive: both levels begin anew, and a message is settled and dealt with once
   * handed on.
   */
  readonly durable?: LinkMemory;
  /** Messages from `from`, due now, numbered from `first`, in order, each number once. */
  readonly onMessages: (from: NodeId, first: number, messages: readonly Message[], level: Level) => void;
  /** The peer settled everything below `below`, and the link has room. */
  readonly onSettled?: (to: NodeId, below: number, level: Level) => void;
  /** A peer says hello and has `messages` for us that were out before and are not settled: they come again. */
  readonly onHello?: (from: NodeId, messages: number) => void;
  /** The reducers of its links; `LINK` unless a test brings others. */
  readonly link?: LinkReducers;
}

export interface EndpointStats {
  framesPosted: number;
  messagesPosted: number;
  messagesReceived: number;
  acksPosted: number;
  /** Resend timers that ran out. */
  resends: number;
  /** Messages that went out again: all, and those that a gap report asked for. */
  resentMessages: number;
  resentEarly: number;
  /** Messages that came again. */
  duplicates: number;
  refused: Partial<Record<RefusalReason, number>>;
  /** A peer's numbering went on beyond what we expected: messages that will never come. */
  skipped: number;
  /** Sends refused because the queue of their link was full. */
  full: number;
  /** Times that messages had to wait because their link's credit was used up. */
  creditWaits: number;
  /** The most of any link and level so far: sent and not settled; handed on and not dealt with; come too early. */
  outboxMax: number;
  mailboxMax: number;
  earlyMax: number;
}

export interface Endpoint {
  /**
   * Numbers and posts a message at the end of the turn; returns its number, or 0 when the link's queue is full: an expected
   * result, after which nothing is lost and `onSettled` tells when to try again. Level: `durable` for an endpoint with such a
   * memory, otherwise `memory`, unless told.
   */
  send(to: NodeId, message: Message, level?: Level): number;
  /** Messages that `send` takes before it refuses. */
  room(to: NodeId, level: Level): number;
  /** Level `durable`: everything from `from` below `below` is committed and may be acked. */
  settle(from: NodeId, below: number): void;
  /** The host dealt with `n` messages of `from`: their room in the window opens. */
  deal(from: NodeId, n: number, level: Level): void;
  /** The supervisor says that a peer has a new incarnation: talk to that one, at once. */
  peerRestarted(peer: NodeId, inc: Incarnation): void;
  /** Gives a peer up; returns what was not settled, level `memory` first, for the dead letters. */
  abandon(peer: NodeId): readonly Message[];
  /** Messages of all links that are not yet settled. */
  unsettled(): number;
  readonly stats: EndpointStats;
  /** Smoothed round trip to a peer in ms; -1 when unknown. */
  rttMs(to: NodeId): number;
  close(): void;
}
