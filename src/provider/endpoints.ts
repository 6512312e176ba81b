import { power } from '../kernel/maths.ts';
import type { Env } from '../kernel/env.ts';
import type { FetchHandler } from './port.ts';
import type { ProviderOptions } from './options.ts';
import type { ProviderCounts, SimulatedProvider } from './simulated.ts';

/** Where a path is asked for at endpoint `index` of the simulated provider. */
export function endpointUrl(index: number, path: string): string {
  return `https://model-${index}.invalid${path}`;
}

/** How many times as long endpoint `index` of `count` takes as the first: evenly spread in ratio up to `spread`. */
export function endpointSlowdown(index: number, count: number, spread: number): number {
  return count < 2 ? 1 : power(spread, index / (count - 1));
}

/** One handler for several endpoints, chosen by the host of a request; other hosts go to the first. */
export function routeEndpoints(handlers: readonly FetchHandler[]): FetchHandler {
  return (request) => {
    const index = Number(/^model-(\d+)\.invalid$/.exec(new URL(request.url).hostname)?.[1] ?? 0);
    return (handlers[index] ?? handlers[0]!)(request);
  };
}

type Counts = { readonly [key: string]: number | Counts };

/** Adds up counts of equal shape, number by number. */
function sum(all: readonly Counts[]): Counts {
  return Object.fromEntries(
    Object.entries(all[0]!).map(([key, value]) => [
      key,
      typeof value === 'number'
        ? all.reduce((n, counts) => n + (counts[key] as number), 0)
        : sum(all.map((counts) => counts[key] as Counts)),
    ]),
  );
}

/**
 * The endpoints of a scenario behind one handler, each with random streams of its own. Counts are those of all of them;
 * a trouble befalls the first of several, which is the fastest, so that there is somewhere to go.
 */
export function createEndpoints(
  env: Env,
  options: Pick<ProviderOptions, 'endpoints' | 'endpointSpread'>,
  create: (env: Env) => SimulatedProvider,
): SimulatedProvider {
  const { endpoints, endpointSpread } = options;
  if (endpoints === 1) return create(env);
  const all = Array.from({ length: endpoints }, (_, i) => {
    const provider = create({
      now: () => env.now(),
      setTimer: (delayMs, fn) => env.setTimer(delayMs, fn),
      defer: (fn) => env.defer(fn),
      random: (name) => env.random(`${name}/${i}`),
    });
    provider.disturb({ slowdown: endpointSlowdown(i, endpoints, endpointSpread), failing: 0 });
    return provider;
  });
  return {
    fetch: routeEndpoints(all.map((provider) => (request) => provider.fetch(request))),
    disturb: (trouble) => all[0]!.disturb(trouble),
    counts: () => sum(all.map((p) => p.counts() as unknown as Counts)) as unknown as ProviderCounts,
  };
}
