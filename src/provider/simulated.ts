import type { CancelTimer, Env } from '../kernel/env.ts';
import { hash32 } from '../kernel/rng.ts';
import { anthropicDialect } from './anthropicDialect.ts';
import type { Dialect, Failure, HeaderMap, ModelAnswer, ModelCall } from './dialect.ts';
import { extractAnswer } from './extract.ts';
import { createGatekeeper, Overloads, type CallSize } from './gatekeeper.ts';
import { enforcedLimits } from './limits.ts';
import type { Unit } from './meter.ts';
import { modelList, openaiDialect } from './openaiDialect.ts';
import type { ProviderOptions } from './options.ts';
import type { FetchHandler } from './port.ts';
import { drawFirstTokenMs, drawOutputTokens, drawTokenGapMs, type Profile } from './profile.ts';
import { givenOf } from './plainHttp.ts';
import { exchange, type Reply } from './providerWire.ts';
import { PromptCache } from './promptCache.ts';
import { estimatePromptTokens, estimateTokens, parsePrompt } from './prompt.ts';

/** What the endpoint itself counted. */
export interface ProviderCounts {
  /** Requests that reached the endpoint. */
  readonly requests: number;
  readonly ok: number;
  readonly status429: number;
  readonly status5xx: number;
  /** Cut off by the client before the answer was complete. */
  readonly aborted: number;
  /** Answers that broke off on the endpoint's side after they had begun. */
  readonly broken: number;
  /** Charged so far: prompts of admitted requests, and tokens really produced. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Of the prompts, what came out of the prompt cache. */
  readonly cachedTokens: number;
  /** What all that costs, in dollars. */
  readonly usd: number;
  readonly inFlight: number;
  /** By the limit's name: all that was charged against it. */
  readonly charged: Readonly<Record<string, number>>;
  /** 429s by the limit that was exceeded first. */
  readonly byAxis429: Readonly<Record<Unit | 'concurrency' | 'acceleration' | 'spend', number>>;
}

export interface SimulatedProvider {
  readonly fetch: FetchHandler;
  /** Multiplies latencies by `slowdown` (>= 1) and is overloaded with the chance `failing`; { 1, 0 } heals. */
  disturb(d: { slowdown: number; failing: number }): void;
  counts(): ProviderCounts;
}

/** Epoch milliseconds of the Env's zero, where nobody says: 2026-01-01. */
const EPOCH_MS = 1_767_225_600_000;
/** A stream comes in so many pieces at most. */
const PIECES_MAX = 16;
/** Output is counted in so many steps where it is counted as it is made and not streamed. */
const STEPS = 8;

/** A request inside, from its admission to its end. */
interface Serving {
  readonly call: ModelCall;
  readonly size: CallSize;
  readonly answer: ModelAnswer;
  readonly firstTokenMs: number;
  readonly gapMs: number;
  readonly fate: 'fine' | 'broken' | 'cut';
  readonly stallMs: number;
}

/**
 * A model endpoint under enforced limits that answers as its profile's vendor documents it: `POST .../v1/messages` or
 * `.../v1/chat/completions`, whole or streamed, with the vendor's headers and errors.
 *
 * A request that is over a limit (429) is charged nothing unless the profile says so; one that fails (5xx) is charged its
 * request and its prompt. A request counts as under way from its arrival to the end of its answer, on the endpoint's side
 * of the network; a client's abort is known here one network delay later. Answers are extracted from the prompt's
 * passages; lengths, latencies and faults are drawn from the profile. Everything follows from the Env's clock and streams.
 * @param epochMs epoch milliseconds of the Env's zero, for headers that tell the time
 * @param respond makes whole responses; see `plainResponse`
 */
export function createSimulatedProvider(
  env: Env,
  profile: Profile,
  options: ProviderOptions,
  epochMs = EPOCH_MS,
  respond: (body: unknown, init: ResponseInit) => Response = (body, init) =>
    new Response(JSON.stringify(body), init),
): SimulatedProvider {
  const lengths = env.random('provider/lengths');
  const latency = env.random('provider/latency');
  const network = env.random('provider/network');
  const faults = env.random('provider/faults');
  const fates = env.random('provider/fates');
  const bursts = env.random('provider/bursts');
  const { hiddenBurst } = profile;
  const burstShare = (): number =>
    hiddenBurst === null ? 1 : hiddenBurst.from + bursts.next() * (hiddenBurst.to - hiddenBurst.from);
  const gate = createGatekeeper(enforcedLimits(options, profile, burstShare), env.now());
  const overloads = new Overloads(profile.faults, env.random('provider/overloads'), env.now());
  const promptCache = new PromptCache(profile.promptCache);
  const dialect: Dialect =
    profile.dialect === 'anthropic' ? anthropicDialect : openaiDialect(profile.headers);
  const byAxis429 = {
    requests: 0,
    inputTokens: 0,
    outputTokens: 0,
    totalTokens: 0,
    concurrency: 0,
    acceleration: 0,
    spend: 0,
  };
  const totals = { requests: 0, ok: 0, status429: 0, status5xx: 0, aborted: 0, broken: 0 };
  const tokens = { input: 0, output: 0, cached: 0 };
  let usd = 0;
  let slowdown = 1;
  let failing = 0;

  const oneWayMs = (): number => options.networkMs + network.next() * options.networkJitterMs;
  const headers = (project: string): HeaderMap => ({
    ...dialect.limitHeaders(gate.limitersOf(project), env.now(), epochMs),
    ...(profile.headers === 'strict'
      ? {
          'x-ratelimit-limit-concurrency': String(options.concurrency || profile.concurrency),
          'x-ratelimit-remaining-concurrency': String(
            Math.max(0, (options.concurrency || profile.concurrency) - gate.inFlight),
          ),
        }
      : {}),
    'x-request-id': `req-${totals.requests}`,
  });

  function refusal(failure: Failure, project: string, model = profile.model): Response {
    if (failure.type === 'limit') byAxis429[failure.limit?.unit ?? 'concurrency']++;
    if (failure.type === 'acceleration' || failure.type === 'spend') byAxis429[failure.type]++;
    const { status, body, headers: own } = dialect.refusal(failure, model);
    if (status === 429) totals.status429++;
    if (status >= 500) totals.status5xx++;
    const told = status === 429 || status >= 500 ? headers(project) : {};
    return respond(body, {
      status,
      headers: { 'content-type': 'application/json', ...told, ...own },
    });
  }

  /** Tokens of the prompt as they are charged in the end. */
  function trueCount(estimate: number, call: ModelCall): number {
    if (profile.tokenSpread === 0) return estimate;
    const share = hash32(call.messages.map((m) => m.content).join('\n')) / 4_294_967_296;
    return Math.max(1, Math.round(estimate * (1 + profile.tokenSpread * (2 * share - 1))));
  }

  function settle({ size }: Pick<Serving, 'size'>, produced: number): void {
    gate.settle(size, produced, env.now());
    const { fresh, read, written } = size.prompt;
    const price = profile.pricesPerMTok;
    tokens.output += produced;
    usd +=
      (fresh * price.input +
        read * price.cachedInput +
        written * price.cacheWrite +
        produced * price.output) /
      1e6;
  }

  /** Admits and serves one request that has just arrived. Returns how to break it off; null when it is over. */
  function serve(body: unknown, project: string, reply: Reply): CancelTimer | null {
    totals.requests++;
    const parsed = dialect.parse(body, profile);
    if (!parsed.ok) {
      reply.whole(refusal(parsed.error, project));
      return null;
    }
    const call = parsed.value;
    const now = env.now();
    const estimate = estimatePromptTokens(call.messages);
    if (estimate + call.maxTokens > profile.contextTokens) {
      const message = `The prompt (${estimate} tokens) and max_tokens (${call.maxTokens}) exceed the context of ${profile.contextTokens} tokens.`;
      reply.whole(refusal({ type: 'bad request', code: 'context_length_exceeded', message }, project));
      return null;
    }
    if (options.spendCapUsd > 0 && usd >= options.spendCapUsd) {
      reply.whole(refusal({ type: 'spend', capUsd: options.spendCapUsd }, project));
      return null;
    }
    if (overloads.at(now)) {
      reply.whole(refusal({ type: 'overloaded' }, project));
      return null;
    }
    const prompt = promptCache.read(call.parts, trueCount(estimate, call), now);
    const size: CallSize = { prompt, estimate, maxTokens: call.maxTokens, project, arrivedMs: now };
    const failure = gate.admit(size, now);
    if (failure !== null) {
      reply.whole(refusal(failure, project, call.model));
      return null;
    }
    tokens.input += prompt.fresh + prompt.read + prompt.written;
    tokens.cached += prompt.read;
    const fails =
      faults.next() < failing || (profile.faults.failing > 0 && fates.next() < profile.faults.failing);
    return fails ? fail(call, size, reply) : produce(call, size, reply);
  }

  function fail(call: ModelCall, size: CallSize, reply: Reply): CancelTimer {
    const cancel = env.setTimer(5 * slowdown, () => {
      settle({ size }, 0);
      reply.whole(refusal({ type: 'overloaded' }, size.project, call.model));
    });
    return () => {
      cancel();
      settle({ size }, 0);
    };
  }

  const answerOf = (
    call: ModelCall,
    size: CallSize,
    text: string,
    finish: ModelAnswer['finish'],
  ): ModelAnswer => ({
    id: `${profile.dialect === 'anthropic' ? 'msg' : 'chatcmpl'}-${totals.requests}`,
    text,
    finish,
    prompt: size.prompt,
    outputTokens: text === '' ? 0 : Math.min(call.maxTokens, estimateTokens(text)),
    createdS: Math.floor((epochMs + env.now()) / 1000),
  });

  function draw(call: ModelCall, size: CallSize): Serving {
    const want = Math.min(call.maxTokens, drawOutputTokens(lengths, profile));
    const { text, finish } = extractAnswer(parsePrompt(call.messages), want, call.maxTokens);
    const { prompt } = size;
    const load = profile.loadKnee === null ? 1 : 1 + gate.inFlight / profile.loadKnee;
    const { streamError, cut, stall, stallMs } = profile.faults;
    let fate: Serving['fate'] = 'fine';
    let stalls = false;
    if (streamError + cut + stall > 0) {
      const u = fates.next();
      if (call.stream && u < streamError) fate = 'broken';
      else if (call.stream && u < streamError + cut) fate = 'cut';
      else stalls = u < streamError + cut + stall;
    }
    return {
      call,
      size,
      answer: answerOf(call, size, text, finish),
      firstTokenMs: drawFirstTokenMs(latency, profile, prompt.fresh + prompt.written) * slowdown * load,
      gapMs: drawTokenGapMs(latency, profile) * slowdown * load,
      fate,
      stallMs: stalls ? stallMs : 0,
    };
  }

  /** Makes the answer piece by piece. */
  function produce(call: ModelCall, size: CallSize, reply: Reply): CancelTimer {
    const serving = draw(call, size);
    const { answer, firstTokenMs, gapMs, fate, stallMs } = serving;
    const { outputTokens, text } = answer;
    const startedAtMs = env.now();
    const counts = gate.limitersOf(size.project).some((l) => l.limit.counted === 'produced');
    const pieces = Math.max(1, Math.min(outputTokens, call.stream ? PIECES_MAX : counts ? STEPS : 1));
    const breaksAt = fate === 'fine' ? Infinity : Math.floor(pieces / 2);
    const stallsAt = Math.floor(pieces / 2);
    let made = 0;
    let written = 0;
    let cancel: CancelTimer = () => undefined;
    if (call.stream) {
      reply.open({
        'content-type': 'text/event-stream',
        'cache-control': 'no-cache',
        ...headers(size.project),
      });
      reply.write(dialect.streamed.begin(call, answer));
    }

    function makeTo(tokensMade: number): void {
      gate.produced(size, tokensMade - made, env.now());
      made = tokensMade;
    }

    function end(): void {
      settle(serving, made);
      totals.ok++;
      if (call.stream) {
        reply.write(dialect.streamed.end(call, answer));
        reply.close();
        return;
      }
      reply.whole(
        respond(dialect.complete(call, answer), {
          status: 200,
          headers: { 'content-type': 'application/json', ...headers(size.project) },
        }),
      );
    }

    function breakOff(): void {
      settle(serving, made);
      totals.broken++;
      if (fate === 'broken') {
        reply.write(dialect.streamed.broken(call));
        reply.close();
      } else reply.cut();
    }

    function next(piece: number): void {
      const upTo = Math.round((outputTokens * piece) / pieces);
      const dueMs = firstTokenMs + upTo * gapMs + (piece > stallsAt ? stallMs : 0);
      cancel = env.setTimer(Math.max(0, startedAtMs + dueMs - env.now()), () => {
        if (piece > breaksAt) return breakOff();
        makeTo(upTo);
        if (call.stream) {
          const to = piece === pieces ? text.length : Math.round((text.length * piece) / pieces);
          if (to > written) reply.write(dialect.streamed.piece(call, answer, text.slice(written, to)));
          written = to;
        }
        if (piece === pieces) end();
        else next(piece + 1);
      });
    }
    next(1);

    return () => {
      cancel();
      const elapsedMs = env.now() - startedAtMs - firstTokenMs;
      makeTo(Math.min(outputTokens, Math.max(made, Math.floor(elapsedMs / gapMs))));
      settle(serving, made);
    };
  }

  return {
    async fetch(request) {
      const url = new URL(request.url);
      if (request.method === 'GET' && url.pathname.endsWith('/v1/models'))
        return Response.json(modelList(profile, Math.floor(epochMs / 1000)));
      if (!dialect.takes(request.method, url.pathname)) {
        const message = `No such route: ${request.method} ${url.pathname}.`;
        return refusal({ type: 'no route', message }, projectOf(request));
      }
      const body = givenOf(request) ?? (await request.text());
      return exchange(env, {
        request,
        oneWayMs,
        serve: (reply) => serve(body, projectOf(request), reply),
        onAborted: () => totals.aborted++,
      });
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
      cachedTokens: tokens.cached,
      usd,
      inFlight: gate.inFlight,
      charged: { ...gate.charged },
      byAxis429: { ...byAxis429 },
    }),
  };
}

/** Whose limits count: the project that a request names. The virtual world's requests have no headers. */
const projectOf = (request: Request): string =>
  (request.headers as Headers | undefined)?.get('openai-project') ?? 'default';
