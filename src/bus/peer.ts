import type { NodeId } from '../kernel/ids.ts';
import type { Channel } from './channel.ts';
import type { ReceiverState } from './receiver.ts';
import { nextSeq, type SenderState } from './sender.ts';
import type { EndpointStats } from './endpointTypes.ts';
import type { LaneOffer, Level } from './wire.ts';

/** One level of the link to a peer. */
export interface Lane {
  readonly level: Level;
  readonly sender: SenderState;
  readonly receiver: ReceiverState;
  /** The receiver's place is known: from storage or from an earlier hello. */
  placed: boolean;
}

/** What an endpoint knows of another. */
export interface Peer {
  readonly id: NodeId;
  readonly out: Channel;
  readonly in: Channel;
  /** By `LANE`. */
  readonly lanes: readonly [Lane, Lane];
  /** The peer's incarnation as far as known; 0 unknown. */
  inc: number;
  /** The incarnation whose data we take; 0 before its hello. */
  session: number;
  /** How often we began to talk to it, and its latest attempt to talk to us. */
  attempt: number;
  heard: number;
  established: boolean;
  dirty: boolean;
  ackTimer: boolean;
  helloAtMs: number;
  helloGapMs: number;
}

/** What a hello says of a lane. @param survives numbering of level `durable` goes on after a crash */
export const offerOf = ({ level, sender }: Lane, survives: boolean): LaneOffer => ({
  base: sender.base,
  next: nextSeq(sender),
  highest: sender.highest,
  fresh: level === 'memory' || !survives,
});

/** Counters at their start. */
export const noStats = (): EndpointStats => ({
  framesPosted: 0,
  messagesPosted: 0,
  messagesReceived: 0,
  acksPosted: 0,
  resends: 0,
  resentMessages: 0,
  resentEarly: 0,
  duplicates: 0,
  refused: {},
  skipped: 0,
  full: 0,
});
