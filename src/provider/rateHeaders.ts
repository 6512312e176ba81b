import type { Unit } from './meter.ts';
import type { ToldLimit } from './quotaTypes.ts';

/** Header names by unit, in the dialects of Anthropic and of OpenAI and those that follow it. */
const NAMES: readonly (readonly [Unit, string])[] = [
  ['requests', 'anthropic-ratelimit-requests-*'],
  ['inputTokens', 'anthropic-ratelimit-input-tokens-*'],
  ['outputTokens', 'anthropic-ratelimit-output-tokens-*'],
  ['requests', 'x-ratelimit-*-requests'],
  ['inputTokens', 'x-ratelimit-*-input-tokens'],
  ['outputTokens', 'x-ratelimit-*-output-tokens'],
  ['totalTokens', 'x-ratelimit-*-tokens'],
];

const amount = (headers: Headers, name: string): number | null => {
  const text = headers.get(name);
  return text !== null && /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : null;
};

/** The limits that a response's headers tell of. */
export function toldLimits(headers: Headers): ToldLimit[] {
  return NAMES.flatMap(([unit, pattern]) => {
    const limit = amount(headers, pattern.replace('*', 'limit'));
    const remaining = amount(headers, pattern.replace('*', 'remaining'));
    return limit === null || remaining === null ? [] : [{ unit, limit, remaining }];
  });
}

/** Which limit a 429 was for: the one that its message names, else the only one with nothing left; undefined when neither says. */
export function limitOver(message: string, told: readonly ToldLimit[]): Unit | 'concurrency' | undefined {
  if (/concurren|in flight|simultaneous/i.test(message)) return 'concurrency';
  if (/output.?tokens/i.test(message)) return 'outputTokens';
  if (/input.?tokens/i.test(message)) return 'inputTokens';
  if (/tokens/i.test(message)) return 'totalTokens';
  if (/\brequests per|on requests|\brpm\b|\brpd\b/i.test(message)) return 'requests';
  const empty = told.filter(({ remaining }) => remaining < 1);
  return empty.length === 1 ? empty[0]!.unit : undefined;
}

/** Milliseconds from `retry-after-ms` or `retry-after` (whole or fractional seconds); null for none and for a date. */
export function retryAfterMs(headers: Headers): number | null {
  const ms = amount(headers, 'retry-after-ms');
  if (ms !== null) return ms;
  const seconds = amount(headers, 'retry-after');
  return seconds === null ? null : seconds * 1000;
}

/** What the endpoint itself says of another try, from `x-should-retry`; null when it does not. */
export function shouldRetry(headers: Headers): boolean | null {
  const said = headers.get('x-should-retry');
  return said === 'true' ? true : said === 'false' ? false : null;
}
