import type { WireOutcome } from './completion.ts';
import type { ModelFailure } from './port.ts';

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Names retries on top of ours. */
export const againFrom = (nested: number): string =>
  nested === 0
    ? ''
    : ` It had failed ${nested === 1 ? 'once' : `${nested} times`} just before and was asked again from outside, so it was tried once only: let one layer retry, not two.`;

/** What an agent is told of a request that came to nothing. @param nested how often it had failed just before */
export function explain(
  outcome: Exclude<WireOutcome, { type: 'answer' }>,
  attempts: number,
  providerMs: number,
  nested: number,
): ModelFailure {
  const again = againFrom(nested);
  const tries = attempts === 1 ? 'one try' : `${attempts} tries`;
  if (outcome.type === 'cut-off')
    return {
      reason: 'timeout',
      message: `The provider had not answered after ${seconds(providerMs)}, when the deadline came. Allow more time or ask for a shorter answer.`,
      attempts,
    };
  if (outcome.type === 'network')
    return {
      reason: 'failed',
      message: /[.]$/.test(outcome.message)
        ? outcome.message
        : `The provider could not be reached in ${tries} (${outcome.message}). Check the connection and ask again.`,
      attempts,
    };
  if (outcome.explained === true) return { reason: 'refused', message: outcome.message, attempts };
  if (outcome.status === 429)
    return {
      reason: 'rate-limited',
      message: `The provider refused for its rate limit in ${tries}. Ask fewer questions a second or raise the provider's limits.${again}`,
      attempts,
    };
  if (outcome.status >= 500)
    return {
      reason: 'overloaded',
      message: `The provider answered ${outcome.status} in ${tries} (${outcome.message}). Ask again later.${again}`,
      attempts,
    };
  return {
    reason: 'refused',
    message: `The provider refused the request with ${outcome.status} (${outcome.message}). Change the request; asking again will not help.`,
    attempts,
  };
}
