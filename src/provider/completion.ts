import { givenOf } from './plainHttp.ts';
import type { AnswerTiming } from './port.ts';
import { estimateTokens } from './prompt.ts';
import type { ToldLimit } from './quotaTypes.ts';
import { retryAfterMs, shouldRetry, toldLimits } from './rateHeaders.ts';

/** Marks a refusal whose message is a sentence for the visitor as it stands. */
export const EXPLAINED = 'x-treering-explained';

/** What came back over the wire. */
export type WireOutcome =
  | {
      readonly type: 'answer';
      readonly text: string;
      readonly usage: { readonly inputTokens: number; readonly outputTokens: number };
      readonly told: readonly ToldLimit[];
      /** Of an answer that came as a stream. */
      readonly timing?: AnswerTiming;
    }
  /** An answer of another status than 200, a 200 that is no completion (status 502), or an error inside a stream. */
  | {
      readonly type: 'status';
      readonly status: number;
      readonly retryAfterMs: number | null;
      /** What the endpoint says of another try; null when it does not. */
      readonly shouldRetry: boolean | null;
      readonly message: string;
      readonly told: readonly ToldLimit[];
      /** The message is a whole sentence for the visitor. */
      readonly explained?: true;
    }
  | { readonly type: 'network'; readonly message: string }
  /** Our own deadline ended it. */
  | { readonly type: 'cut-off' };

export type Loose =
  { readonly [key: string]: Loose } | readonly Loose[] | string | number | boolean | null | undefined;

export function at(value: Loose, ...path: readonly (string | number)[]): Loose {
  let found = value;
  for (const key of path)
    found =
      typeof found === 'object' && found !== null
        ? (found as Record<string | number, Loose>)[key]
        : undefined;
  return found;
}

export function parseLoose(text: string): Loose {
  try {
    return JSON.parse(text) as Loose;
  } catch {
    return undefined;
  }
}

/** Of an Anthropic message: what counts of its prompt, tokens written into the prompt cache included, read ones not. */
export function freshTokens(usage: Loose): number | undefined {
  const input = at(usage, 'input_tokens');
  const written = at(usage, 'cache_creation_input_tokens');
  return typeof input === 'number' ? input + (typeof written === 'number' ? written : 0) : undefined;
}

/** Codes of a 429 that no waiting cures: the account is out of money. */
const NEVER = ['insufficient_quota', 'enforced_spend_limit_reached', 'billing_hard_limit_reached'];

/**
 * Reads a completion, an OpenAI-compatible one or an Anthropic message; rejects only when the body cannot be read.
 * @param promptTokens the estimate for the prompt, for an endpoint that does not count
 */
export async function readCompletion(response: Response, promptTokens = 0): Promise<WireOutcome> {
  const body = (givenOf(response) as Loose) ?? parseLoose(await response.text());
  if (response.status !== 200) {
    const said = at(body, 'error', 'message');
    const codes = [at(body, 'error', 'code'), at(body, 'error', 'details', 'error_code')];
    return {
      type: 'status',
      status: response.status,
      retryAfterMs: retryAfterMs(response.headers),
      shouldRetry: codes.some((code) => typeof code === 'string' && NEVER.includes(code))
        ? false
        : shouldRetry(response.headers),
      message: typeof said === 'string' ? said : `HTTP ${response.status}`,
      told: toldLimits(response.headers),
      ...(response.headers.has(EXPLAINED) ? { explained: true as const } : {}),
    };
  }
  const message = at(body, 'type') === 'message';
  const text = message ? at(body, 'content', 0, 'text') : at(body, 'choices', 0, 'message', 'content');
  const inputTokens = message ? freshTokens(at(body, 'usage')) : at(body, 'usage', 'prompt_tokens');
  const outputTokens = at(body, 'usage', message ? 'output_tokens' : 'completion_tokens');
  if (typeof text !== 'string')
    return {
      type: 'status',
      status: 502,
      retryAfterMs: null,
      shouldRetry: null,
      message: 'the answer is no chat completion',
      told: [],
    };
  const usage = {
    inputTokens: typeof inputTokens === 'number' ? inputTokens : promptTokens,
    outputTokens: typeof outputTokens === 'number' ? outputTokens : estimateTokens(text),
  };
  return { type: 'answer', text, usage, told: toldLimits(response.headers) };
}

/** Statuses that another try would bring again. */
export const isFinal = (status: number): boolean =>
  status >= 400 && status < 500 && status !== 408 && status !== 409 && status !== 429;
