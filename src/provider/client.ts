import type { CancelTimer, Env } from '../kernel/env.ts';
import type { Priority } from './fairQueue.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { BREAKER_CLOSED, stepBreaker, type BreakerInput, type BreakerState } from './breaker.ts';
import { isFinal, readCompletion, type WireOutcome } from './completion.ts';
import { isEventStream, readStream } from './completionStream.ts';
import { createPermits, type Go } from './permits.ts';
import { endpointUrl } from './endpoints.ts';
import { againFrom, explain, seconds } from './explain.ts';
import type { ProviderOptions } from './options.ts';
import type { Completion, DeskPort, FetchHandler, ModelFailure, ModelPort, ModelRequest } from './port.ts';
import { profileOf } from './profile.ts';
import { estimatePromptTokens } from './prompt.ts';
import { newRequest } from './plainHttp.ts';
import { requestAs } from './requestDialect.ts';
import { limitOver } from './rateHeaders.ts';
import { backoffMs, fingerprintOf, RetryAccount } from './retryBudget.ts';

/** What a client needs to know; a scenario's `ProviderOptions` will do. */
export interface ClientOptions extends Pick<ProviderOptions, 'profile' | 'stream'> {
  /** Simulated when missing. */
  readonly source?: ProviderOptions['source'];
  /** Where chat completions are asked for, by endpoint. */
  readonly urlOf?: (endpoint: number, path: string) => string;
  /** Tries of one request, the first included. */
  readonly attemptsMax?: number;
  /** Makes the requests: `plainRequest` where the endpoint is in the same thread. */
  readonly request?: (url: string, init: RequestInit, body: unknown) => Request;
  /** Makes what cuts requests off: `plainAbort` there. */
  readonly abort?: () => AbortController;
}

const ATTEMPTS_MAX = 5;
/** The same where a limit is searched for: a refusal is how it is found. */
const TAUGHT_MAX = 30;
/** The desk hears this often, at most, how far an answer is. */
const PROGRESS_MS = 100;
/** A stale answer may take this long to be fetched anew. */
const REFRESH_MS = 30_000;

const oneUp = (priority: Priority): Priority => (priority === 2 ? 1 : 0);

const newAbort = (): AbortController => new AbortController();

/** One request on the wire. */
interface Leg {
  readonly go: Go;
  readonly ended: Promise<Ended>;
  abort(): void;
}
interface Ended {
  readonly outcome: WireOutcome;
  readonly go: Go;
  /** From sending to the last byte. */
  readonly ms: number;
}

/**
 * A model behind an OpenAI-compatible endpoint, as agents of one node see it: waits for the desk's permit, sends, settles
 * whatever came of it, tries again where that can help (429, 5xx, network errors) within the deadline and a retry
 * budget, and holds back behind a circuit breaker while the endpoint fails. Never rejects.
 */
export function createModelClient(
  env: Env,
  fetch: FetchHandler,
  desk: DeskPort,
  options: ClientOptions,
): ModelPort {
  const urlOf = options.urlOf ?? endpointUrl;
  const { source = 'simulated' } = options;
  const attemptsMax = options.attemptsMax ?? ATTEMPTS_MAX;
  /** A 429 that tells of a limit which nobody knew: the desk slows down for it, and trying again is no storm. */
  const teaches = (outcome: WireOutcome): boolean =>
    source !== 'simulated' && outcome.type === 'status' && outcome.status === 429;
  // Other endpoints than the simulated ones are asked as OpenAI's; they put in the name of their model themselves.
  const profile = profileOf(source === 'simulated' ? options.profile : 'small-fast');
  /** Some limit counts answers as they are made. */
  const counted = source !== 'simulated' || profile.limits.some((limit) => limit.counted === 'produced');
  const jitter = env.random('provider/client');
  let breaker: BreakerState = BREAKER_CLOSED;
  const retries = new RetryAccount();
  const acquire = createPermits(env, desk);

  const tell = (input: BreakerInput) => {
    const step = stepBreaker(breaker, input, env.now());
    breaker = step.state;
    return step;
  };
  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      env.setTimer(ms, resolve);
    });

  /** Tells the desk of tokens as they come, not more often than it can use. */
  function progressOf(permit: number): (tokens: number) => void {
    if (!counted) return () => undefined;
    let toldAtMs = env.now();
    return (outputTokens) => {
      if (env.now() - toldAtMs < PROGRESS_MS) return;
      toldAtMs = env.now();
      desk.note({ type: 'progress', permit, outputTokens });
    };
  }

  /** Sends it with that permit. */
  function send(request: ModelRequest, go: Go): Leg {
    const controller = (options.abort ?? newAbort)();
    const cancel = env.setTimer(Math.max(0, request.deadlineAtMs - env.now()), () => controller.abort());
    const sentAtMs = env.now();
    const { path, body } = requestAs(profile, request, options.stream);
    const onTokens = progressOf(go.permit);
    const exchange = async (): Promise<Ended> => {
      let outcome: WireOutcome;
      try {
        const response = await fetch(
          (options.request ?? newRequest)(
            urlOf(go.endpoint, path),
            {
              method: 'POST',
              headers: { 'content-type': 'application/json' },
              signal: controller.signal,
            },
            body,
          ),
        );
        const promptTokens = estimatePromptTokens(request.messages);
        outcome = isEventStream(response)
          ? await readStream(response, { now: () => env.now(), sentAtMs, promptTokens, onTokens })
          : await readCompletion(response, promptTokens);
      } catch (error) {
        outcome = controller.signal.aborted
          ? { type: 'cut-off' }
          : { type: 'network', message: error instanceof Error ? error.message : String(error) };
      } finally {
        cancel();
      }
      return { outcome, go, ms: env.now() - sentAtMs };
    };
    return { go, ended: exchange(), abort: () => controller.abort() };
  }

  /**
   * Sends it, and to another endpoint too when the answer is late and the budget has room. The first answer counts, what
   * is still under way then is cut off; everything but the result itself is settled.
   */
  async function sendHedged(
    request: ModelRequest,
    go: Go,
    inputTokens: number,
  ): Promise<Ended & { sent: number }> {
    const first = send(request, go);
    if (go.hedgeAfterMs === Infinity) return { ...(await first.ended), sent: 1 };
    let cancel: CancelTimer = () => undefined;
    const late = new Promise<null>((resolve) => {
      cancel = env.setTimer(go.hedgeAfterMs, () => resolve(null));
    });
    const early = await Promise.race([first.ended, late]);
    cancel();
    if (early !== null) return { ...early, sent: 1 };
    const reply = await acquire(request, { inputTokens, avoid: go.endpoint, hedge: true });
    if (reply?.type !== 'go') return { ...(await first.ended), sent: 1 };
    const second = send(request, reply);
    const one = await Promise.race([first.ended, second.ended]);
    const other = one.go === go ? second : first;
    if (one.outcome.type === 'answer') {
      other.abort();
      void other.ended.then((loser) => settle(request, loser.go.permit, loser.outcome, false));
      return { ...one, sent: 2 };
    }
    settle(request, one.go.permit, one.outcome, false);
    return { ...(await other.ended), sent: 2 };
  }

  function settle(request: ModelRequest, permit: number, outcome: WireOutcome, gaveUp: boolean): void {
    const failed = { usage: null, retryAfterMs: null, text: null };
    if (outcome.type === 'answer') {
      const { usage, text, told, timing } = outcome;
      const { retryAfterMs } = failed;
      desk.settle({ permit, status: 200, usage, retryAfterMs, text, told, ...(timing && { timing }) });
    } else if (outcome.type === 'status') {
      const { status, retryAfterMs, told, message } = outcome;
      const over =
        status === 429
          ? limitOver(message, told, {
              inputTokens: estimatePromptTokens(request.messages),
              outputTokens: request.maxTokens,
            })
          : undefined;
      desk.settle({
        permit,
        ...failed,
        status,
        retryAfterMs,
        told,
        ...(over === undefined ? {} : { over }),
        ...(gaveUp ? { gaveUp } : {}),
        ...(isFinal(status) ? { refusal: message } : {}),
      });
    } else {
      const unreachable = outcome.type === 'network';
      desk.settle({ permit, ...failed, status: 0, ...(unreachable ? { unreachable } : {}) });
    }
  }

  /** How long to wait before the next try; null when there should be none. */
  function retryWaitMs(
    outcome: WireOutcome,
    attempts: number,
    most: number,
    deadlineAtMs: number,
  ): number | null {
    const curable =
      outcome.type === 'network' ||
      (outcome.type === 'status' &&
        (outcome.shouldRetry ?? (outcome.status === 429 || outcome.status >= 500)));
    if (!curable || (teaches(outcome) ? attempts >= TAUGHT_MAX : attempts >= most || retries.saved < 1))
      return null;
    const told = outcome.type === 'status' ? outcome.retryAfterMs : null;
    const waitMs = backoffMs(attempts, told, jitter.next());
    return env.now() + waitMs < deadlineAtMs ? waitMs : null;
  }

  async function attempt(
    request: ModelRequest,
    nested: number,
    hold: { retryAfterMs: number | null },
    refresh = false,
  ): Promise<Result<Completion, ModelFailure>> {
    let avoid: number | undefined;
    const most = nested > 0 ? 1 : attemptsMax;
    const inputTokens = estimatePromptTokens(request.messages);
    const fail = (reason: ModelFailure['reason'], message: string, attempts: number) =>
      err({ reason, message, attempts });
    let queuedMs = 0;
    for (let attempts = 0; ;) {
      const door = tell({ type: 'ask', giveUpMs: request.deadlineAtMs });
      if (!door.allowed) {
        const waitMs = door.retryAtMs - env.now() + jitter.next() * 50;
        if (env.now() + waitMs >= request.deadlineAtMs)
          return fail(
            'overloaded',
            'The provider kept failing, so it is given a pause, and the deadline falls into it. Ask again in a few seconds.',
            attempts,
          );
        await sleep(waitMs);
        continue;
      }
      // It had its turn already: refused, it does not go behind all those that came meanwhile.
      const again = attempts === 0 ? request : { ...request, priority: oneUp(request.priority ?? 1) };
      const reply = await acquire(again, {
        inputTokens,
        ...(avoid === undefined ? {} : { avoid }),
        ...(nested === 0 ? {} : { nested }),
        ...(refresh ? { refresh } : {}),
      });
      if (reply === null || reply.type !== 'go') tell({ type: 'inconclusive' });
      if (reply === null)
        return fail(
          'shed',
          `The provider's quota had no room before the deadline, so nothing was sent. Ask fewer questions a second or raise the provider's limits.`,
          attempts,
        );
      if (reply.type === 'shed') return fail('shed', reply.message, attempts);
      if (reply.type === 'refused')
        return fail(
          'refused',
          `The provider refused an equal request just before (${reply.message}).`,
          attempts,
        );
      queuedMs += reply.queuedMs;
      if (reply.type === 'cached') {
        if (reply.refresh) refreshLater(request);
        return ok({
          text: reply.text,
          inputTokens: 0,
          outputTokens: 0,
          cached: true,
          queuedMs,
          providerMs: 0,
          attempts,
        });
      }

      const { outcome, go, ms: providerMs, sent } = await sendHedged(request, reply, inputTokens);
      attempts += sent;
      if (outcome.type === 'answer') {
        settle(request, go.permit, outcome, false);
        tell({ type: 'succeeded' });
        const { text, usage, timing } = outcome;
        const how = { cached: false, queuedMs, providerMs, attempts, ...(timing && { timing }) };
        return ok({ text, ...usage, ...how });
      }
      const sick = outcome.type === 'network' || (outcome.type === 'status' && outcome.status >= 500);
      tell({ type: sick ? 'failed' : outcome.type === 'cut-off' ? 'inconclusive' : 'succeeded' });
      hold.retryAfterMs = outcome.type === 'status' ? outcome.retryAfterMs : null;
      const waitMs = retryWaitMs(outcome, attempts, most, request.deadlineAtMs);
      settle(request, go.permit, outcome, waitMs === null);
      if (waitMs === null || !(teaches(outcome) || retries.spend()))
        return err(explain(outcome, attempts, providerMs, nested));
      avoid = go.endpoint;
      await sleep(waitMs);
    }
  }

  /** Fetches a stale answer anew while nobody waits for it; whatever comes of it, the asker has been served. */
  function refreshLater(request: ModelRequest): void {
    const later: ModelRequest = { ...request, deadlineAtMs: env.now() + REFRESH_MS, priority: 2 };
    env.defer(() => {
      attempt(later, 0, { retryAfterMs: null }, true).catch(() => undefined);
    });
  }

  /** Minds who asks again what has just failed: as long as a retry would have to wait, so has that. */
  async function watched(request: ModelRequest): Promise<Result<Completion, ModelFailure>> {
    const fingerprint = fingerprintOf(request);
    const before = retries.begin(retries.remembers ? fingerprint() : 0, env.now());
    const nested = before?.times ?? 0;
    if (before !== null && before.notBeforeMs > env.now()) {
      if (before.notBeforeMs >= request.deadlineAtMs) {
        await sleep(0);
        return err({
          reason: 'rate-limited',
          message: `The same request failed ${nested === 1 ? 'once' : `${nested} times`} just before, and the provider is to be left alone for ${seconds(before.notBeforeMs - env.now())} more, past the deadline. Ask again then.${againFrom(nested)}`,
          attempts: 0,
        });
      }
      await sleep(before.notBeforeMs - env.now());
    }
    const hold = { retryAfterMs: null as number | null };
    const result = await attempt(request, nested, hold);
    const failed =
      !result.ok && (result.error.reason === 'rate-limited' || result.error.reason === 'overloaded');
    if (failed)
      retries.failedNow(fingerprint(), backoffMs(nested + 1, hold.retryAfterMs, jitter.next()), env.now());
    else if (result.ok && retries.remembers) retries.ended(fingerprint());
    return result;
  }

  return {
    complete: (request) =>
      watched(request).catch((error: unknown) =>
        err({
          reason: 'failed',
          message: `The request could not be made: ${error instanceof Error ? error.message : String(error)}. This is a defect; please report it.`,
          attempts: 0,
        }),
      ),
  };
}
