import { runInNewContext } from 'node:vm';
import { setFlagsFromString } from 'node:v8';
import type { ChannelPort } from '../../../src/bus/channel.ts';
import { createEndpoint } from '../../../src/bus/endpoint.ts';
import { busOptions } from '../../../src/bus/options.ts';
import type { Env } from '../../../src/kernel/env.ts';
import { incarnation, nodeId } from '../../../src/kernel/ids.ts';
import { createRng } from '../../../src/kernel/rng.ts';

/** Turns that run when they are told to, in order, and a clock that stands. */
function hand(): { env: Env; run(): void } {
  let queue: (() => void)[] = [];
  const timers: (() => void)[] = [];
  return {
    env: {
      now: () => 0,
      defer: (fn) => void queue.push(fn),
      setTimer(_delayMs, fn) {
        timers.push(fn);
        return () => undefined;
      },
      random: createRng,
    },
    run() {
      // Timers come last: an ack waits for a frame to ride on.
      while (queue.length > 0 || timers.length > 0) {
        if (queue.length === 0) queue.push(...timers.splice(0));
        const due = queue;
        queue = [];
        for (const fn of due) fn();
      }
    },
  };
}

/** Channels that hand frames over as they are: what a copy costs is the browser's. */
function sharing(env: Env): ChannelPort {
  const handles = new Map<string, Set<(frame: unknown) => void>>();
  return {
    open(name, receive) {
      const all = handles.get(name) ?? new Set();
      handles.set(name, all.add(receive));
      return {
        post: (frame) =>
          env.defer(() => {
            for (const other of all) if (other !== receive) other(frame);
          }),
        close: () => void all.delete(receive),
      };
    },
  };
}

/** What the protocol itself costs for a message, from `send` to its acknowledgement, without the browser's copy. */
export interface ProtocolCost {
  readonly bytes: number;
  readonly ns: number;
}

/** @param batch messages sent in one turn */
export function protocolCost(batch: number): ProtocolCost {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const { env, run } = hand();
  const channels = sharing(env);
  const options = busOptions.fallback!();
  const [one] = [1, 2].map((self) =>
    createEndpoint(env, channels, {
      grove: 'cost',
      self: nodeId(self),
      inc: incarnation(1),
      options,
      onMessages: () => undefined,
    }),
  );
  const message = { from: 'a', to: 'b', kind: 'bench', body: '', hlc: 0 };
  const send = (turns: number): void => {
    for (let turn = 0; turn < turns; turn++) {
      for (let i = 0; i < batch; i++) one!.send(nodeId(2), message);
      run();
    }
  };
  send(Math.ceil(400_000 / batch));
  const timed = Math.ceil(1_000_000 / batch);
  const began = performance.now();
  send(timed);
  const ns = ((performance.now() - began) * 1e6) / (timed * batch);
  // Few enough that nothing is collected meanwhile.
  const weighed = Math.ceil(4_096 / batch);
  collect();
  const before = process.memoryUsage().heapUsed;
  send(weighed);
  return { ns, bytes: (process.memoryUsage().heapUsed - before) / (weighed * batch) };
}
