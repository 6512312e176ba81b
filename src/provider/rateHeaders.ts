import type { RefusedBy, ToldLimit } from './quotaTypes.ts';

/** Header names by unit, in the dialects of Anthropic and of OpenAI and those that follow it. */
const NAMES = (
  [
    ['requests', 'anthropic-ratelimit-requests-*'],
    ['inputTokens', 'anthropic-ratelimit-input-tokens-*'],
    ['outputTokens', 'anthropic-ratelimit-output-tokens-*'],
    ['requests', 'x-ratelimit-*-requests'],
    ['inputTokens', 'x-ratelimit-*-input-tokens'],
    ['outputTokens', 'x-ratelimit-*-output-tokens'],
    ['totalTokens', 'x-ratelimit-*-tokens'],
  ] as const
).map(([unit, pattern]) => ({
  unit: unit,
  limit: pattern.replace('*', 'limit'),
  remaining: pattern.replace('*', 'remaining'),
  reset: pattern.replace('*', 'reset'),
}));

const amount = (headers: Headers, name: string): number | null => {
  const text = headers.get(name);
  return text !== null && /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : null;
};

const DAY_MS = 86_400_000;
/** Longer than this to refill what was used, and the limit is one of a day. */
const DAY_FROM_MS = 6 * 3_600_000;
const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: DAY_MS };

/** Milliseconds of a duration such as `12ms`, `1s`, `6m0s`, `2m59.56s`; null for anything else. */
export function durationMs(text: string): number | null {
  if (!/^(\d+(\.\d+)?(ms|[smhd]))+$/.test(text)) return null;
  let sum = 0;
  for (const [, value, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g))
    sum += Number(value) * UNITS_MS[unit!]!;
  return sum;
}

/**
 * Whether a limit is one of a day: no header says so, but what was used, and when it will all be there again, do (Groq's
 * requests are counted by the day under the name that is a minute's elsewhere).
 */
function isOfDay(limit: number, remaining: number, reset: string | null): boolean {
  const resetMs = reset === null ? null : durationMs(reset.trim());
  if (resetMs === null || remaining >= limit) return false;
  return (resetMs * limit) / (limit - remaining) >= DAY_FROM_MS;
}

/** The limits that a response's headers tell of. */
export function toldLimits(headers: Headers): ToldLimit[] {
  const told: ToldLimit[] = [];
  for (const names of NAMES) {
    const { unit } = names;
    const limit = amount(headers, names.limit);
    const remaining = limit === null ? null : amount(headers, names.remaining);
    if (limit === null || remaining === null) continue;
    const ofDay = isOfDay(limit, remaining, headers.get(names.reset));
    told.push({ unit, limit, remaining, ...(ofDay ? { windowMs: DAY_MS } : {}) });
  }
  return told;
}

/** What the refused request would have taken, so that what is left can be held against it. */
interface Needs {
  readonly inputTokens: number;
  /** The most that its answer might have had. */
  readonly outputTokens: number;
}

/** Each limit that the headers tell of has room for the request. */
const hasRoom = (told: readonly ToldLimit[], { inputTokens, outputTokens }: Needs): boolean =>
  told.every(({ unit, remaining }) => {
    switch (unit) {
      case 'requests':
        return remaining >= 1;
      case 'inputTokens':
        return remaining >= inputTokens;
      case 'outputTokens':
        return remaining >= outputTokens;
      case 'totalTokens':
        return remaining >= inputTokens + outputTokens;
    }
  });

/**
 * What a 429 was for: the limit that its message names, or a rise that was too sharp (Anthropic's acceleration limits,
 * OpenAI's `slow_down`); else the only limit with nothing left; undefined when neither says. Where no limit is named and
 * each that the headers tell of has room for the request, it was the rise too: no limit explains it.
 */
export function limitOver(message: string, told: readonly ToldLimit[], needs?: Needs): RefusedBy | undefined {
  if (/accelerat|(rose|rises|risen|ramp\w*)( up)? too|\bgradually\b/i.test(message)) return 'acceleration';
  if (/concurren|in flight|simultaneous/i.test(message)) return 'concurrency';
  if (/output.?tokens/i.test(message)) return 'outputTokens';
  if (/input.?tokens/i.test(message)) return 'inputTokens';
  if (/tokens/i.test(message)) return 'totalTokens';
  if (/\brequests per|on requests|\brpm\b|\brpd\b/i.test(message)) return 'requests';
  const empty = told.filter(({ remaining }) => remaining < 1);
  if (empty.length === 1) return empty[0]!.unit;
  return needs !== undefined && told.length > 0 && hasRoom(told, needs) ? 'acceleration' : undefined;
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
