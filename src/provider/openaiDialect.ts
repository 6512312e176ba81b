import { err, ok } from '../kernel/result.ts';
import {
  retryAfterS,
  sse,
  tightest,
  type Dialect,
  type HeaderMap,
  type ModelAnswer,
  type ModelCall,
} from './dialect.ts';
import type { Limiter } from './limiter.ts';
import type { EnforcedLimit } from './limits.ts';
import type { Profile } from './profile.ts';
import { readCall, readObject } from './requestBody.ts';

const DAY_MS = 86_400_000;
const ROLES = { system: 'system', developer: 'system', user: 'user', assistant: 'assistant' } as const;

/** As such endpoints write it: `12ms`, `1.5s`, `6m0s`, `1h2m3s`. */
export function goDuration(ms: number): string {
  const whole = Math.ceil(Math.max(0, ms));
  if (whole < 1000) return `${whole}ms`;
  const hours = Math.floor(whole / 3_600_000);
  const minutes = Math.floor((whole % 3_600_000) / 60_000);
  const seconds = (whole % 60_000) / 1000;
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds}s`;
}

const usage = ({ prompt, outputTokens }: ModelAnswer): unknown => {
  const promptTokens = prompt.fresh + prompt.read + prompt.written;
  return {
    prompt_tokens: promptTokens,
    completion_tokens: outputTokens,
    total_tokens: promptTokens + outputTokens,
    prompt_tokens_details: { cached_tokens: prompt.read },
  };
};

const head = (call: ModelCall, answer: ModelAnswer, object: string): Record<string, unknown> => ({
  id: answer.id,
  object,
  created: answer.createdS,
  model: call.model,
});
const chunk = (call: ModelCall, answer: ModelAnswer, delta: unknown, finish: string | null = null): string =>
  sse({
    ...head(call, answer, 'chat.completion.chunk'),
    choices: [{ index: 0, delta, finish_reason: finish }],
    ...(call.includeUsage ? { usage: null } : {}),
  });

const error = (message: string, type: string, code: string): unknown => ({
  error: { message, type, param: null, code },
});

/** `on requests per min (RPM)` and the like. */
function limitWords(limit: EnforcedLimit): string {
  const per = limit.perMs === DAY_MS ? 'day' : 'min';
  const what = limit.unit === 'requests' ? 'requests' : 'tokens';
  return `${what} per ${per} (${what === 'requests' ? 'R' : 'T'}P${per === 'day' ? 'D' : 'M'})`;
}

/** Chat completions as OpenAI, Groq and many others serve them. @param headers which headers tell of the limits */
export function openaiDialect(headers: Profile['headers']): Dialect {
  const strict = headers === 'strict';
  const waits = (waitMs: number): HeaderMap =>
    headers === 'openai'
      ? { 'retry-after-ms': String(Math.ceil(waitMs)), 'retry-after': retryAfterS(waitMs) }
      : { 'retry-after': retryAfterS(waitMs) };
  return {
    takes: (method, pathname) => method === 'POST' && pathname.endsWith('/chat/completions'),
    parse(body, profile) {
      const given = readObject(body);
      if (!given.ok) return given;
      const { value } = given;
      const most = value['max_completion_tokens'] ?? value['max_tokens'] ?? profile.maxOutputTokens;
      const call = readCall(value, profile, ROLES, most, []);
      if (!call.ok) return err(call.error);
      const options = value['stream_options'] as { readonly include_usage?: boolean } | undefined;
      return ok({
        ...call.value,
        stream: value['stream'] === true,
        includeUsage: options?.include_usage === true,
      });
    },
    refusal(failure, model) {
      switch (failure.type) {
        case 'bad request':
          return {
            status: 400,
            body: error(failure.message, 'invalid_request_error', failure.code),
            headers: {},
          };
        case 'no route':
          return {
            status: 404,
            body: error(failure.message, 'invalid_request_error', 'not_found'),
            headers: {},
          };
        case 'limit': {
          const { limit, waitMs, used, cost } = failure;
          const after = retryAfterS(waitMs);
          if (strict || limit === null) {
            const message = `Rate limit reached on ${limit?.unit ?? 'concurrency'}. Try again in ${after} s.`;
            return {
              status: 429,
              body: error(message, 'rate_limit_error', 'rate_limit_exceeded'),
              headers: waits(waitMs),
            };
          }
          const where = limit.scope === 'project' ? 'project' : 'organization';
          const message =
            `Rate limit reached for ${model} in ${where} on ${limitWords(limit)}: Limit ${limit.amount}, ` +
            `Used ${Math.round(used)}, Requested ${Math.round(cost)}. Please try again in ${goDuration(waitMs)}.`;
          const type = limit.unit === 'requests' ? 'requests' : 'tokens';
          return { status: 429, body: error(message, type, 'rate_limit_exceeded'), headers: waits(waitMs) };
        }
        case 'acceleration':
          return {
            status: 429,
            body: error(
              'The rate of requests rose too fast. Slow down and raise it gradually.',
              'requests',
              'slow_down',
            ),
            headers: waits(failure.waitMs),
          };
        case 'spend': {
          const message = `The spending limit of $${failure.capUsd} is reached. Raise it to go on; waiting does not help.`;
          return {
            status: 429,
            body: error(message, 'insufficient_quota', 'insufficient_quota'),
            headers: { 'x-should-retry': 'false' },
          };
        }
        case 'overloaded':
          return {
            status: 503,
            body: error(
              'The model is overloaded. Try again later.',
              'server_error',
              strict ? 'overloaded' : 'server_is_overloaded',
            ),
            headers: {},
          };
      }
    },
    complete: (call, answer) => ({
      ...head(call, answer, 'chat.completion'),
      choices: [
        { index: 0, message: { role: 'assistant', content: answer.text }, finish_reason: answer.finish },
      ],
      usage: usage(answer),
    }),
    streamed: {
      begin: (call, answer) => chunk(call, answer, { role: 'assistant', content: '' }),
      piece: (call, answer, text) => chunk(call, answer, { content: text }),
      end: (call, answer) =>
        chunk(call, answer, {}, answer.finish) +
        (call.includeUsage
          ? sse({ ...head(call, answer, 'chat.completion.chunk'), choices: [], usage: usage(answer) })
          : '') +
        sse('[DONE]'),
      broken: () =>
        sse(error('The model is overloaded. Try again later.', 'server_error', 'server_is_overloaded')),
    },
    limitHeaders(limiters, nowMs) {
      const out: Record<string, string> = {};
      const tell = (name: string, limiter: Limiter | undefined): void => {
        if (limiter === undefined) return;
        out[`x-ratelimit-limit-${name}`] = String(limiter.limit.amount);
        out[`x-ratelimit-remaining-${name}`] = String(Math.floor(limiter.remaining(nowMs)));
        const resetMs = limiter.resetMs(nowMs);
        out[`x-ratelimit-reset-${name}`] = strict ? `${Math.ceil(resetMs) / 1000}s` : goDuration(resetMs);
      };
      const of = (unit: EnforcedLimit['unit'], perMs?: number): Limiter | undefined =>
        tightest(
          limiters.filter((l) => l.limit.unit === unit && (perMs === undefined || l.limit.perMs === perMs)),
          nowMs,
        );
      if (strict) {
        tell('requests', of('requests'));
        tell('input-tokens', of('inputTokens'));
        tell('output-tokens', of('outputTokens'));
        tell('tokens', of('totalTokens'));
      } else if (headers === 'groq') {
        tell('requests', of('requests', DAY_MS) ?? of('requests'));
        tell('tokens', of('totalTokens', 60_000) ?? of('inputTokens'));
      } else {
        tell('requests', of('requests', 60_000));
        tell('tokens', of('totalTokens', 60_000));
      }
      return out;
    },
  };
}

/** `GET /v1/models`. */
export const modelList = (profile: Profile, createdS: number): unknown => ({
  object: 'list',
  data: [{ id: profile.model, object: 'model', created: createdS, owned_by: profile.vendor }],
});
