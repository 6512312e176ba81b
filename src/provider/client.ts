import type { Env } from '../kernel/env.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { BREAKER_CLOSED, stepBreaker, type BreakerInput, type BreakerState } from './breaker.ts';
import { readCompletion, type WireOutcome } from './completion.ts';
import type { ProviderOptions } from './options.ts';
import type {
  Completion,
  DeskPort,
  DeskReply,
  FetchHandler,
  ModelFailure,
  ModelPort,
  ModelRequest,
} from './port.ts';
import { profileOf } from './profile.ts';
import { estimatePromptTokens } from './prompt.ts';

/** What a client needs to know; a scenario's `ProviderOptions` will do. */
export interface ClientOptions extends Pick<ProviderOptions, 'profile'> {
  /** Where chat completions are asked for. */
  readonly url?: string;
  /** Tries of one request, the first included. */
  readonly attemptsMax?: number;
}

const URL_DEFAULT = 'https://model.invalid/v1/chat/completions';
const ATTEMPTS_MAX = 5;
/** Full jitter (Brooker, AWS Architecture Blog): a wait is uniform between 0 and this, doubled each time. */
const BACKOFF_MS = 200;
const BACKOFF_MS_MAX = 5_000;
/** Each first try earns this many retries, so that retries cannot multiply an outage. */
const RETRY_EARNED = 0.2;
const RETRIES_SAVED_MAX = 10;
/** A permit that took longer from desk to here is handed back: sent now, it would not arrive when the desk reckons. */
const STALE_PERMIT_MS = 300;
/** A node that is always this slow must get to send in the end. */
const HAND_BACKS_MAX = 3;

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

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
  const url = options.url ?? URL_DEFAULT;
  const attemptsMax = options.attemptsMax ?? ATTEMPTS_MAX;
  const model = profileOf(options.profile).model;
  const jitter = env.random('provider/client');
  let breaker: BreakerState = BREAKER_CLOSED;
  let retriesSaved = RETRIES_SAVED_MAX;

  const tell = (input: BreakerInput) => {
    const step = stepBreaker(breaker, input, env.now());
    breaker = step.state;
    return step;
  };
  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      env.setTimer(ms, resolve);
    });

  /** The desk's reply, or null when the deadline came first; a permit that comes later is handed back unused. */
  function acquire(request: ModelRequest, inputTokens: number, handBacks = 0): Promise<DeskReply | null> {
    return new Promise((resolve) => {
      const askedAtMs = env.now();
      let late = false;
      const cancel = env.setTimer(Math.max(0, request.deadlineAtMs - askedAtMs), () => {
        late = true;
        resolve(null);
      });
      desk.acquire(
        {
          agent: request.agent,
          inputTokens,
          maxOutputTokens: request.maxTokens,
          deadlineAtMs: request.deadlineAtMs,
          ...(request.cacheKey === undefined ? {} : { cacheKey: request.cacheKey }),
        },
        (reply) => {
          cancel();
          const stale =
            handBacks < HAND_BACKS_MAX &&
            reply.type === 'go' &&
            env.now() - askedAtMs - reply.queuedMs > STALE_PERMIT_MS;
          if (reply.type === 'go' && (late || stale || env.now() >= request.deadlineAtMs)) {
            handBack(reply.permit);
            if (!late && env.now() < request.deadlineAtMs)
              resolve(acquire(request, inputTokens, handBacks + 1));
            else resolve(null);
          } else resolve(reply);
        },
      );
    });
  }

  function handBack(permit: number): void {
    const usage = { inputTokens: 0, outputTokens: 0 };
    desk.settle({ permit, status: 0, usage, retryAfterS: null, text: null });
  }

  async function send(request: ModelRequest): Promise<WireOutcome> {
    const controller = new AbortController();
    const cancel = env.setTimer(Math.max(0, request.deadlineAtMs - env.now()), () => controller.abort());
    try {
      const response = await fetch(
        new Request(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ model, messages: request.messages, max_tokens: request.maxTokens }),
          signal: controller.signal,
        }),
      );
      return await readCompletion(response);
    } catch (error) {
      return controller.signal.aborted
        ? { type: 'cut-off' }
        : { type: 'network', message: error instanceof Error ? error.message : String(error) };
    } finally {
      cancel();
    }
  }

  function settle(permit: number, outcome: WireOutcome, gaveUp: boolean): void {
    const failed = { usage: null, retryAfterS: null, text: null };
    if (outcome.type === 'answer')
      desk.settle({
        permit,
        status: 200,
        usage: outcome.usage,
        retryAfterS: null,
        text: outcome.text,
      });
    else if (outcome.type === 'status')
      desk.settle({
        permit,
        ...failed,
        status: outcome.status,
        retryAfterS: outcome.retryAfterS,
        ...(gaveUp ? { gaveUp } : {}),
      });
    else desk.settle({ permit, ...failed, status: 0 });
  }

  /** How long to wait before the next try; null when there should be none. */
  function retryWaitMs(outcome: WireOutcome, attempts: number, deadlineAtMs: number): number | null {
    const retryable =
      outcome.type === 'network' ||
      (outcome.type === 'status' && (outcome.status === 429 || outcome.status >= 500));
    if (!retryable || attempts >= attemptsMax || retriesSaved < 1) return null;
    const most = Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** (attempts - 1));
    const atLeast = outcome.type === 'status' ? (outcome.retryAfterS ?? 0) * 1000 : 0;
    const waitMs = atLeast + jitter.next() * most;
    return env.now() + waitMs < deadlineAtMs ? waitMs : null;
  }

  async function attempt(request: ModelRequest): Promise<Result<Completion, ModelFailure>> {
    const inputTokens = estimatePromptTokens(request.messages);
    const fail = (reason: ModelFailure['reason'], message: string, attempts: number) =>
      err({ reason, message, attempts });
    let queuedMs = 0;
    retriesSaved = Math.min(RETRIES_SAVED_MAX, retriesSaved + RETRY_EARNED);
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
      const reply = await acquire(request, inputTokens);
      if (reply === null || reply.type !== 'go') tell({ type: 'inconclusive' });
      if (reply === null)
        return fail(
          'shed',
          `The provider's quota had no room before the deadline, so nothing was sent. Ask fewer questions a second or raise the provider's limits.`,
          attempts,
        );
      if (reply.type === 'shed') return fail('shed', reply.message, attempts);
      queuedMs += reply.queuedMs;
      if (reply.type === 'cached')
        return ok({
          text: reply.text,
          inputTokens: 0,
          outputTokens: 0,
          cached: true,
          queuedMs,
          providerMs: 0,
          attempts,
        });

      attempts++;
      const sentAtMs = env.now();
      const outcome = await send(request);
      const providerMs = env.now() - sentAtMs;
      if (outcome.type === 'answer') {
        settle(reply.permit, outcome, false);
        tell({ type: 'succeeded' });
        return ok({ text: outcome.text, ...outcome.usage, cached: false, queuedMs, providerMs, attempts });
      }
      const sick = outcome.type === 'network' || (outcome.type === 'status' && outcome.status >= 500);
      tell({ type: sick ? 'failed' : outcome.type === 'cut-off' ? 'inconclusive' : 'succeeded' });
      const waitMs = retryWaitMs(outcome, attempts, request.deadlineAtMs);
      settle(reply.permit, outcome, waitMs === null);
      if (waitMs === null) return err(explain(outcome, attempts, providerMs));
      retriesSaved--;
      await sleep(waitMs);
    }
  }

  return {
    complete: (request) =>
      attempt(request).catch((error: unknown) =>
        err({
          reason: 'failed',
          message: `The request could not be made: ${error instanceof Error ? error.message : String(error)}. This is a defect; please report it.`,
          attempts: 0,
        }),
      ),
  };
}

function explain(
  outcome: Exclude<WireOutcome, { type: 'answer' }>,
  attempts: number,
  providerMs: number,
): ModelFailure {
  const tries = attempts === 1 ? 'one try' : `${attempts} tries`;
  if (outcome.type === 'cut-off')
    return {
      reason: 'timeout',
      message: `The provider had not answered after ${seconds(providerMs)}, when the deadline came. Allow more time or ask for a shorter answer.`,
      attempts,
    };
  if (outcome.type === 'network')
    return {
      reason: 'failed',
      message: `The provider could not be reached in ${tries} (${outcome.message}). Check the connection and ask again.`,
      attempts,
    };
  if (outcome.status === 429)
    return {
      reason: 'rate-limited',
      message: `The provider refused for its rate limit in ${tries}. Ask fewer questions a second or raise the provider's limits.`,
      attempts,
    };
  if (outcome.status >= 500)
    return {
      reason: 'overloaded',
      message: `The provider answered ${outcome.status} in ${tries} (${outcome.message}). Ask again later.`,
      attempts,
    };
  return {
    reason: 'refused',
    message: `The provider refused the request with ${outcome.status} (${outcome.message}). Change the request; asking again will not help.`,
    attempts,
  };
}
