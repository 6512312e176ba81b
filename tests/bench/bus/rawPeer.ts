import { pairChannel, type Channel, type ChannelPort } from '../../../src/bus/channel.ts';
import type { Message } from '../../../src/bus/wire.ts';
import type { Env } from '../../../src/kernel/env.ts';
import { nothingAgain, type Go, type PeerTask, type Tell } from './plan.ts';
import { pump } from './pump.ts';

/** The same channels and batches without the protocol. */
export function rawPeer(task: PeerTask, env: Env, channels: ChannelPort, tell: Tell): Go {
  let received = 0;
  const out = new Map<number, Channel>();
  const greeted = new Set<number>();
  for (const peer of task.peers)
    out.set(
      peer,
      channels.open(pairChannel(task.grove, task.self, peer), () => undefined),
    );
  for (const peer of task.peers)
    channels.open(pairChannel(task.grove, peer, task.self), (frame) => {
      const { messages } = frame as { messages: readonly Message[] | null };
      if (messages === null) {
        // Greetings repeat; readiness is told once.
        if (!greeted.has(peer) && greeted.add(peer).size === task.peers.length) tell({ type: 'ready' });
        return;
      }
      received += messages.length;
      if (received === task.expected) {
        tell({ type: 'received' });
        tell({ type: 'acked', ...nothingAgain });
      }
    });
  // What is posted before the other side listens is lost, so greetings are repeated.
  const greet = setInterval(() => {
    for (const channel of out.values()) channel.post({ messages: null });
  }, 50);
  return () => {
    clearInterval(greet);
    const body = 'x'.repeat(task.bytes);
    pump(
      task,
      env,
      (peer, n) =>
        out.get(peer)!.post({
          messages: Array.from({ length: n }, () => ({ from: 'a', to: 'b', kind: 'bench', body, hlc: 0 })),
        }),
      () => true,
    );
  };
}
