import type { Unit } from './meter.ts';
import type { ProviderOptions } from './options.ts';
import { profileOf, type Profile, type ProfileLimit } from './profile.ts';

/** What use is counted in. Tokens in all are the two kinds of tokens together. */
export type Axis = Exclude<Unit, 'totalTokens'>;
export const AXES: readonly Axis[] = ['requests', 'inputTokens', 'outputTokens'];
const UNITS: readonly Unit[] = [...AXES, 'totalTokens'];

/** For people. */
const NAMES: Readonly<Record<Unit, string>> = {
  requests: 'requests',
  inputTokens: 'input tokens',
  outputTokens: 'output tokens',
  totalTokens: 'tokens',
};
export const CONCURRENCY = 'concurrency';

/** Concurrency of an endpoint that has no limit of it. */
export const NO_CONCURRENCY_LIMIT = 1_000_000;

const MINUTE_MS = 60_000;
const SPANS: readonly (readonly [ms: number, name: string])[] = [
  [1_000, 's'],
  [MINUTE_MS, 'min'],
  [86_400_000, 'day'],
];

/** The limit's name, e.g. `input tokens/min`. */
export function limitName({ unit, perMs, scope }: Pick<ProfileLimit, 'unit' | 'perMs' | 'scope'>): string {
  const span = SPANS.find(([ms]) => ms === perMs)?.[1] ?? `${perMs / 1000} s`;
  return `${NAMES[unit]}/${span}${scope === 'project' ? ' of the project' : ''}`;
}

/** What a limit lets through at once at least, so that requests of ordinary size can be served at all. */
const LARGE_PROMPT_TOKENS = 4_096;
function leastBurst(unit: Unit, maxOutputTokens: number): number {
  if (unit === 'requests') return 2;
  return 2 * (unit === 'outputTokens' ? maxOutputTokens : LARGE_PROMPT_TOKENS);
}

/** A limit as an endpoint of a scenario enforces it. */
export interface EnforcedLimit extends ProfileLimit {
  readonly name: string;
  /** What a bucket holds, in the limit's unit. */
  readonly capacity: number;
}

export interface EnforcedLimits {
  readonly profile: Profile;
  readonly limits: readonly EnforcedLimit[];
  /** A number that nobody reaches where there is no such limit. */
  readonly concurrency: number;
}

/**
 * The limits of a scenario's endpoint: the profile's, and in their place or beside them what the scenario sets itself.
 * @param burstShare what a bucket holds, as a share of what the profile says; called once for each limit, in order
 */
export function enforcedLimits(
  options: ProviderOptions,
  profile: Profile = profileOf(options.profile),
  burstShare: () => number = () => 1,
): EnforcedLimits {
  const wanted: Readonly<Record<Unit, number>> = {
    requests: options.requestsPerMin,
    inputTokens: options.inputTokensPerMin,
    outputTokens: options.outputTokensPerMin,
    totalTokens: options.totalTokensPerMin,
  };
  const real = options.source !== 'simulated';
  // A real endpoint has limits of its own; what the scenario sets itself is kept to.
  const own = (real ? [] : profile.limits).map((limit): ProfileLimit => {
    const isMinute = limit.perMs === MINUTE_MS && limit.scope === 'organisation';
    const amount = isMinute && wanted[limit.unit] > 0 ? wanted[limit.unit] : limit.amount;
    const enforcement =
      options.enforcement !== 'profile' && limit.perMs === MINUTE_MS
        ? options.enforcement
        : limit.enforcement;
    return { ...limit, amount, enforcement };
  });
  const missing = UNITS.filter(
    (unit) => wanted[unit] > 0 && !own.some((l) => l.unit === unit && l.perMs === MINUTE_MS),
  ).map((unit): ProfileLimit => ({
    unit,
    amount: wanted[unit],
    perMs: MINUTE_MS,
    enforcement: options.enforcement === 'profile' ? 'bucket' : options.enforcement,
    burstMs: 1_000,
    counted: unit === 'outputTokens' ? 'produced' : 'admitted',
    cachedFree: false,
    scope: 'organisation',
  }));
  const concurrency = options.concurrency || (real ? 0 : profile.concurrency);
  return {
    profile,
    concurrency: concurrency > 0 ? concurrency : NO_CONCURRENCY_LIMIT,
    limits: [...own, ...missing].map((limit) => ({
      ...limit,
      name: limitName(limit),
      capacity: Math.max(
        leastBurst(limit.unit, options.maxOutputTokens),
        (burstShare() * limit.amount * limit.burstMs) / limit.perMs,
      ),
    })),
  };
}

/** Its limits a minute, those of the whole organisation: what use is shown against. */
export const minuteLimits = ({ limits }: EnforcedLimits): readonly EnforcedLimit[] =>
  limits.filter((l) => l.perMs === MINUTE_MS && l.scope === 'organisation');
