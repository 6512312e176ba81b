import {
  boolean,
  integer,
  number,
  oneOf,
  section,
  string,
  withDefault,
  type Infer,
} from '../kernel/schema.ts';

/** The profiles that there are; each is a file of its own, with its date and its sources. */
export const PROFILE_NAMES = [
  'small-fast',
  'anthropic-1000',
  'anthropic-5000',
  'openai-like',
  'groq-like',
  'custom',
] as const;
export type ProfileName = (typeof PROFILE_NAMES)[number];

/** The provider's part of the scenario. Where a limit is 0, the profile's own holds. */
export const providerOptions = section({
  /** Who answers: the simulated provider, a model behind `baseUrl`, or the one that is built into the browser. */
  source: withDefault(oneOf('simulated', 'url', 'browser'), 'simulated'),
  /** Of an OpenAI-compatible endpoint. Its key is no part of a scenario. */
  baseUrl: withDefault(string(0, 300), ''),
  model: withDefault(string(0, 200), ''),
  profile: withDefault(oneOf(...PROFILE_NAMES), 'small-fast'),
  requestsPerMin: withDefault(integer(0, 10_000_000), 0),
  inputTokensPerMin: withDefault(integer(0, 1_000_000_000), 0),
  outputTokensPerMin: withDefault(integer(0, 1_000_000_000), 0),
  /** Prompt and answer together. */
  totalTokensPerMin: withDefault(integer(0, 1_000_000_000), 0),
  concurrency: withDefault(integer(0, 100_000), 0),
  /** How the endpoint enforces limits a minute. */
  enforcement: withDefault(oneOf('profile', 'bucket', 'sliding', 'fixed'), 'profile'),
  /** The endpoint refuses everything once the answers have cost so many dollars; 0 for no cap. */
  spendCapUsd: withDefault(number(0, 1_000_000_000), 0),
  /** Least and most tokens of an answer that an agent asks for. */
  maxOutputTokens: withDefault(integer(8, 4_096), 160),
  /** Answers come token by token, so that what is made is known while it is made. */
  stream: withDefault(boolean(), true),
  /** Endpoints (or keys) of that kind, each with these limits of its own. */
  endpoints: withDefault(integer(1, 64), 1),
  /** The slowest of them takes this many times as long as the fastest. */
  endpointSpread: withDefault(number(1, 100), 1),
  /** One-way delay between node and provider, on top of the model's own latency. */
  networkMs: withDefault(number(0, 10_000), 20),
  /** Each way may take up to this much longer, uniformly. */
  networkJitterMs: withDefault(number(0, 10_000), 20),
  /** Bytes of answers kept for equal prompts, in each region; 0 turns all caching off. */
  cacheBytes: withDefault(integer(0, 1_000_000_000), 8_388_608),
  /** The same in each node, before anybody is asked; 0 for none. */
  cacheNodeBytes: withDefault(integer(0, 100_000_000), 65_536),
  /** The same on disk, over reloads; 0 for none. */
  cacheDiskBytes: withDefault(integer(0, 1_000_000_000), 16_777_216),
  /** Which answers go first; `auto` follows the policy that does best. */
  cachePolicy: withDefault(
    oneOf('auto', 'lru', 'fifo', 'sieve', 's3-fifo', 'arc', 'lirs', 'w-tinylfu'),
    'auto',
  ),
  /** A kept answer is fresh for so long, */
  cacheTtlMs: withDefault(integer(0, 604_800_000), 600_000),
  /** given for so long after that while it is fetched anew, */
  cacheStaleMs: withDefault(integer(0, 604_800_000), 60_000),
  /** and a refusal that would come again is remembered for so long. */
  cacheNegativeMs: withDefault(integer(0, 3_600_000), 1_000),
  /** Questions alike from this cosine on share an answer when they rest on the same passages; 0 for never. */
  semanticFrom: withDefault(number(0, 1), 0),
  /** One of so many of these answers is fetched all the same and compared, for the rate of false hits. */
  semanticCheckEvery: withDefault(integer(1, 1_000_000), 10),
});
export type ProviderOptions = Infer<typeof providerOptions>;
