import type { Incarnation, NodeId } from '../kernel/ids.ts';
import { pack } from './batch.ts';
import { offerOf, type Lane, type Peer } from './peer.ts';
import {
  LANE,
  WIRE_VERSION,
  type Ack,
  type AckFrame,
  type DataFrame,
  type HelloAckFrame,
  type HelloFrame,
  type Message,
  type ResetFrame,
} from './wire.ts';

/** Batches of so many messages travel by columns: below, objects are as cheap. */
const PACKED_FROM = 8;

/** Makes the frames of one endpoint. Each is spelled out, for engines copy objects by spread far more slowly. */
export interface Frames {
  /** @param survives numbering of level `durable` goes on after a crash */
  hello(peer: Peer, survives: boolean): HelloFrame;
  helloAck(peer: Peer, lanes: readonly [Ack, Ack]): HelloAckFrame;
  data(peer: Peer, lane: Lane, first: number, messages: readonly Message[], ack: Ack): DataFrame;
  ack(peer: Peer, lane: Lane, ack: Ack): AckFrame;
  /** @param peerAttempt the attempt that it asks to end */
  reset(peer: Peer, peerAttempt: number): ResetFrame;
}

export function createFrames(self: NodeId, inc: Incarnation): Frames {
  const head = ({ id, inc: peerInc, attempt, heard }: Peer) => ({
    v: WIRE_VERSION,
    from: self,
    to: id,
    inc,
    peerInc,
    attempt,
    peerAttempt: heard,
  });
  return {
    hello: (peer, survives) => ({
      type: 'hello',
      ...head(peer),
      lanes: [offerOf(peer.lanes[0], survives), offerOf(peer.lanes[1], survives)],
    }),
    helloAck: (peer, lanes) => ({ type: 'hello-ack', ...head(peer), lanes }),
    data: (peer, lane, first, messages, { ack, credit, held }) => ({
      type: 'data',
      v: WIRE_VERSION,
      from: self,
      to: peer.id,
      inc,
      peerInc: peer.inc,
      attempt: peer.attempt,
      peerAttempt: peer.heard,
      lane: LANE[lane.level],
      first,
      messages: messages.length < PACKED_FROM ? messages : pack(messages),
      ack,
      credit,
      held,
    }),
    ack: (peer, lane, { ack, credit, held }) => ({
      type: 'ack',
      v: WIRE_VERSION,
      from: self,
      to: peer.id,
      inc,
      peerInc: peer.inc,
      attempt: peer.attempt,
      peerAttempt: peer.heard,
      lane: LANE[lane.level],
      ack,
      credit,
      held,
    }),
    reset: (peer, peerAttempt) => ({ type: 'reset', ...head(peer), peerAttempt }),
  };
}
