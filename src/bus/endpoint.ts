import type { Endpoint, EndpointConfig } from './endpointTypes.ts';
import { dialChannel, pairChannel, type ChannelPort } from './channel.ts';
import type { CancelTimer, Env } from '../kernel/env.ts';
import { nodeId, type NodeId } from '../kernel/ids.ts';
import { LINK } from './link.ts';
import { createFrames } from './frames.ts';
import { OwedAcks } from './owedAcks.ts';
import { noStats, noteArrival, noteReceived, pendingOf, ranOut, type Lane, type Peer } from './peer.ts';
import { readFrame } from './readFrame.ts';
import {
  LANE,
  type Ack,
  type Frame,
  type HeardData,
  type HelloAckFrame,
  type HelloFrame,
  type LaneOffer,
  type Level,
  type RefusalReason,
} from './wire.ts';

const HELLO_FIRST_MS = 20;
const HELLO_MAX_MS = 1_000;
/** Between two looks: for hellos to repeat; for resend timers a tenth of their floor, up to the second. */
const SWEEP_MS = 20;
const SWEEP_MAX_MS = 100;

/** A node's end of all its links: the shell around the reducers of `sender.ts` and `receiver.ts`, two lanes a peer. */
export function createEndpoint(env: Env, port: ChannelPort, config: EndpointConfig): Endpoint {
  const { grove, self, inc, options } = config;
  const { sender: sending, receiver: receiving } = config.link ?? LINK;
  const survives = config.durable !== undefined;
  const usual: Level = survives ? 'durable' : 'memory';
  const peers = new Map<NodeId, Peer>();
  const dirty: Peer[] = [];
  let flushQueued = false;
  /** When the next sweep is due; null without one. */
  let sweepAtMs: number | null = null;
  let callOff: CancelTimer | undefined;
  const resendSweepMs = Math.max(SWEEP_MS, Math.min(SWEEP_MAX_MS, options.resendFloorMs / 10));
  const owed = new OwedAcks<Peer>(env, postOwed);
  let closed = false;
  const frames = createFrames(self, inc);
  const stats = noStats();
  const refuse = (reason: RefusalReason, n = 1): void => {
    stats.refused[reason] = (stats.refused[reason] ?? 0) + n;
  };
  const dial = port.open(dialChannel(grove, self), hear);

  function createLane(id: NodeId, level: Level): Lane {
    const sent = level === 'durable' ? config.durable?.sent.get(id) : undefined;
    const received = level === 'durable' ? config.durable?.received.get(id) : undefined;
    return {
      level,
      sender: sending.createSender(
        options,
        sent?.base ?? (level === 'durable' ? config.durable?.firstNumber : undefined),
        sent?.pending,
      ),
      receiver: receiving.createReceiver(received?.next, received?.undealt),
      placed: received !== undefined,
      creditless: false,
      heardAtMs: -Infinity,
      alone: false,
    };
  }

  function peerOf(id: NodeId): Peer {
    let peer = peers.get(id);
    if (peer) return peer;
    peer = {
      id,
      out: port.open(pairChannel(grove, self, id), () => refuse('address')),
      in: port.open(pairChannel(grove, id, self), hear),
      lanes: [createLane(id, 'memory'), createLane(id, 'durable')],
      inc: 0,
      session: 0,
      attempt: 1,
      heard: 0,
      established: false,
      dirty: false,
      helloAtMs: 0,
      helloGapMs: HELLO_FIRST_MS,
    };
    peers.set(id, peer);
    return peer;
  }

  function post(peer: Peer, frame: Frame): void {
    stats.framesPosted++;
    peer.out.post(frame);
  }

  const waiting = ({ lanes }: Peer): number =>
    sending.waiting(lanes[0].sender) + sending.waiting(lanes[1].sender);

  function sayHello(peer: Peer, nowMs: number): void {
    const call = port.open(dialChannel(grove, peer.id), () => undefined);
    stats.framesPosted++;
    call.post(frames.hello(peer, survives));
    call.close();
    peer.helloAtMs = nowMs + peer.helloGapMs;
    peer.helloGapMs = Math.min(HELLO_MAX_MS, peer.helloGapMs * 2);
    sweepWithin(SWEEP_MS);
  }

  /** Out of touch: the next hello begins a new attempt, and what still comes for the old one is refused. */
  function loseTouch(peer: Peer): void {
    for (const { sender } of peer.lanes) sending.suspend(sender);
    peer.established = false;
    peer.attempt++;
    peer.helloGapMs = HELLO_FIRST_MS;
    peer.helloAtMs = 0;
    if (waiting(peer) > 0) markDirty(peer);
  }

  function markDirty(peer: Peer): void {
    if (!peer.dirty) {
      peer.dirty = true;
      dirty.push(peer);
    }
    if (!flushQueued) {
      flushQueued = true;
      env.defer(flush);
    }
  }

  function flush(): void {
    flushQueued = false;
    if (closed) return;
    const nowMs = env.now();
    for (let peer = dirty.pop(); peer; peer = dirty.pop()) {
      peer.dirty = false;
      if (!peer.established && waiting(peer) > 0 && nowMs >= peer.helloAtMs) sayHello(peer, nowMs);
      for (const lane of peer.lanes) flushLane(peer, lane, nowMs);
    }
  }

  function flushLane(peer: Peer, lane: Lane, nowMs: number): void {
    const { sender, receiver } = lane;
    const { resent } = sender;
    for (
      let batch = sending.takeBatch(sender, nowMs, options);
      batch;
      batch = sending.takeBatch(sender, nowMs, options)
    ) {
      stats.messagesPosted += batch.messages.length;
      const ack = receiving.takeAck(receiver, options);
      post(peer, frames.data(peer, lane, batch.first, batch.messages, ack));
      sweepWithin(resendSweepMs);
    }
    stats.resentMessages += sender.resent - resent;
    if (ranOut(lane)) stats.creditWaits++;
    if (receiver.owesAck && peer.session !== 0 && !oweAck(peer, lane)) postAck(peer, lane);
  }

  /** Lets an ack wait for a frame to ride on; false when it should not wait. */
  function oweAck(peer: Peer, { alone, receiver }: Lane): boolean {
    const waitMs = alone ? options.ackAloneMs : options.ackDelayMs;
    if (waitMs === 0 || receiver.throttled) return false;
    if (receiving.hasGap(receiver) || receiving.acksNow(receiver, options)) return false;
    owed.owe(peer, alone, waitMs);
    return true;
  }

  function postOwed(peer: Peer): void {
    if (closed || peer.session === 0) return;
    for (const lane of peer.lanes) if (lane.receiver.owesAck) postAck(peer, lane);
  }

  function postAck(peer: Peer, lane: Lane): void {
    stats.acksPosted++;
    post(peer, frames.ack(peer, lane, receiving.takeAck(lane.receiver, options)));
  }

  /** While anything is under way, looks for hellos to repeat and resend timers that ran out. */
  function sweepWithin(ms: number): void {
    if (closed) return;
    const atMs = env.now() + ms;
    if (sweepAtMs !== null && sweepAtMs <= atMs) return;
    callOff?.();
    sweepAtMs = atMs;
    callOff = env.setTimer(ms, sweep);
  }

  function sweep(): void {
    if (closed) return;
    const nowMs = env.now();
    noticeStall(nowMs);
    sweepAtMs = null;
    for (const peer of peers.values()) {
      if (waiting(peer) === 0) continue;
      sweepWithin(peer.established ? resendSweepMs : SWEEP_MS);
      if (peer.established) for (const { sender } of peer.lanes) sweepSender(peer, sender, nowMs);
      else if (nowMs >= peer.helloAtMs) sayHello(peer, nowMs);
    }
  }

  /**
   * A sweep that is long due tells that this node did not run. It heard no acks meanwhile either: they wait behind this turn,
   * and neither resend timers nor round trips count that time.
   */
  function noticeStall(nowMs: number): void {
    if (sweepAtMs === null || nowMs - sweepAtMs <= SWEEP_MS) return;
    for (const { lanes } of peers.values())
      for (const { sender } of lanes) sending.excuse(sender, nowMs - sweepAtMs);
    sweepAtMs = nowMs;
  }

  function sweepSender(peer: Peer, sender: Lane['sender'], nowMs: number): void {
    if (sending.isBlocked(sender)) {
      // No credit, and the ack that gives some may be lost: ask (the persist timer of RFC 9293, 3.8.6.1).
      if (nowMs >= peer.helloAtMs) sayHello(peer, nowMs);
    } else if (sending.expire(sender, nowMs, options)) {
      // Where all of it arrived, the question below is enough.
      if (sending.hasAgain(sender)) stats.resends++;
      // The peer may have restarted unannounced: a hello beside the resend finds out.
      peer.helloGapMs = HELLO_FIRST_MS;
      sayHello(peer, nowMs);
      markDirty(peer);
    }
  }

  function hear(raw: unknown): void {
    if (closed) return;
    const frame = readFrame(raw);
    if (typeof frame === 'string') return refuse(frame);
    if (frame.to !== self || frame.from === self) return refuse('address');
    const peer = peerOf(frame.from);
    if (frame.inc < peer.inc) return refuse('dead-incarnation');
    if (frame.inc > peer.inc) newIncarnation(peer, frame.inc);
    if (frame.type === 'hello') return hearHello(peer, frame);
    if (frame.type === 'reset') {
      if (frame.peerAttempt === peer.attempt) loseTouch(peer);
      else refuse('stale-attempt');
      return;
    }
    if (frame.peerInc !== inc) {
      refuse('not-me');
      return askAgain(peer, frame.attempt);
    }
    if (frame.type === 'data') {
      // Its ack may be none: the poster need not have heard of us yet.
      if (frame.peerAttempt > 0) hearAck(peer, peer.lanes[frame.lane], frame, frame.peerAttempt);
      return hearData(peer, frame);
    }
    if (frame.type === 'ack') hearAck(peer, peer.lanes[frame.lane], frame, frame.peerAttempt);
    else hearHelloAck(peer, frame);
  }

  function newIncarnation(peer: Peer, newInc: number): void {
    const first = peer.inc === 0;
    peer.inc = newInc;
    peer.heard = 0;
    if (!first) loseTouch(peer);
  }

  /** Asks for a new hello in place of the attempt that a frame belonged to. */
  function askAgain(peer: Peer, attempt: number): void {
    post(peer, frames.reset(peer, attempt));
  }

  function hearHello(peer: Peer, frame: HelloFrame): void {
    if (frame.attempt < peer.heard) return refuse('stale-attempt');
    peer.heard = frame.attempt;
    let again = 0;
    for (const lane of peer.lanes) {
      const offer = frame.lanes[LANE[lane.level]];
      takeOffer(lane, offer, peer.session === frame.inc);
      again += Math.max(0, offer.highest - Math.max(offer.base, lane.receiver.expected));
    }
    if (peer.session !== frame.inc) {
      peer.session = frame.inc;
      config.onHello?.(peer.id, again);
    }
    const [memory, durable] = peer.lanes;
    const acks = [
      receiving.takeAck(memory.receiver, options),
      receiving.takeAck(durable.receiver, options),
    ] as const;
    post(peer, frames.helloAck(peer, acks));
  }

  function takeOffer(lane: Lane, { base, fresh }: LaneOffer, sameSession: boolean): void {
    const { receiver } = lane;
    const known = lane.placed && (!fresh || sameSession);
    if (!known) receiving.restart(receiver, base);
    else if (receiver.expected < base) {
      stats.skipped += base - receiver.expected;
      receiving.restart(receiver, base);
    }
    lane.placed = true;
  }

  function hearHelloAck(peer: Peer, frame: HelloAckFrame): void {
    if (frame.peerAttempt !== peer.attempt) return refuse('stale-attempt');
    if (peer.established) {
      for (const lane of peer.lanes) hearAck(peer, lane, frame.lanes[LANE[lane.level]], frame.peerAttempt);
      return;
    }
    peer.established = true;
    peer.helloGapMs = HELLO_FIRST_MS;
    for (const { level, sender } of peer.lanes)
      if (sending.establish(sender, frame.lanes[LANE[level]], env.now()) > 0)
        config.onSettled?.(peer.id, sender.base, level);
    markDirty(peer);
  }

  function hearAck(peer: Peer, { level, sender }: Lane, ack: Ack, attempt: number): void {
    if (attempt !== peer.attempt) return refuse('stale-attempt');
    const { resentEarly } = sender;
    const nowMs = env.now();
    noticeStall(nowMs);
    if (sending.acknowledge(sender, ack, nowMs, options) > 0) config.onSettled?.(peer.id, sender.base, level);
    stats.resentEarly += sender.resentEarly - resentEarly;
    if (sender.cursor < sending.nextSeq(sender) || sending.hasAgain(sender)) markDirty(peer);
  }

  function hearData(peer: Peer, frame: HeardData): void {
    if (peer.session !== frame.inc || frame.attempt > peer.heard) {
      refuse('no-session');
      return askAgain(peer, frame.attempt);
    }
    if (frame.attempt < peer.heard) return refuse('stale-attempt');
    const lane = peer.lanes[frame.lane];
    const { receiver, level } = lane;
    const first = receiver.expected;
    const { duplicates, overCredit } = receiver;
    const due = receiving.accept(receiver, frame.first, frame.messages, options);
    stats.duplicates += receiver.duplicates - duplicates;
    noteReceived(stats, receiver);
    noteArrival(lane, frame.messages.length, env.now(), options.ackAloneMs);
    if (receiver.overCredit > overCredit) refuse('over-credit', receiver.overCredit - overCredit);
    if (due.length > 0) {
      stats.messagesReceived += due.length;
      if (level === 'memory' || config.durable === undefined) receiving.settle(receiver, receiver.expected);
      if (config.durable === undefined) receiving.deal(receiver, due.length, options);
      config.onMessages(peer.id, first, due, level);
    }
    // Most acks wait, and no turn is needed for that.
    if (!oweAck(peer, lane)) markDirty(peer);
  }

  for (const id of config.durable?.sent.keys() ?? []) if (waiting(peerOf(id)) > 0) markDirty(peerOf(id));

  return {
    send(to, message, level = usual) {
      const peer = peerOf(to);
      const { sender } = peer.lanes[LANE[level]];
      const seq = sending.enqueue(sender, message, options);
      stats.outboxMax = Math.max(stats.outboxMax, sending.waiting(sender));
      if (seq > 0) markDirty(peer);
      else stats.full++;
      return seq;
    },
    room: (to, level) => sending.room(peerOf(to).lanes[LANE[level]].sender, options),
    settle(from, below) {
      const peer = peerOf(from);
      receiving.settle(peer.lanes[LANE.durable].receiver, below);
      markDirty(peer);
    },
    deal(from, n, level) {
      const peer = peerOf(from);
      const { receiver } = peer.lanes[LANE[level]];
      receiving.deal(receiver, n, options);
      if (receiver.owesAck) markDirty(peer);
    },
    peerRestarted(id, newInc) {
      const peer = peers.get(id);
      if (peer && newInc > peer.inc) newIncarnation(peer, newInc);
    },
    abandon(id) {
      const peer = peerOf(id);
      const pending = pendingOf(peer);
      loseTouch(peer);
      for (const { sender } of peer.lanes) sending.discard(sender);
      return pending;
    },
    unsettled() {
      let n = 0;
      for (const peer of peers.values()) n += waiting(peer);
      return n;
    },
    stats,
    rttMs(to) {
      const peer = peers.get(nodeId(to));
      return peer ? Math.max(peer.lanes[0].sender.rtt.srttMs, peer.lanes[1].sender.rtt.srttMs) : -1;
    },
    close() {
      closed = true;
      dial.close();
      for (const peer of peers.values()) {
        peer.in.close();
        peer.out.close();
      }
    },
  };
}
