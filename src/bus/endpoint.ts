import type { Endpoint, EndpointConfig, EndpointStats } from './endpointTypes.ts';
import { dialChannel, pairChannel, type Channel, type ChannelPort } from './channel.ts';
import type { Env } from '../kernel/env.ts';
import { nodeId, type NodeId } from '../kernel/ids.ts';
import * as receiving from './receiver.ts';
import * as sending from './sender.ts';
import {
  readFrame,
  WIRE_VERSION,
  type DataFrame,
  type Frame,
  type HelloAckFrame,
  type HelloFrame,
  type Message,
  type RefusalReason,
} from './wire.ts';

const HELLO_FIRST_MS = 20;
const HELLO_MAX_MS = 1_000;
const SWEEP_MS = 20;
/** Settled messages that are acked without waiting for company. */
const ACK_EVERY = 256;

interface Peer {
  readonly id: NodeId;
  readonly out: Channel;
  readonly in: Channel;
  readonly sender: sending.SenderState;
  readonly receiver: receiving.ReceiverState;
  /** The peer's incarnation as far as known; 0 unknown. */
  inc: number;
  /** The incarnation whose data we take; 0 before its hello. */
  session: number;
  /** The receiver's place is known: from storage or from an earlier hello. */
  placed: boolean;
  dirty: boolean;
  ackTimer: boolean;
  helloAtMs: number;
  helloGapMs: number;
}

/** A node's end of all its links: the shell around the reducers of `sender.ts` and `receiver.ts`. */
export function createEndpoint(env: Env, port: ChannelPort, config: EndpointConfig): Endpoint {
  const { grove, self, inc, options } = config;
  const peers = new Map<NodeId, Peer>();
  const dirty: Peer[] = [];
  let flushQueued = false;
  let sweeping = false;
  let closed = false;
  const stats: EndpointStats = {
    framesPosted: 0,
    messagesPosted: 0,
    messagesReceived: 0,
    acksPosted: 0,
    resends: 0,
    refused: {},
    skipped: 0,
  };
  const refuse = (reason: RefusalReason): void => {
    stats.refused[reason] = (stats.refused[reason] ?? 0) + 1;
  };
  const dial = port.open(dialChannel(grove, self), hear);

  function peerOf(id: NodeId): Peer {
    let peer = peers.get(id);
    if (peer) return peer;
    const sent = config.durable?.sent.get(id);
    const received = config.durable?.received.get(id);
    peer = {
      id,
      out: port.open(pairChannel(grove, self, id), () => refuse('address')),
      in: port.open(pairChannel(grove, id, self), hear),
      sender: sending.createSender(options, sent?.base, sent?.pending),
      receiver: receiving.createReceiver(received),
      inc: 0,
      session: 0,
      placed: received !== undefined,
      dirty: false,
      ackTimer: false,
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

  const head = (peer: Peer) => ({ v: WIRE_VERSION, from: self, to: peer.id, inc, peerInc: peer.inc });

  function sayHello(peer: Peer, nowMs: number): void {
    const { sender } = peer;
    const frame: HelloFrame = {
      type: 'hello',
      ...head(peer),
      base: sender.base,
      next: sending.nextSeq(sender),
      highest: sender.highest,
      fresh: config.durable === undefined,
    };
    const call = port.open(dialChannel(grove, peer.id), () => undefined);
    stats.framesPosted++;
    call.post(frame);
    call.close();
    peer.helloAtMs = nowMs + peer.helloGapMs;
    peer.helloGapMs = Math.min(HELLO_MAX_MS, peer.helloGapMs * 2);
    sweepLater();
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
      flushPeer(peer, nowMs);
    }
  }

  function flushPeer(peer: Peer, nowMs: number): void {
    const { sender, receiver } = peer;
    if (!sender.established && sending.waiting(sender) > 0 && nowMs >= peer.helloAtMs) sayHello(peer, nowMs);
    for (
      let batch = sending.takeBatch(sender, nowMs, options);
      batch;
      batch = sending.takeBatch(sender, nowMs, options)
    ) {
      const { ack, window } = receiving.takeAck(receiver, options);
      stats.messagesPosted += batch.messages.length;
      post(peer, {
        type: 'data',
        ...head(peer),
        first: batch.first,
        messages: batch.messages,
        ack,
        window,
      });
      sweepLater();
    }
    if (!receiver.owesAck || peer.session === 0) return;
    if (
      receiver.gap ||
      receiver.throttled ||
      options.ackDelayMs === 0 ||
      receiver.settled - receiver.acked >= ACK_EVERY
    )
      postAck(peer);
    else if (!peer.ackTimer) {
      peer.ackTimer = true;
      env.setTimer(options.ackDelayMs, () => {
        peer.ackTimer = false;
        if (!closed && receiver.owesAck && peer.session !== 0) postAck(peer);
      });
    }
  }

  function postAck(peer: Peer): void {
    stats.acksPosted++;
    post(peer, { type: 'ack', ...head(peer), ...receiving.takeAck(peer.receiver, options) });
  }

  /** While anything is under way, looks every 20 ms for hellos to repeat and resend timers that ran out. */
  function sweepLater(): void {
    if (sweeping || closed) return;
    sweeping = true;
    env.setTimer(SWEEP_MS, () => {
      sweeping = false;
      if (closed) return;
      const nowMs = env.now();
      let busy = false;
      for (const peer of peers.values()) {
        const { sender } = peer;
        if (sending.waiting(sender) === 0) continue;
        busy = true;
        if (!sender.established) {
          if (nowMs >= peer.helloAtMs) sayHello(peer, nowMs);
        } else if (sending.isBlocked(sender)) {
          // The window is closed, and the ack that opens it may be lost: ask (the persist timer of RFC 9293, 3.8.6.1).
          if (nowMs >= peer.helloAtMs) sayHello(peer, nowMs);
        } else if (sending.expire(sender, nowMs)) {
          stats.resends++;
          // The peer may have restarted unannounced: a hello beside the resend finds out.
          peer.helloGapMs = HELLO_FIRST_MS;
          sayHello(peer, nowMs);
          markDirty(peer);
        }
      }
      if (busy) sweepLater();
    });
  }

  function hear(raw: unknown): void {
    if (closed) return;
    const frame = readFrame(raw);
    if (frame === null) return refuse('shape');
    if (frame === 'version') return refuse('version');
    if (frame.to !== self || frame.from === self) return refuse('address');
    const peer = peerOf(frame.from);
    if (frame.inc < peer.inc) return refuse('dead-incarnation');
    if (frame.inc > peer.inc) {
      peer.inc = frame.inc;
      sending.suspend(peer.sender);
      peer.helloGapMs = HELLO_FIRST_MS;
      peer.helloAtMs = 0;
      if (sending.waiting(peer.sender) > 0) markDirty(peer);
    }
    if (frame.type === 'hello') return hearHello(peer, frame);
    if (frame.type === 'reset') {
      sending.suspend(peer.sender);
      peer.helloAtMs = 0;
      return markDirty(peer);
    }
    if (frame.peerInc !== inc) {
      refuse('not-me');
      return post(peer, { type: 'reset', ...head(peer) });
    }
    if (frame.type === 'hello-ack') return hearHelloAck(peer, frame);
    hearAck(peer, frame.ack, frame.window, frame.type === 'ack' && frame.gap);
    if (frame.type === 'data') hearData(peer, frame);
  }

  function hearHello(peer: Peer, frame: HelloFrame): void {
    const { receiver } = peer;
    const known = peer.placed && (!frame.fresh || peer.session === frame.inc);
    if (!known) receiving.restart(receiver, frame.base);
    else if (receiver.expected < frame.base) {
      stats.skipped += frame.base - receiver.expected;
      receiving.restart(receiver, frame.base);
    }
    peer.placed = true;
    if (peer.session !== frame.inc) {
      peer.session = frame.inc;
      config.onHello?.(peer.id, Math.max(0, frame.highest - Math.max(frame.base, receiver.expected)));
    }
    post(peer, {
      type: 'hello-ack',
      ...head(peer),
      expected: receiver.settled,
      window: receiving.openWindow(receiver, options),
    });
  }

  function hearHelloAck(peer: Peer, frame: HelloAckFrame): void {
    if (peer.sender.established) return hearAck(peer, frame.expected, frame.window, false);
    const settled = sending.establish(peer.sender, frame.expected, frame.window);
    peer.helloGapMs = HELLO_FIRST_MS;
    if (settled > 0) config.onSettled?.(peer.id, peer.sender.base);
    markDirty(peer);
  }

  function hearAck(peer: Peer, ack: number, window: number, gap: boolean): void {
    const { sender } = peer;
    if (sending.acknowledge(sender, ack, window, gap, env.now(), options) > 0)
      config.onSettled?.(peer.id, sender.base);
    if (sender.cursor < sending.nextSeq(sender)) markDirty(peer);
  }

  function hearData(peer: Peer, frame: DataFrame): void {
    if (peer.session !== frame.inc) {
      refuse('no-session');
      return post(peer, { type: 'reset', ...head(peer) });
    }
    const { receiver } = peer;
    const first = receiver.expected;
    const due = receiving.accept(receiver, frame.first, frame.messages, options);
    if (due.length > 0) {
      stats.messagesReceived += due.length;
      if (config.durable === undefined) {
        receiving.settle(receiver, receiver.expected);
        receiving.deal(receiver, due.length, options);
      }
      config.onMessages(peer.id, first, due);
    }
    markDirty(peer);
  }

  for (const id of config.durable?.sent.keys() ?? [])
    if (sending.waiting(peerOf(id).sender) > 0) markDirty(peerOf(id));

  return {
    send(to, message) {
      const peer = peerOf(to);
      const seq = sending.enqueue(peer.sender, message, options);
      if (seq > 0) markDirty(peer);
      return seq;
    },
    nextSeq: (to) => sending.nextSeq(peerOf(to).sender),
    settle(from, below) {
      const peer = peerOf(from);
      receiving.settle(peer.receiver, below);
      markDirty(peer);
    },
    deal(from, n) {
      const peer = peerOf(from);
      receiving.deal(peer.receiver, n, options);
      if (peer.receiver.owesAck) markDirty(peer);
    },
    peerRestarted(id, newInc) {
      const peer = peers.get(id);
      if (!peer || newInc <= peer.inc) return;
      peer.inc = newInc;
      sending.suspend(peer.sender);
      peer.helloGapMs = HELLO_FIRST_MS;
      peer.helloAtMs = 0;
      if (sending.waiting(peer.sender) > 0) markDirty(peer);
    },
    abandon(id) {
      const peer = peerOf(id);
      const { sender } = peer;
      const base = sender.base;
      const pending = sender.pending.slice(sender.head) as Message[];
      sending.suspend(sender);
      sending.discard(sender);
      return { base, pending };
    },
    unsettled() {
      let n = 0;
      for (const peer of peers.values()) n += sending.waiting(peer.sender);
      return n;
    },
    stats,
    rttMs: (to) => peers.get(nodeId(to))?.sender.rtt.srttMs ?? -1,
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
