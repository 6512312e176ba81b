import { pairChannel, type Channel } from '../../../src/bus/channel.ts';
import { createEndpoint } from '../../../src/bus/endpoint.ts';
import type { BusOptions } from '../../../src/bus/options.ts';
import type { Message } from '../../../src/bus/wire.ts';
import { incarnation, nodeId } from '../../../src/kernel/ids.ts';
import { liveChannels } from '../../../src/worlds/live/liveChannels.ts';
import { createLiveEnv, monotonicNow } from '../../../src/worlds/live/liveEnv.ts';

/** What one worker of a measurement is to do. */
export interface PeerTask {
  readonly kind: 'raw' | 'bus';
  readonly grove: string;
  readonly self: number;
  readonly peers: readonly number[];
  /** Messages to each peer, and those that come from all of them. */
  readonly messages: number;
  readonly expected: number;
  /** Bytes of a message's body. */
  readonly bytes: number;
  readonly options: BusOptions;
}
export type PeerNews =
  { readonly type: 'ready' } | { readonly type: 'received' | 'acked'; readonly resends: number };

const post = (news: PeerNews): void => self.postMessage(news);

/** Sends one batch to each peer a turn, as a busy node does, while `mayGoOn` says so. */
function pump(
  task: PeerTask,
  env: ReturnType<typeof createLiveEnv>,
  sendBatch: (peer: number, messages: Message[]) => void,
  mayGoOn: () => boolean,
): void {
  const body = 'x'.repeat(task.bytes);
  let sent = 0;
  const turn = (): void => {
    if (!mayGoOn()) return void env.setTimer(1, turn);
    const n = Math.min(task.options.batchMessages, task.messages - sent);
    for (const peer of task.peers)
      sendBatch(
        peer,
        Array.from({ length: n }, () => ({ from: 'a', to: 'b', kind: 'bench', body, hlc: 0 })),
      );
    sent += n;
    if (sent < task.messages) env.defer(turn);
  };
  turn();
}

/** The same channels and batches without the protocol. */
function raw(task: PeerTask): () => void {
  const env = createLiveEnv(monotonicNow(), 'bench');
  let received = 0;
  const out = new Map<number, Channel>();
  const greeted = new Set<number>();
  for (const peer of task.peers)
    out.set(
      peer,
      liveChannels.open(pairChannel(task.grove, task.self, peer), () => undefined),
    );
  for (const peer of task.peers)
    liveChannels.open(pairChannel(task.grove, peer, task.self), (frame) => {
      const { messages } = frame as { messages: readonly Message[] | null };
      if (messages === null) {
        // Greetings repeat; readiness is told once.
        if (!greeted.has(peer) && greeted.add(peer).size === task.peers.length) post({ type: 'ready' });
        return;
      }
      received += messages.length;
      if (received === task.expected) {
        post({ type: 'received', resends: 0 });
        post({ type: 'acked', resends: 0 });
      }
    });
  // What is posted before the other side listens is lost, so greetings are repeated.
  const greet = setInterval(() => {
    for (const channel of out.values()) channel.post({ messages: null });
  }, 50);
  return () => {
    clearInterval(greet);
    pump(
      task,
      env,
      (peer, messages) => out.get(peer)!.post({ messages }),
      () => true,
    );
  };
}

function bus(task: PeerTask): () => void {
  const env = createLiveEnv(monotonicNow(), 'bench');
  let received = 0;
  let greeted = 0;
  let started = false;
  const endpoint = createEndpoint(env, liveChannels, {
    grove: task.grove,
    self: nodeId(task.self),
    inc: incarnation(1),
    options: task.options,
    onMessages(_from, _first, messages) {
      for (const { kind } of messages) if (kind === 'hello') greeted++;
      received += messages.length;
      if (greeted === task.peers.length && received === greeted) post({ type: 'ready' });
      if (received === task.expected + task.peers.length)
        post({ type: 'received', resends: endpoint.stats.resends });
    },
  });
  for (const peer of task.peers)
    endpoint.send(nodeId(peer), { from: 'a', to: 'b', kind: 'hello', body: '', hlc: 0 });
  const watch = setInterval(() => {
    if (!started || endpoint.unsettled() > 0) return;
    clearInterval(watch);
    post({ type: 'acked', resends: endpoint.stats.resends });
  }, 1);
  return () => {
    const limit = task.options.windowMessages * task.peers.length;
    pump(
      task,
      env,
      (peer, messages) => {
        for (const message of messages) endpoint.send(nodeId(peer), message);
        started = true;
      },
      () => endpoint.unsettled() < limit,
    );
  };
}

let go: (() => void) | null = null;
self.onmessage = (event: MessageEvent<PeerTask | 'go'>) => {
  if (event.data === 'go') go?.();
  else go = event.data.kind === 'raw' ? raw(event.data) : bus(event.data);
};
