import { createEndpoints } from '../../provider/endpoints.ts';
import type { ProviderOptions } from '../../provider/options.ts';
import { profileOf } from '../../provider/profile.ts';
import {
  createSimulatedProvider,
  type ProviderCounts,
  type SimulatedProvider,
} from '../../provider/simulated.ts';
import { createLiveEnv } from './liveEnv.ts';
import { serveFetch } from './remotePorts.ts';

/** The Comlink contract of the worker behind which the simulated endpoint lives. */
export interface ProviderControl {
  open(options: ProviderOptions, seed: string, epochMs: number): void;
  connect(port: MessagePort): void;
  disturb(slowdown: number, failing: number): void;
  counts(): ProviderCounts;
}

export function createProviderControl(): ProviderControl {
  let provider: SimulatedProvider | null = null;
  const opened = (): SimulatedProvider => {
    if (!provider) throw new Error('the provider is not open');
    return provider;
  };
  return {
    open(options, seed, epochMs) {
      provider = createEndpoints(createLiveEnv(epochMs, `${seed}/provider`), options, (env) =>
        createSimulatedProvider(env, profileOf(options.profile), options, epochMs),
      );
    },
    connect: (port) => serveFetch(port, opened().fetch),
    disturb: (slowdown, failing) => opened().disturb({ slowdown, failing }),
    counts: () => opened().counts(),
  };
}
