import type { ToldLimit } from './quotaTypes.ts';
import { retryAfterMs, shouldRetry, toldLimits } from './rateHeaders.ts';

/** What came back over the wire. */
export type WireOutcome =
  | {
      readonly type: 'answer';
      readonly text: string;
      readonly usage: { readonly inputTokens: number; readonly outputTokens: number };
      readonly told: readonly ToldLimit[];
    }
  /** An answer of another status than 200, or a 200 that is no completion (status 502). */
  | {
      readonly type: 'status';
      readonly status: number;
      readonly retryAfterMs: number | null;
      /** What the endpoint says of another try; null when it does not. */
      readonly shouldRetry: boolean | null;
      readonly message: string;
      readonly told: readonly ToldLimit[];
    }
  | { readonly type: 'network'; readonly message: string }
  /** Our own deadline ended it. */
  | { readonly type: 'cut-off' };

type Loose =
  { readonly [key: string]: Loose } | readonly Loose[] | string | number | boolean | null | undefined;

function at(value: Loose, ...path: readonly (string | number)[]): Loose {
  let found = value;
  for (const key of path)
    found =
      typeof found === 'object' && found !== null
        ? (found as Record<string | number, Loose>)[key]
        : undefined;
  return found;
}

function parse(text: string): Loose {
  try {
    return JSON.parse(text) as Loose;
  } catch {
    return undefined;
  }
}

/** Codes of a 429 that no waiting cures: the account is out of money. */
const NEVER = ['insufficient_quota', 'enforced_spend_limit_reached', 'billing_hard_limit_reached'];

/** Reads a completion, an OpenAI-compatible one or an Anthropic message; rejects only when the body cannot be read. */
export async function readCompletion(response: Response): Promise<WireOutcome> {
  const body = parse(await response.text());
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
    };
  }
  const message = at(body, 'type') === 'message';
  const text = message ? at(body, 'content', 0, 'text') : at(body, 'choices', 0, 'message', 'content');
  const inputTokens = at(body, 'usage', message ? 'input_tokens' : 'prompt_tokens');
  const outputTokens = at(body, 'usage', message ? 'output_tokens' : 'completion_tokens');
  if (typeof text !== 'string' || typeof inputTokens !== 'number' || typeof outputTokens !== 'number')
    return {
      type: 'status',
      status: 502,
      retryAfterMs: null,
      shouldRetry: null,
      message: 'the answer is no chat completion',
      told: [],
    };
  return { type: 'answer', text, usage: { inputTokens, outputTokens }, told: toldLimits(response.headers) };
}

/** Statuses that another try would bring again. */
export const isFinal = (status: number): boolean =>
  status >= 400 && status < 500 && status !== 408 && status !== 409 && status !== 429;
