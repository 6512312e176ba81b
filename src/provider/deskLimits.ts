import { concurrencyOf, inFlightOf } from './quotaState.ts';
import { CONCURRENCY, limitName, type EnforcedLimits, minuteLimits, NO_CONCURRENCY_LIMIT } from './limits.ts';
import type { ProviderOptions } from './options.ts';
import type { Target } from './target.ts';
import { usedOf, type Usage } from './usageWindow.ts';

export interface ShownLimit {
  readonly name: string;
  readonly limit: number;
  readonly used: number;
}

/** What answers, for people. */
export function providerName({ source, profile, model }: ProviderOptions): string {
  if (source === 'simulated') return profile;
  return source === 'browser' ? "the browser's own model" : model;
}

/** The limits of all endpoints together: as they are written, or as far as headers told and the search found them. */
export function shownLimits(
  options: ProviderOptions,
  enforced: EnforcedLimits,
  targets: readonly Target[],
  charged: Usage['charged'],
  nowMs: number,
): readonly ShownLimit[] {
  const inFlight = targets.reduce((n, t) => n + inFlightOf(t.quota), 0);
  const written = minuteLimits(enforced).map((l) => ({
    name: l.name,
    limit: l.amount * targets.length,
    used: usedOf(l, charged),
  }));
  const places =
    options.source === 'simulated'
      ? enforced.concurrency * targets.length
      : targets.reduce((n, t) => n + concurrencyOf(t.quota), 0);
  const concurrency =
    options.source === 'simulated' && enforced.concurrency === NO_CONCURRENCY_LIMIT
      ? []
      : [{ name: CONCURRENCY, limit: places, used: inFlight }];
  if (options.source === 'simulated') return [...written, ...concurrency];
  const told = (targets[0]?.quota.meters ?? [])
    .filter((m) => m.known)
    .map((m) => ({
      name: limitName({ unit: m.config.unit, perMs: m.config.windowMs, scope: 'organisation' }),
      limit: m.amount,
      used: m.used(nowMs) + m.belief.others,
    }))
    .filter((l) => written.every((w) => w.name !== l.name));
  return [...written, ...told, ...concurrency];
}

/** The limit that is used most, of at least one. */
export function bindingOf(shown: readonly ShownLimit[]): { bindingLimit: string; bindingUse: number } {
  const binding = shown.reduce((a, b) => (b.used / b.limit > a.used / a.limit ? b : a));
  return { bindingLimit: binding.name, bindingUse: Math.min(1, binding.used / binding.limit) };
}
