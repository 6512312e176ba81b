import type { ChannelPort } from '../../../src/bus/channel.ts';
import { createEndpoint } from '../../../src/bus/endpoint.ts';
import type { Env } from '../../../src/kernel/env.ts';
import { incarnation, nodeId } from '../../../src/kernel/ids.ts';
import { Arrivals, COUNTED } from './arrivals.ts';
import type { Go, PeerTask, Tell } from './plan.ts';
import { pace, pump } from './pump.ts';

/** An endpoint: level `memory`. */
export function memoryPeer(task: PeerTask, env: Env, channels: ChannelPort, tell: Tell): Go {
  const counted = COUNTED * task.messages;
  const arrivals = new Arrivals(task, env);
  const ackedMs: number[] = [];
  /** By peer: when what it has not acknowledged was sent; the first of them has the number `base`. */
  const sent = new Map<number, { base: number; atMs: number[] }>();
  let received = 0;
  let greeted = 0;
  let sentAll = false;
  let told = false;
  const tellWhenDone = (): void => {
    // What came in order is settled with its arrival, so a slow link is idle between two messages.
    if (told || !sentAll || received < task.expected + task.peers.length || endpoint.unsettled() > 0) return;
    told = true;
    const { resends, resentMessages } = endpoint.stats;
    tell({ type: 'acked', resends, resentMessages, oneWayMs: arrivals.oneWayMs, ackedMs });
  };
  const endpoint = createEndpoint(env, channels, {
    grove: task.grove,
    self: nodeId(task.self),
    inc: incarnation(1),
    options: task.options,
    onMessages(from, _first, messages) {
      if (greeted < task.peers.length) for (const { kind } of messages) if (kind === 'hello') greeted++;
      arrivals.note(from, messages);
      received += messages.length;
      if (greeted === task.peers.length && received === greeted) tell({ type: 'ready' });
      if (received === task.expected + task.peers.length) {
        tell({ type: 'received' });
        tellWhenDone();
      }
    },
    onSettled(to, below) {
      const link = sent.get(to);
      const nowMs = env.now();
      for (; link && link.base < below && link.atMs.length > 0; link.base++) {
        const atMs = link.atMs.shift()!;
        if (link.base > task.messages - counted) ackedMs.push(nowMs - atMs);
      }
      tellWhenDone();
    },
  });
  for (const peer of task.peers)
    endpoint.send(nodeId(peer), { from: 'a', to: 'b', kind: 'hello', body: '', hlc: 0 });
  return () => {
    const body = 'x'.repeat(task.bytes);
    if (task.perS > 0) {
      for (const peer of task.peers) sent.set(peer, { base: 2, atMs: [] });
      const send = (peer: number): void => {
        const atMs = env.now();
        sent.get(peer)!.atMs.push(atMs);
        endpoint.send(nodeId(peer), { from: 'a', to: 'b', kind: 'paced', body: { atMs, pad: body }, hlc: 0 });
      };
      return pace(task, env, send, () => (sentAll = true));
    }
    const limit = task.options.windowMessages * task.peers.length;
    pump(
      task,
      env,
      (peer, n) => {
        for (let i = 0; i < n; i++)
          endpoint.send(nodeId(peer), { from: 'a', to: 'b', kind: 'bench', body, hlc: 0 });
      },
      () => endpoint.unsettled() < limit,
      () => (sentAll = true),
    );
  };
}
