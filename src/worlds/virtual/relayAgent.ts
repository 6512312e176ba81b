import type { Behaviour } from '../../agents/behaviour.ts';
import type { Env } from '../../kernel/env.ts';
import { agentId } from '../../kernel/ids.ts';
import type { VirtualWorld } from './virtualWorld.ts';

/** What agents of a relay pass on: `hops` more times. */
export interface RelayTask {
  readonly task: number;
  readonly hops: number;
}

/** A task takes its time at every so manieth agent, so that a crash can fall into it. */
const SLOW_EVERY = 3;
const SLOW_MS = 40;

export interface RelayAgentConfig {
  readonly world: VirtualWorld;
  readonly env: Env;
  /** From 0. */
  readonly index: number;
  readonly nodes: number;
  readonly onReceived: () => void;
}

/** An agent that remembers every task it gets and passes it on while it has hops left. */
export function createRelayAgent({ world, env, index, nodes, onReceived }: RelayAgentConfig): Behaviour {
  return {
    receive(message, turn) {
      onReceived();
      const { task, hops } = message.body as RelayTask;
      const pass = (): void => {
        turn.remember({
          kind: 'exchange',
          text: `${task}/${hops}`,
          speaker: '',
          date: '',
          ring: 'now',
          source: `exchange/${task}/${hops}`,
          atMs: env.now(),
        });
        const to = agentId((index + 1 + (task % Math.max(1, nodes - 1))) % nodes);
        if (hops > 0) turn.send(to, 'task', { task, hops: hops - 1 } satisfies RelayTask);
      };
      if ((task + hops) % SLOW_EVERY !== 0) {
        pass();
        return;
      }
      return new Promise<void>((resolve) => {
        env.setTimer(SLOW_MS, () => {
          pass();
          resolve();
          world.wake();
        });
      });
    },
  };
}
