import type { ProviderOptions } from './options.ts';

/** The limits per minute. Concurrency is the fourth limit, of another kind. */
export type Axis = 'requests' | 'inputTokens' | 'outputTokens';
export const AXES: readonly Axis[] = ['requests', 'inputTokens', 'outputTokens'];

/** Names for people, concurrency last: the order of `ProviderView.limits`. */
export const LIMIT_NAMES = ['requests/min', 'input tokens/min', 'output tokens/min', 'concurrency'] as const;

const LARGE_PROMPT_TOKENS = 4_096;

/** The limit of each axis, per minute. */
export function perMinute(options: ProviderOptions): Readonly<Record<Axis, number>> {
  return {
    requests: options.requestsPerMin,
    inputTokens: options.inputTokensPerMin,
    outputTokens: options.outputTokensPerMin,
  };
}

/**
 * How much of each limit the endpoint lets through at once. Providers warn that a limit per minute may be enforced over
 * shorter spans ("60 requests a minute as 1 a second"), so the simulated one is strict: one second's worth. It holds two
 * requests of ordinary size even where a second's worth is less, since otherwise the limit could not be used at all.
 */
export function endpointBurst(options: ProviderOptions): Readonly<Record<Axis, number>> {
  return {
    requests: Math.max(2, options.requestsPerMin / 60),
    inputTokens: Math.max(2 * LARGE_PROMPT_TOKENS, options.inputTokensPerMin / 60),
    outputTokens: Math.max(2 * options.maxOutputTokens, options.outputTokensPerMin / 60),
  };
}
