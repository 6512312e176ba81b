import type { WireCounts } from '../../fleet/ports.ts';
import { createEndpoints } from '../../provider/endpoints.ts';
import type { ProviderOptions } from '../../provider/options.ts';
import { profileOf } from '../../provider/profile.ts';
import { createRealEndpoint } from '../../provider/realEndpoint.ts';
import { createSimulatedProvider } from '../../provider/simulated.ts';
import { fetchOver, serveFetch } from './fetchPort.ts';
import { createLiveEnv, monotonicNow } from './liveEnv.ts';
import { createCaller } from './portCalls.ts';
import { browserFetch, watchEndpoint, type LiveEndpoint } from './realProvider.ts';

/** What a model that is not simulated needs beside the scenario. */
export interface RealModel {
  /** In the memory of this worker alone. */
  readonly key: string | null;
  readonly pageUrl: string;
  /** The way to the browser's own model, which only a page has. */
  readonly builtIn: MessagePort | null;
}

/** The Comlink contract of the worker behind which the endpoint lives. */
export interface ProviderControl {
  open(options: ProviderOptions, seed: string, epochMs: number, real: RealModel): void;
  /** Serves a node, in place of its incarnation before. */
  connect(node: number, port: MessagePort): void;
  /** That node is gone: what it asked for and has not got is broken off. */
  disconnect(node: number): void;
  disturb(slowdown: number, failing: number): void;
  counts(): WireCounts;
}

export function createProviderControl(): ProviderControl {
  let provider: LiveEndpoint | null = null;
  const opened = (): LiveEndpoint => {
    if (!provider) throw new Error('the provider is not open');
    return provider;
  };
  /** By node. */
  const leave = new Map<number, () => void>();
  function disconnect(node: number): void {
    leave.get(node)?.();
    leave.delete(node);
  }
  return {
    open(options, seed, epochMs, { key, pageUrl, builtIn }) {
      const env = createLiveEnv(epochMs, `${seed}/provider`);
      const { baseUrl, model } = options;
      switch (options.source) {
        case 'simulated':
          provider = createEndpoints(env, options, (its) =>
            createSimulatedProvider(its, profileOf(options.profile), options, epochMs),
          );
          return;
        case 'url': {
          const endpoint = createRealEndpoint({ baseUrl, model, key }, browserFetch, pageUrl, monotonicNow);
          provider = watchEndpoint(env, endpoint);
          return;
        }
        case 'browser':
          if (builtIn === null) throw new Error("There is no way to the browser's own model.");
          provider = watchEndpoint(env, fetchOver(createCaller(builtIn, (fn) => fn)));
      }
    },
    connect(node, port) {
      disconnect(node);
      leave.set(node, serveFetch(port, opened().fetch));
    },
    disconnect,
    disturb: (slowdown, failing) => opened().disturb({ slowdown, failing }),
    counts: () => opened().counts(),
  };
}
