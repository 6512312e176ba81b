import type { NodeId } from '../kernel/ids.ts';
import type { Channel } from './channel.ts';
import type { ReceiverState } from './receiver.ts';
import { nextSeq, type SenderState } from './sender.ts';
import type { EndpointStats } from './endpointTypes.ts';
import type { LaneOffer, Level, Message } from './wire.ts';

/** One level of the link to a peer. */
export interface Lane {
  readonly level: Level;
  readonly sender: SenderState;
  readonly receiver: ReceiverState;
  /** The receiver's place is known: from storage or from an earlier hello. */
  placed: boolean;
  /** What waits has used up the credit. */
  creditless: boolean;
  /** When data came last, and whether it was a message alone: its reply may follow, for its ack to ride on. */
  heardAtMs: number;
  alone: boolean;
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

/** What was not settled, level `memory` first. */
export const pendingOf = ({ lanes }: Peer): Message[] =>
  lanes.flatMap(({ sender }) => sender.pending.slice(sender.head) as Message[]);

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
  creditWaits: 0,
  outboxMax: 0,
  mailboxMax: 0,
  earlyMax: 0,
});

/** Whether what waits has used up its credit since this was asked last: each time counts once, however often it is looked at. */
export function ranOut(lane: Lane): boolean {
  const { sender, creditless } = lane;
  lane.creditless = sender.established && sender.cursor >= sender.credit && sender.cursor < nextSeq(sender);
  return lane.creditless && !creditless;
}

/** Notes that so many messages came. @param aloneMs nothing came for as long before a message that came alone */
export function noteArrival(lane: Lane, messages: number, nowMs: number, aloneMs: number): void {
  lane.alone = messages === 1 && nowMs - lane.heardAtMs >= aloneMs;
  lane.heardAtMs = nowMs;
}

/** Notes how full a lane's queues are after a batch. */
export function noteReceived(stats: EndpointStats, { undealt, early }: ReceiverState): void {
  if (undealt > stats.mailboxMax) stats.mailboxMax = undealt;
  if (early.size > stats.earlyMax) stats.earlyMax = early.size;
}
