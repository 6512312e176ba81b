import { enforcedLimits } from './limits.ts';
import type { ProviderOptions } from './options.ts';
import { UNKNOWN_AMOUNT, type LimitConfig } from './meter.ts';
import { longestServiceMs, typicalOutputTokens } from './profile.ts';
import type { QuotaConfig } from './quotaState.ts';

const QUEUE_MAX = 10_000;
/** A request that was cut off is known to be at the endpoint after the network's longest delay and this: busy nodes included. */
const SLACK_MS = 250;
/** Hop from desk to node and back, and a busy node's delay, on average. */
const HOP_MS = 10;
/** How long a lease lasts: spent as late as that, it adds this to the variation of delays. */
export const LEASE_MS = 200;

/** Nothing is known of how long a real model takes. */
const REAL_LONGEST_MS = 120_000;
const unknown = (unit: LimitConfig['unit'], windowMs: number): LimitConfig => ({
  unit,
  windowMs,
  amount: UNKNOWN_AMOUNT,
  burst: UNKNOWN_AMOUNT,
  counted: 'admitted',
});
/** Limits that an endpoint's headers may tell of. */
const UNKNOWN: readonly LimitConfig[] = [
  unknown('requests', 60_000),
  unknown('inputTokens', 60_000),
  unknown('outputTokens', 60_000),
  unknown('totalTokens', 60_000),
  unknown('requests', 86_400_000),
  unknown('totalTokens', 86_400_000),
];

/**
 * What the desk believes of one endpoint of a scenario. Half of the endpoint's burst is spent on purpose; the other half
 * takes up the variation of delays between permit and arrival: half a second of it even at the strictest endpoint.
 */
export function quotaPlan(options: ProviderOptions): QuotaConfig {
  const { profile, limits, concurrency } = enforcedLimits(options);
  const real = options.source !== 'simulated';
  const networkMs = options.networkMs + options.networkJitterMs;
  return {
    limits: [
      ...(real
        ? UNKNOWN.filter((u) => !limits.some((l) => l.unit === u.unit && l.perMs === u.windowMs))
        : []),
      ...limits.map(({ unit, amount, perMs, enforcement, capacity, counted }) => ({
        unit,
        amount,
        windowMs: perMs,
        // A window lets its whole amount through at once; paced as a bucket of a second it is used as well.
        burst: (enforcement === 'bucket' ? capacity : Math.max(capacity, amount / 60)) / 2,
        ...(enforcement === 'bucket' && counted === 'admitted' ? { bucket: true as const } : {}),
        counted: counted === 'reserved' ? ('admitted' as const) : counted,
      })),
    ],
    concurrency: options.source === 'browser' ? 1 : concurrency,
    ...(real && options.concurrency === 0 ? { searches: true as const } : {}),
    queueMax: QUEUE_MAX,
    jitterMs: options.networkJitterMs + SLACK_MS,
    lagMs: 2 * options.networkJitterMs + SLACK_MS,
    lingerMs: networkMs + SLACK_MS,
    expectedMs:
      2 * networkMs +
      HOP_MS +
      profile.firstToken.medianMs +
      (Math.min(options.maxOutputTokens, typicalOutputTokens(profile)) * 1000) / profile.speed.tokensPerS,
    longestMs: real
      ? REAL_LONGEST_MS
      : networkMs + longestServiceMs(profile, profile.contextTokens, options.maxOutputTokens),
  };
}
