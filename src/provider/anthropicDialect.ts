import { err, ok } from '../kernel/result.ts';
import { retryAfterS, sse, tightest, type Dialect, type ModelAnswer } from './dialect.ts';
import type { Limiter } from './limiter.ts';
import type { EnforcedLimit } from './limits.ts';
import { rfc3339 } from '../kernel/rfc3339.ts';
import { readCall, readContent, readObject } from './requestBody.ts';

const ROLES = { user: 'user', assistant: 'assistant' } as const;
const UNITS: Readonly<Record<EnforcedLimit['unit'], string>> = {
  requests: 'requests',
  inputTokens: 'input tokens',
  outputTokens: 'output tokens',
  totalTokens: 'tokens',
};
/** What is left of tokens is told in thousands. */
const TOKENS_ROUNDED_TO = 1_000;

const usage = ({ prompt, outputTokens }: ModelAnswer, output = outputTokens): unknown => ({
  input_tokens: prompt.fresh,
  cache_creation_input_tokens: prompt.written,
  cache_read_input_tokens: prompt.read,
  output_tokens: output,
});

const error = (type: string, message: string, more: object = {}): unknown => ({
  type: 'error',
  error: { type, message, ...more },
});

/** The Messages API as Anthropic documents it. */
export const anthropicDialect: Dialect = {
  takes: (method, pathname) => method === 'POST' && pathname.endsWith('/v1/messages'),
  parse(body, profile) {
    const given = readObject(body);
    if (!given.ok) return given;
    const { value } = given;
    const system = readContent(value['system'] ?? '', 'system');
    if (!system.ok) return system;
    const call = readCall(value, profile, ROLES, value['max_tokens'], system.value);
    return call.ok
      ? ok({ ...call.value, stream: value['stream'] === true, includeUsage: true })
      : err(call.error);
  },
  refusal(failure) {
    switch (failure.type) {
      case 'bad request':
        return { status: 400, body: error('invalid_request_error', failure.message), headers: {} };
      case 'no route':
        return { status: 404, body: error('not_found_error', failure.message), headers: {} };
      case 'limit': {
        const { limit, waitMs } = failure;
        const what =
          limit === null
            ? 'the number of concurrent connections'
            : `${limit.amount.toLocaleString('en-US')} ${UNITS[limit.unit]} per minute`;
        return {
          status: 429,
          body: error(
            'rate_limit_error',
            `This request would exceed the rate limit of your organization: ${what}.`,
          ),
          headers: { 'retry-after': retryAfterS(waitMs) },
        };
      }
      case 'acceleration':
        return {
          status: 429,
          body: error(
            'rate_limit_error',
            'The use of your organization rose too sharply (acceleration limit). Ramp up gradually.',
          ),
          headers: { 'retry-after': retryAfterS(failure.waitMs) },
        };
      case 'spend':
        return {
          status: 429,
          body: error('rate_limit_error', `The spend limit of $${failure.capUsd} is reached.`, {
            details: { error_code: 'enforced_spend_limit_reached' },
          }),
          headers: { 'x-should-retry': 'false' },
        };
      case 'overloaded':
        return { status: 529, body: error('overloaded_error', 'Overloaded'), headers: {} };
    }
  },
  complete: (call, answer) => ({
    id: answer.id,
    type: 'message',
    role: 'assistant',
    model: call.model,
    content: [{ type: 'text', text: answer.text }],
    stop_reason: answer.finish === 'stop' ? 'end_turn' : 'max_tokens',
    stop_sequence: null,
    usage: usage(answer),
  }),
  streamed: {
    begin: (call, answer) =>
      sse(
        {
          type: 'message_start',
          message: {
            id: answer.id,
            type: 'message',
            role: 'assistant',
            model: call.model,
            content: [],
            stop_reason: null,
            stop_sequence: null,
            usage: usage(answer, 1),
          },
        },
        'message_start',
      ) +
      sse(
        { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
        'content_block_start',
      ) +
      sse({ type: 'ping' }, 'ping'),
    piece: (_call, _answer, text) =>
      sse(
        { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } },
        'content_block_delta',
      ),
    end: (_call, answer) =>
      sse({ type: 'content_block_stop', index: 0 }, 'content_block_stop') +
      sse(
        {
          type: 'message_delta',
          delta: { stop_reason: answer.finish === 'stop' ? 'end_turn' : 'max_tokens', stop_sequence: null },
          usage: { output_tokens: answer.outputTokens },
        },
        'message_delta',
      ) +
      sse({ type: 'message_stop' }, 'message_stop'),
    broken: () => sse(error('overloaded_error', 'Overloaded'), 'error'),
  },
  limitHeaders(limiters, nowMs, epochMs) {
    const out: Record<string, string> = {};
    const tell = (name: string, limiter: Limiter | undefined): void => {
      if (limiter === undefined) return;
      const left = limiter.remaining(nowMs);
      const isTokens = limiter.limit.unit !== 'requests';
      const remaining = isTokens
        ? Math.round(left / TOKENS_ROUNDED_TO) * TOKENS_ROUNDED_TO
        : Math.floor(left);
      const resetAtMs = Math.ceil((epochMs + nowMs + limiter.resetMs(nowMs)) / 1000) * 1000;
      out[`anthropic-ratelimit-${name}-limit`] = String(limiter.limit.amount);
      out[`anthropic-ratelimit-${name}-remaining`] = String(Math.min(limiter.limit.amount, remaining));
      out[`anthropic-ratelimit-${name}-reset`] = rfc3339(resetAtMs);
    };
    const of = (unit: EnforcedLimit['unit']): Limiter | undefined =>
      tightest(
        limiters.filter((l) => l.limit.unit === unit),
        nowMs,
      );
    tell('requests', of('requests'));
    tell('input-tokens', of('inputTokens'));
    tell('output-tokens', of('outputTokens'));
    tell(
      'tokens',
      tightest(
        limiters.filter((l) => l.limit.unit !== 'requests'),
        nowMs,
      ),
    );
    return out;
  },
};
