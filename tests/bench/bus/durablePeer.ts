import { startNode } from '../../../src/agents/node.ts';
import { replayNodeLog } from '../../../src/agents/nodeLog.ts';
import type { ChannelPort } from '../../../src/bus/channel.ts';
import type { Env } from '../../../src/kernel/env.ts';
import { incarnation, nodeId, type AgentId } from '../../../src/kernel/ids.ts';
import { journalOver } from '../../../src/worlds/live/journalPort.ts';
import type { Go, PeerTask, Tell } from './plan.ts';
import { pump } from './pump.ts';

/** A hundred peers that look more often whether all is done cost more than what they look at. */
const WATCH_MS = 10;

const addressOf = (node: number): string => `peer-${node}`;

/** A node with one agent that deals with what comes by counting it: level `durable`, over crash memory. */
export function durablePeer(task: PeerTask, env: Env, channels: ChannelPort, tell: Tell): Go {
  let received = 0;
  let greeted = 0;
  let sentAll = false;
  const fail = (message: string): never => {
    throw new Error(message);
  };
  const node = startNode(
    env,
    channels,
    journalOver(task.journal, (fn) => fn),
    {
      grove: task.grove,
      self: nodeId(task.self),
      inc: incarnation(1),
      bus: task.options,
      nodeOf: (address) => nodeId(Number(address.slice(5))),
      onFailure: (error) => fail(error.message),
      onPoison: fail,
    },
    replayNodeLog([]),
    [
      {
        id: addressOf(task.self) as AgentId,
        memory: null,
        behaviour: {
          receive({ kind }) {
            if (kind === 'hello') {
              if (++greeted === task.peers.length) tell({ type: 'ready' });
            } else if (++received === task.expected) tell({ type: 'received' });
          },
        },
      },
    ],
  );
  const send = (peer: number, kind: string, body: string): void => {
    if (!node.send(addressOf(task.self), addressOf(peer), kind, body)) fail('a link is full');
  };
  for (const peer of task.peers) send(peer, 'hello', '');
  const watch = setInterval(() => {
    if (!sentAll || node.unsettled > 0 || received < task.expected) return;
    clearInterval(watch);
    const { resends, resentMessages } = node.bus;
    tell({ type: 'acked', resends, resentMessages, oneWayMs: [], ackedMs: [] });
  }, WATCH_MS);
  return () => {
    const body = 'x'.repeat(task.bytes);
    const limit = task.options.windowMessages * task.peers.length;
    pump(
      task,
      env,
      (peer, n) => {
        for (let i = 0; i < n; i++) send(peer, 'bench', body);
      },
      () => node.unsettled < limit,
      () => (sentAll = true),
    );
  };
}
