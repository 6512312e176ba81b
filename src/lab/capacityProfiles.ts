import { minuteLimits } from '../provider/limits.ts';
import { PROFILE_NAMES } from '../provider/options.ts';
import { estimatePromptTokens } from '../provider/prompt.ts';
import { endpointOf, parseCapacityPlan, type CapacityPlan } from './capacityPlan.ts';

/** A profile as a visitor chooses it. */
export interface ProfileChoice {
  readonly name: CapacityPlan['profile'];
  readonly title: string;
  readonly asOf: string;
  readonly sources: readonly string[];
  readonly limits: readonly { readonly name: string; readonly amount: number }[];
  /** Units of which it has a limit a minute. */
  readonly units: readonly string[];
  /** 0 for no such limit. */
  readonly concurrency: number;
  readonly contextTokens: number;
  readonly maxOutputTokens: number;
  readonly prices: NonNullable<CapacityPlan['prices']>;
}

export const PROFILES: readonly ProfileChoice[] = PROFILE_NAMES.map((name) => {
  const plan = parseCapacityPlan({ profile: name, maxTokens: 64 });
  if (!plan.ok) throw new RangeError(plan.error.join('; '));
  const { profile, enforced } = endpointOf(plan.value);
  const { title, asOf, sources, concurrency, contextTokens, maxOutputTokens } = profile;
  return {
    name,
    title,
    asOf,
    sources,
    limits: enforced.limits.map((limit) => ({ name: limit.name, amount: limit.amount })),
    units: minuteLimits(enforced).map(({ unit }) => unit),
    concurrency,
    contextTokens,
    maxOutputTokens,
    prices: profile.pricesPerMTok,
  };
});

/** Tokens of a text as one message, by the estimate that client and endpoint share: one for each 4 characters, and 4. */
export const tokensOfText = (text: string): number => estimatePromptTokens([{ role: 'user', content: text }]);
