import { createParser } from 'eventsource-parser';
import { at, freshTokens, parseLoose, type Loose, type WireOutcome } from './completion.ts';
import { estimateTokens } from './prompt.ts';
import { toldLimits } from './rateHeaders.ts';

/** Statuses that errors inside a stream stand for; after a 200 there is none. */
const ERRORS: Readonly<Record<string, number>> = {
  overloaded_error: 529,
  rate_limit_error: 429,
  rate_limit_exceeded: 429,
  invalid_request_error: 400,
  authentication_error: 401,
  permission_error: 403,
  not_found_error: 404,
  timeout_error: 504,
};
const SOME_ERROR = 503;

/** What has come so far of a streamed completion, OpenAI-compatible or an Anthropic message. */
export class StreamedAnswer {
  text = '';
  /** The endpoint said that nothing more comes. */
  ended = false;
  /** An error that came inside the stream. */
  failure: { readonly status: number; readonly message: string } | null = null;
  private input: number | undefined;
  private output: number | undefined;
  private finished = false;

  /** Takes the data of one event; what is no JSON is passed over. */
  take(data: string): void {
    if (data === '[DONE]') {
      this.ended = true;
      return;
    }
    const event = parseLoose(data);
    const error = at(event, 'error');
    if (error !== undefined && error !== null) return this.fail(error);
    const type = at(event, 'type');
    if (typeof type === 'string') this.takeAnthropic(type, event);
    else this.takeOpenai(event);
  }

  private fail(error: Loose): void {
    const names = [at(error, 'type'), at(error, 'code')].filter((name) => typeof name === 'string');
    const status = names.map((name) => ERRORS[name]).find((known) => known !== undefined);
    const message = at(error, 'message');
    const said = typeof message === 'string' ? message : typeof error === 'string' ? error : 'no message';
    this.failure = { status: status ?? SOME_ERROR, message: `inside the stream: ${said}` };
  }

  private takeAnthropic(type: string, event: Loose): void {
    const text = at(event, 'delta', 'text');
    if (type === 'content_block_delta' && typeof text === 'string') this.text += text;
    if (type === 'message_start') this.input = freshTokens(at(event, 'message', 'usage'));
    const output = at(event, 'usage', 'output_tokens');
    if (type === 'message_delta' && typeof output === 'number') this.output = output;
    if (type === 'message_stop') this.ended = true;
  }

  private takeOpenai(event: Loose): void {
    const text = at(event, 'choices', 0, 'delta', 'content');
    if (typeof text === 'string') this.text += text;
    if (typeof at(event, 'choices', 0, 'finish_reason') === 'string') this.finished = true;
    const input = at(event, 'usage', 'prompt_tokens');
    const output = at(event, 'usage', 'completion_tokens');
    if (typeof input === 'number') this.input = input;
    if (typeof output === 'number') this.output = output;
  }

  /** It has all of its text, also where the endpoint forgets to say that it ends. */
  get whole(): boolean {
    return this.ended || this.finished;
  }

  /** Tokens that are there, by their length. */
  get tokens(): number {
    return estimateTokens(this.text);
  }

  /** As the endpoint counted, or estimated where it did not. @param promptTokens the estimate for the prompt */
  usage(promptTokens: number): { readonly inputTokens: number; readonly outputTokens: number } {
    return { inputTokens: this.input ?? promptTokens, outputTokens: this.output ?? this.tokens };
  }
}

/** Whether a response is a stream of events. */
export const isEventStream = (response: Response): boolean =>
  response.status === 200 && (response.headers.get('content-type') ?? '').startsWith('text/event-stream');

export interface StreamReading {
  readonly now: () => number;
  /** When the request was sent. */
  readonly sentAtMs: number;
  /** Estimated tokens of the prompt, for an endpoint that does not count. */
  readonly promptTokens: number;
  /** Hears how many tokens are there, after each piece of text. */
  readonly onTokens: (tokens: number) => void;
}

/**
 * Reads a streamed completion to its end. Rejects when the stream fails, or ends before the answer does.
 * @returns an answer, or the error that came inside the stream as a status
 */
export async function readStream(response: Response, reading: StreamReading): Promise<WireOutcome> {
  const told = toldLimits(response.headers);
  const answer = new StreamedAnswer();
  const parser = createParser({ onEvent: ({ data }) => answer.take(data) });
  const utf8 = new TextDecoder();
  const reader = response.body!.getReader();
  let firstAtMs = Infinity;
  let firstTokens = 0;
  let lastAtMs = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const before = answer.text.length;
      parser.feed(utf8.decode(value, { stream: true }));
      if (answer.failure !== null) {
        reader.cancel().catch(() => undefined);
        const { status, message } = answer.failure;
        return { type: 'status', status, retryAfterMs: null, shouldRetry: null, message, told };
      }
      if (answer.text.length === before) continue;
      lastAtMs = reading.now();
      if (firstAtMs === Infinity) {
        firstAtMs = lastAtMs;
        firstTokens = answer.tokens;
      }
      reading.onTokens(answer.tokens);
    }
  } catch (error) {
    // An endpoint that leaves the connection open after its last word has said all the same.
    if (!answer.ended) throw error;
  }
  if (!answer.whole) throw new TypeError(`the answer broke off after about ${answer.tokens} tokens`);
  const usage = answer.usage(reading.promptTokens);
  const later = usage.outputTokens - firstTokens;
  return {
    type: 'answer',
    text: answer.text,
    usage,
    told,
    ...(firstAtMs === Infinity
      ? {}
      : {
          timing: {
            firstTokenMs: firstAtMs - reading.sentAtMs,
            tokenGapMs: later > 0 && lastAtMs > firstAtMs ? (lastAtMs - firstAtMs) / later : null,
          },
        }),
  };
}
