/** What came back over the wire. */
export type WireOutcome =
  | {
      readonly type: 'answer';
      readonly text: string;
      readonly usage: { readonly inputTokens: number; readonly outputTokens: number };
    }
  /** An answer of another status than 200, or a 200 that is no completion (status 502). */
  | {
      readonly type: 'status';
      readonly status: number;
      readonly retryAfterS: number | null;
      readonly message: string;
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

/** Seconds from a `retry-after` of whole or fractional seconds; null for none and for a date. */
export function retryAfterSeconds(value: string | null): number | null {
  if (value === null || !/^\d+(\.\d+)?$/.test(value.trim())) return null;
  return Number(value);
}

/** Reads an OpenAI-compatible chat completion; rejects only when the body cannot be read. */
export async function readCompletion(response: Response): Promise<WireOutcome> {
  const body = parse(await response.text());
  if (response.status !== 200) {
    const said = at(body, 'error', 'message');
    return {
      type: 'status',
      status: response.status,
      retryAfterS: retryAfterSeconds(response.headers.get('retry-after')),
      message: typeof said === 'string' ? said : `HTTP ${response.status}`,
    };
  }
  const text = at(body, 'choices', 0, 'message', 'content');
  const inputTokens = at(body, 'usage', 'prompt_tokens');
  const outputTokens = at(body, 'usage', 'completion_tokens');
  if (typeof text !== 'string' || typeof inputTokens !== 'number' || typeof outputTokens !== 'number')
    return { type: 'status', status: 502, retryAfterS: null, message: 'the answer is no chat completion' };
  return { type: 'answer', text, usage: { inputTokens, outputTokens } };
}
