import { pack, readMessages } from '../../../src/bus/batch.ts';
import { pairChannel, type Channel, type ChannelPort } from '../../../src/bus/channel.ts';
import type { Message, PackedMessages } from '../../../src/bus/wire.ts';
import type { Env } from '../../../src/kernel/env.ts';
import { Arrivals } from './arrivals.ts';
import { nothingAgain, type Go, type PeerTask, type Tell } from './plan.ts';
import { pace, pump } from './pump.ts';

/**
 * The same channels and batches without the protocol.
 * @param columns batches travel as the bus's do
 */
export function rawPeer(task: PeerTask, env: Env, channels: ChannelPort, tell: Tell, columns = false): Go {
  let received = 0;
  const arrivals = new Arrivals(task, env);
  const out = new Map<number, Channel>();
  const greeted = new Set<number>();
  for (const peer of task.peers)
    out.set(
      peer,
      channels.open(pairChannel(task.grove, task.self, peer), () => undefined),
    );
  for (const peer of task.peers)
    channels.open(pairChannel(task.grove, peer, task.self), (frame) => {
      const { messages: sent } = frame as { messages: readonly Message[] | PackedMessages | null };
      if (sent === null) {
        // Greetings repeat; readiness is told once.
        if (!greeted.has(peer) && greeted.add(peer).size === task.peers.length) tell({ type: 'ready' });
        return;
      }
      const messages = (columns ? readMessages(sent) : sent) as readonly Message[];
      arrivals.note(peer, messages);
      received += messages.length;
      if (received === task.expected) {
        tell({ type: 'received' });
        tell({ type: 'acked', ...nothingAgain, oneWayMs: arrivals.oneWayMs });
      }
    });
  // What is posted before the other side listens is lost, so greetings are repeated.
  const greet = setInterval(() => {
    for (const channel of out.values()) channel.post({ messages: null });
  }, 50);
  /** What is due in one turn goes to a peer in one post, as the bus does it. */
  function paced(pad: string): void {
    const due = new Map<number, Message[]>();
    const flush = (): void => {
      for (const [peer, messages] of due)
        out.get(peer)!.post({ messages: columns ? pack(messages) : messages });
      due.clear();
    };
    const send = (peer: number): void => {
      if (due.size === 0) env.defer(flush);
      const messages = due.get(peer) ?? [];
      messages.push({ from: 'a', to: 'b', kind: 'paced', body: { atMs: env.now(), pad }, hlc: 0 });
      due.set(peer, messages);
    };
    pace(task, env, send, () => undefined);
  }
  return () => {
    clearInterval(greet);
    const body = 'x'.repeat(task.bytes);
    if (task.perS > 0) return paced(body);
    pump(
      task,
      env,
      (peer, n) => {
        const messages = Array.from({ length: n }, () => ({
          from: 'a',
          to: 'b',
          kind: 'bench',
          body,
          hlc: 0,
        }));
        out.get(peer)!.post({ messages: columns ? pack(messages) : messages });
      },
      () => true,
    );
  };
}
