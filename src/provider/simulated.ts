import type { CancelTimer, Env } from '../kernel/env.ts';
import { parseChat, refusal, type ChatRequest } from './chat.ts';
import { extractAnswer } from './extract.ts';
import { AXES, endpointBurst, perMinute, type Axis } from './limits.ts';
import type { ProviderOptions } from './options.ts';
import type { FetchHandler } from './port.ts';
import { drawFirstTokenMs, drawOutputTokens, drawTokenGapMs, type Profile } from './profile.ts';
import { estimatePromptTokens, estimateTokens, parsePrompt } from './prompt.ts';
import { allows, charge, createTokenBucket, levelOf, waitMs, type TokenBucket } from './tokenBucket.ts';

/** What the endpoint itself counted. */
export interface ProviderCounts {
  /** Requests that reached the endpoint. */
  readonly requests: number;
  readonly ok: number;
  readonly status429: number;
  readonly status5xx: number;
  /** Cut off by the client before the answer was complete. */
  readonly aborted: number;
  /** Charged so far: prompts of admitted requests, and tokens really produced. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly inFlight: number;
  /** 429s by the limit that was exceeded first, in this order: concurrency, requests, input, output. */
  readonly byAxis429: {
    readonly requests: number;
    readonly inputTokens: number;
    readonly outputTokens: number;
    readonly concurrency: number;
  };
}

export interface SimulatedProvider {
  readonly fetch: FetchHandler;
  /** Multiplies latencies by `slowdown` (>= 1) and answers 503 with the chance `failing`; { 1, 0 } heals. */
  disturb(d: { slowdown: number; failing: number }): void;
  counts(): ProviderCounts;
}

const HEADER_NAMES: Readonly<Record<Axis, string>> = {
  requests: 'requests',
  inputTokens: 'input-tokens',
  outputTokens: 'output-tokens',
};

/**
 * A model endpoint that answers `POST .../v1/chat/completions` as OpenAI-compatible ones do, under enforced limits.
 *
 * Limits: token buckets with continuous refill (`endpointBurst` gives their size) and a count of requests under way.
 * Output is reserved at `max_tokens` when a request is admitted and settled with what was really produced when it ends,
 * as Amazon Bedrock documents it. A refused request (429) is charged nothing; one that fails (503) keeps its request and
 * its prompt charged. A request counts as under way from its arrival to the end of its answer, on the endpoint's side of
 * the network; a client's abort is known here one network delay later.
 *
 * Answers are extracted from the prompt's passages; lengths and latencies are drawn from the profile.
 */
export function createSimulatedProvider(
  env: Env,
  profile: Profile,
  options: ProviderOptions,
): SimulatedProvider {
  const lengths = env.random('provider/lengths');
  const latency = env.random('provider/latency');
  const network = env.random('provider/network');
  const faults = env.random('provider/faults');
  const limits = perMinute(options);
  const bursts = endpointBurst(options);
  const bucket = (axis: Axis): TokenBucket => createTokenBucket(limits[axis], bursts[axis], env.now());
  const buckets: Readonly<Record<Axis, TokenBucket>> = {
    requests: bucket('requests'),
    inputTokens: bucket('inputTokens'),
    outputTokens: bucket('outputTokens'),
  };
  const byAxis429 = { requests: 0, inputTokens: 0, outputTokens: 0, concurrency: 0 };
  const totals = { requests: 0, ok: 0, status429: 0, status5xx: 0, aborted: 0 };
  const tokens = { input: 0, output: 0 };
  let inFlight = 0;
  let slowdown = 1;
  let failing = 0;

  const oneWayMs = (): number => options.networkMs + network.next() * options.networkJitterMs;

  function limitHeaders(): Record<string, string> {
    const now = env.now();
    const headers: Record<string, string> = {};
    for (const axis of AXES) {
      const b = buckets[axis];
      headers[`x-ratelimit-limit-${HEADER_NAMES[axis]}`] = String(limits[axis]);
      headers[`x-ratelimit-remaining-${HEADER_NAMES[axis]}`] = String(
        Math.max(0, Math.floor(levelOf(b, now))),
      );
      headers[`x-ratelimit-reset-${HEADER_NAMES[axis]}`] = `${Math.ceil(waitMs(b, b.capacity, now)) / 1000}s`;
    }
    headers['x-ratelimit-limit-concurrency'] = String(options.concurrency);
    headers['x-ratelimit-remaining-concurrency'] = String(Math.max(0, options.concurrency - inFlight));
    return headers;
  }

  function refuse429(axis: keyof typeof byAxis429, waitForMs: number): Response {
    byAxis429[axis]++;
    totals.status429++;
    // HTTP allows whole seconds only (RFC 9110, 10.2.3), so the wait is rounded up.
    const retryAfter = String(Math.max(1, Math.ceil(waitForMs / 1000)));
    const message = `Rate limit reached on ${axis}. Try again in ${retryAfter} s.`;
    return refusal(429, 'rate_limit_exceeded', message, { ...limitHeaders(), 'retry-after': retryAfter });
  }

  /** Admits, serves and answers one request that has just arrived; `finish` is called once, unless it is aborted. */
  function serve(body: string, finish: (response: Response) => void): CancelTimer | null {
    totals.requests++;
    const parsed = parseChat(body, profile);
    if (!parsed.ok) {
      finish(parsed.error);
      return null;
    }
    const chat = parsed.value;
    const now = env.now();
    const inputTokens = estimatePromptTokens(chat.messages);
    if (inputTokens + chat.maxTokens > profile.contextTokens) {
      const message = `The prompt (${inputTokens} tokens) and max_tokens (${chat.maxTokens}) exceed the context of ${profile.contextTokens} tokens.`;
      finish(refusal(400, 'context_length_exceeded', message));
      return null;
    }
    const cost: Readonly<Record<Axis, number>> = { requests: 1, inputTokens, outputTokens: chat.maxTokens };
    if (inFlight >= options.concurrency) {
      finish(refuse429('concurrency', 1000));
      return null;
    }
    for (const axis of AXES)
      if (!allows(buckets[axis], cost[axis], now)) {
        finish(refuse429(axis, waitMs(buckets[axis], cost[axis], now)));
        return null;
      }
    for (const axis of AXES) charge(buckets[axis], cost[axis], now);
    tokens.input += inputTokens;
    inFlight++;
    return faults.next() < failing ? fail(chat, finish) : produce(chat, inputTokens, finish);
  }

  function end(chat: ChatRequest, produced: number): void {
    inFlight--;
    tokens.output += produced;
    charge(buckets.outputTokens, produced - chat.maxTokens, env.now());
  }

  function fail(chat: ChatRequest, finish: (response: Response) => void): CancelTimer {
    const cancel = env.setTimer(5 * slowdown, () => {
      end(chat, 0);
      totals.status5xx++;
      finish(refusal(503, 'overloaded', 'The model is overloaded. Try again later.', limitHeaders()));
    });
    return () => {
      cancel();
      end(chat, 0);
    };
  }

  function produce(
    chat: ChatRequest,
    inputTokens: number,
    finish: (response: Response) => void,
  ): CancelTimer {
    const want = Math.min(chat.maxTokens, drawOutputTokens(lengths, profile));
    const answer = extractAnswer(parsePrompt(chat.messages), want, chat.maxTokens);
    const outputTokens = estimateTokens(answer.text);
    const startedAtMs = env.now();
    const firstTokenMs = drawFirstTokenMs(latency, profile, inputTokens) * slowdown;
    const gapMs = drawTokenGapMs(latency, profile) * slowdown;
    const id = `chatcmpl-${totals.requests}`;
    const cancel = env.setTimer(firstTokenMs + outputTokens * gapMs, () => {
      end(chat, outputTokens);
      totals.ok++;
      const payload = {
        id,
        object: 'chat.completion',
        created: Math.floor(startedAtMs / 1000),
        model: chat.model,
        choices: [
          { index: 0, message: { role: 'assistant', content: answer.text }, finish_reason: answer.finish },
        ],
        usage: {
          prompt_tokens: inputTokens,
          completion_tokens: outputTokens,
          total_tokens: inputTokens + outputTokens,
        },
      };
      const headers = { 'content-type': 'application/json', ...limitHeaders() };
      finish(new Response(JSON.stringify(payload), { status: 200, headers }));
    });
    return () => {
      cancel();
      const produced = Math.floor((env.now() - startedAtMs - firstTokenMs) / gapMs);
      end(chat, Math.min(outputTokens, Math.max(0, produced)));
    };
  }

  function answer(body: string, request: Request): Promise<Response> {
    return new Promise((resolve, reject) => {
      let cancelService: CancelTimer | null = null;
      let done = false;
      let cutOff = false;
      const onAbort = (): void => {
        if (done) return;
        done = true;
        reject(request.signal.reason as Error);
        env.setTimer(oneWayMs(), () => {
          cutOff = true;
          if (cancelService === null) return;
          cancelService();
          totals.aborted++;
        });
      };
      if (request.signal.aborted) {
        reject(request.signal.reason as Error);
        return;
      }
      // Through the request, not a copy of its signal: in Node a signal whose request was collected never fires.
      request.signal.addEventListener('abort', onAbort, { once: true });
      env.setTimer(oneWayMs(), () => {
        if (cutOff) return;
        cancelService = serve(body, (response) => {
          cancelService = null;
          env.setTimer(oneWayMs(), () => {
            if (done) return;
            done = true;
            request.signal.removeEventListener('abort', onAbort);
            resolve(response);
          });
        });
      });
    });
  }

  return {
    async fetch(request) {
      const url = new URL(request.url);
      if (!url.pathname.endsWith('/v1/chat/completions') || request.method !== 'POST')
        return refusal(404, 'not_found', `No such route: ${request.method} ${url.pathname}.`);
      return answer(await request.text(), request);
    },
    disturb(d) {
      if (!(d.slowdown >= 1) || !(d.failing >= 0 && d.failing <= 1))
        throw new RangeError(
          `disturb: slowdown must be >= 1 and failing in [0, 1], got ${JSON.stringify(d)}`,
        );
      slowdown = d.slowdown;
      failing = d.failing;
    },
    counts: () => ({
      ...totals,
      inputTokens: tokens.input,
      outputTokens: tokens.output,
      inFlight,
      byAxis429: { ...byAxis429 },
    }),
  };
}
