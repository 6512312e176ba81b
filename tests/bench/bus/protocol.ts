import type { ChannelPort } from '../../../src/bus/channel.ts';
import { createEndpoint } from '../../../src/bus/endpoint.ts';
import { busOptions } from '../../../src/bus/options.ts';
import type { Env } from '../../../src/kernel/env.ts';
import { incarnation, nodeId } from '../../../src/kernel/ids.ts';
import { hand } from './hand.ts';

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

/**
 * Two endpoints that hand each other their frames without a copy: the protocol alone. Returns what sends so many batches
 * of `batch` messages, each in one turn, and runs until all of it is acknowledged.
 */
export function protocolAlone(batch: number): (batches: number) => void {
  const { env, run } = hand(() => 0);
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
  return (batches) => {
    for (let n = 0; n < batches; n++) {
      for (let i = 0; i < batch; i++) one!.send(nodeId(2), message);
      run();
    }
    if (one!.unsettled() > 0) throw new Error(`${one!.unsettled()} messages are not settled`);
  };
}
