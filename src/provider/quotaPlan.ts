import { enforcedLimits } from './limits.ts';
import type { ProviderOptions } from './options.ts';
import { longestServiceMs } from './profile.ts';
import type { QuotaConfig } from './quotaState.ts';

const QUEUE_MAX = 10_000;
/** A request that was cut off is known to be at the endpoint after the network's longest delay and this: busy nodes included. */
const SLACK_MS = 250;
/** Hop from desk to node and back, and a busy node's delay, on average. */
const HOP_MS = 10;
/** How long a lease lasts: spent as late as that, it adds this to the variation of delays. */
export const LEASE_MS = 200;

/**
 * What the desk believes of one endpoint of a scenario. Half of the endpoint's burst is spent on purpose; the other half
 * takes up the variation of delays between permit and arrival: half a second of it even at the strictest endpoint.
 */
export function quotaPlan(options: ProviderOptions): QuotaConfig {
  const { profile, limits, concurrency } = enforcedLimits(options);
  const networkMs = options.networkMs + options.networkJitterMs;
  return {
    limits: limits.map(({ unit, amount, perMs, enforcement, capacity, counted }) => ({
      unit,
      amount,
      windowMs: perMs,
      // A window lets its whole amount through at once; paced as a bucket of a second it is used as well.
      burst: (enforcement === 'bucket' ? capacity : Math.max(capacity, amount / 60)) / 2,
      counted: counted === 'reserved' ? ('admitted' as const) : counted,
    })),
    concurrency,
    queueMax: QUEUE_MAX,
    jitterMs: options.networkJitterMs + SLACK_MS,
    lagMs: 2 * options.networkJitterMs + SLACK_MS,
    lingerMs: networkMs + SLACK_MS,
    expectedMs:
      2 * networkMs +
      HOP_MS +
      profile.firstToken.medianMs +
      (options.maxOutputTokens * 1000) / profile.speed.tokensPerS,
    longestMs: networkMs + longestServiceMs(profile, profile.contextTokens, options.maxOutputTokens),
  };
}
