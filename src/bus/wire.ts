import type { Incarnation, NodeId } from '../kernel/ids.ts';
import type { Hlc } from './hlc.ts';

/** Frames of another version are refused. */
export const WIRE_VERSION = 3;

/**
 * What a message survives. `memory`: loss, duplication and delay on the way. `durable`: besides, the crash of either node.
 * A link numbers each level by itself: order per sender is promised within a level, not between the two.
 */
export type Level = 'memory' | 'durable';
/** A level's place in everything that a link has twice. */
export const LANE = { memory: 0, durable: 1 } as const;
export const LEVELS = ['memory', 'durable'] as const;

/** What one agent sends another. Addresses are agent ids; the gate answers to `gate`, a topic to `topic/` and its name. */
export interface Message {
  readonly from: string;
  readonly to: string;
  /** Which protocol of the agents it belongs to, e.g. `question`. */
  readonly kind: string;
  /** Structured-cloneable and JSON-safe. */
  readonly body: unknown;
  /** When it was sent, on the hybrid logical clock of its sender. */
  readonly hlc: Hlc;
  /** On the grove's clock, ms: what is not accepted by then ends among the dead letters. */
  readonly deadlineAtMs?: number;
  /** A reply is awaited, under this name. */
  readonly request?: string;
  /** It is the reply to the request of that name. */
  readonly reply?: string;
  /** It came by way of this topic. */
  readonly topic?: string;
}

/** Many messages by columns, each as long as there are messages: see `pack`. JSON-safe as messages are. */
export interface PackedMessages {
  /** Senders, addressees and kinds, each once. */
  readonly texts: readonly string[];
  /** Three characters a message: sender, addressee and kind, their codes the places in `texts`. */
  readonly routes: string;
  /** Each `hlc` less the one before; the first less 0. */
  readonly stamps: readonly number[];
  readonly bodies: readonly unknown[];
  /** What else a message has, null where that is nothing; left out where no message has more. */
  readonly rest?: readonly (object | null)[];
}

interface FrameHead {
  readonly v: number;
  readonly from: NodeId;
  readonly to: NodeId;
  /** The poster's incarnation. */
  readonly inc: Incarnation;
  /** The receiver's incarnation that the poster knows; 0 when it knows none. */
  readonly peerInc: number;
  /** Counts how often the poster began to talk to this peer, from 1; grows with every loss of touch. */
  readonly attempt: number;
  /** The receiver's attempt that the poster answers; 0 when it heard no hello. Acks of an earlier attempt are refused. */
  readonly peerAttempt: number;
}

/** Where the sending half of one level stands. */
export interface LaneOffer {
  /** Lowest sequence number not yet acknowledged. */
  readonly base: number;
  /** The next sequence number that will be given out: next - base messages wait. */
  readonly next: number;
  /** Numbers below it have been out at least once. */
  readonly highest: number;
  /** The sender's numbering starts anew in this incarnation; otherwise it goes on from an earlier one. */
  readonly fresh: boolean;
}

/** "I want to send to you." Repeated until a hello-ack comes; also the way back after either side restarted. */
export interface HelloFrame extends FrameHead {
  readonly type: 'hello';
  /** By `LANE`. */
  readonly lanes: readonly [LaneOffer, LaneOffer];
}

/** What a receiver says of one level. */
export interface Ack {
  /** Cumulative: everything below is settled. */
  readonly ack: number;
  /** The receiver has room for numbers below this; it never takes that back. */
  readonly credit: number;
  /**
   * Selective: numbers from ack on that arrived and are not settled, as flat pairs [from, to), ascending, apart, at most
   * `HELD_RANGES_MAX` of them, lowest first. A hole between two of them, or before the first, is a gap: it was lost or is late.
   */
  readonly held: readonly number[];
}

/** "I hear you; go on from there." */
export interface HelloAckFrame extends FrameHead {
  readonly type: 'hello-ack';
  /** By `LANE`. */
  readonly lanes: readonly [Ack, Ack];
}

/** A batch of messages of one level numbered first, first + 1, ..., with an ack of the other direction. */
export interface DataFrame extends FrameHead, Ack {
  readonly type: 'data';
  readonly lane: 0 | 1;
  readonly first: number;
  readonly messages: readonly Message[] | PackedMessages;
}

/** A batch that arrived, its messages checked one by one. */
export interface HeardData extends DataFrame {
  readonly messages: readonly Message[];
}

/** An ack by itself. */
export interface AckFrame extends FrameHead, Ack {
  readonly type: 'ack';
  readonly lane: 0 | 1;
}

/** "I am not who you think I am", or "I do not know you": asks the sender of attempt `peerAttempt` for a new hello. */
export interface ResetFrame extends FrameHead {
  readonly type: 'reset';
}

export type Frame = HelloFrame | HelloAckFrame | DataFrame | AckFrame | ResetFrame;
export type HeardFrame = HelloFrame | HelloAckFrame | HeardData | AckFrame | ResetFrame;

/** Selective ranges in one ack, at most. */
export const HELD_RANGES_MAX = 16;

/** Why a frame was refused; counted by reason. */
export const REFUSAL_REASONS = [
  /** It is no frame of this wire. */
  'shape',
  /** One of its messages is none. */
  'message',
  'version',
  'address',
  /** An earlier incarnation of its poster sent it. */
  'dead-incarnation',
  /** It was meant for an earlier incarnation of this node. */
  'not-me',
  /** Data of a peer that said no hello. */
  'no-session',
  /** It belongs to an attempt that is over. */
  'stale-attempt',
  /** Messages for which there was no room: the sender does not keep to its credit. */
  'over-credit',
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];
