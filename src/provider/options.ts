import { integer, number, oneOf, section, withDefault, type Infer } from '../kernel/schema.ts';

/** The provider's part of the scenario. Token counts and rates per minute; 0 tokens of a limit means "no such limit" nowhere: every limit holds. */
export const providerOptions = section({
  profile: withDefault(oneOf('small-fast'), 'small-fast'),
  requestsPerMin: withDefault(integer(1, 10_000_000), 2_000),
  inputTokensPerMin: withDefault(integer(1, 1_000_000_000), 4_000_000),
  outputTokensPerMin: withDefault(integer(1, 1_000_000_000), 400_000),
  concurrency: withDefault(integer(1, 100_000), 100),
  /** Least and most tokens of an answer that an agent asks for. */
  maxOutputTokens: withDefault(integer(8, 4_096), 160),
  /** Endpoints (or keys) of that kind, each with these limits of its own. */
  endpoints: withDefault(integer(1, 64), 1),
  /** The slowest of them takes this many times as long as the fastest. */
  endpointSpread: withDefault(number(1, 100), 1),
  /** One-way delay between node and provider, on top of the model's own latency. */
  networkMs: withDefault(number(0, 10_000), 20),
  /** Each way may take up to this much longer, uniformly. */
  networkJitterMs: withDefault(number(0, 10_000), 20),
  /** Answers kept for equal prompts; 0 turns the cache off. */
  cacheEntries: withDefault(integer(0, 1_000_000), 2_000),
});
export type ProviderOptions = Infer<typeof providerOptions>;
