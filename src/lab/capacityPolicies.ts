import type { Env } from '../kernel/env.ts';
import { createModelClient } from '../provider/client.ts';
import { readCompletion } from '../provider/completion.ts';
import { createDesk } from '../provider/desk.ts';
import { endpointUrl } from '../provider/endpoints.ts';
import { createLeasedDesk } from '../provider/leasedDesk.ts';
import { plainAbort, plainRequest } from '../provider/plainHttp.ts';
import type { FetchHandler, ModelRequest } from '../provider/port.ts';
import { requestAs } from '../provider/requestDialect.ts';
import type { PlannedEndpoint } from './capacityPlan.ts';

/** What became of a call. `shed`: it was not sent, since its answer would have come too late. */
export type CallEnd = 'ok' | 'shed' | 'rate-limited' | 'overloaded' | 'timeout' | 'refused' | 'failed';

/** A policy at work. */
export interface RunningPolicy {
  /** Never rejects. */
  call(agent: number, request: ModelRequest): Promise<CallEnd>;
  /** Calls that wait for their turn now. */
  queued(): number;
}

/** The endpoint as each agent reaches it. */
export type FetchOf = (agent: number) => FetchHandler;

/** Nodes that the agents of the desk's policy share. */
const NODES = 8;

/** The desk and the client of the grove: agents share nodes, which ask the one desk. */
export function deskPolicy(env: Env, { options }: PlannedEndpoint, fetchOf: FetchOf): RunningPolicy {
  // No call of a study is cached, so the answer cache is left out.
  const desk = createDesk(env, { ...options, cacheBytes: 0 });
  const nodes = Array.from({ length: NODES }, (_, i) => createLeasedDesk(env, desk.portFor(i + 1)));
  const clients = new Map<number, ReturnType<typeof createModelClient>>();
  return {
    async call(agent, request) {
      let client = clients.get(agent);
      if (client === undefined) {
        const own: Env = { ...env, random: (name) => env.random(`${name}/${agent}`) };
        client = createModelClient(own, fetchOf(agent), nodes[agent % NODES]!, {
          profile: options.profile,
          stream: false,
          request: plainRequest,
          abort: plainAbort,
        });
        clients.set(agent, client);
      }
      const done = await client.complete(request);
      return done.ok ? 'ok' : done.error.reason;
    },
    queued: () => desk.view().queued,
  };
}

/** As the vendors' packages wait (openai 6.49, @anthropic-ai/sdk 1.12): half a second, doubled up to 8 s, less up to a quarter. */
const FIRST_WAIT_MS = 500;
const WAIT_MS_MAX = 8_000;
/** They do as `retry-after` says up to a minute. */
const TOLD_MS_MAX = 60_000;

/** Each call goes at once; 408, 409, 429 and 5xx are tried again, so many times, within the deadline. */
export function retriesPolicy(
  env: Env,
  { profile }: PlannedEndpoint,
  fetchOf: FetchOf,
  retriesMax: number,
): RunningPolicy {
  const jitter = env.random('sdk/jitter');
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => void env.setTimer(ms, resolve));

  async function send(request: ModelRequest, fetch: FetchHandler): ReturnType<typeof readCompletion> {
    const controller = plainAbort();
    const cancel = env.setTimer(request.deadlineAtMs - env.now(), () => controller.abort());
    const { path, body } = requestAs(profile, request, false);
    try {
      const { signal } = controller;
      return await readCompletion(
        await fetch(plainRequest(endpointUrl(0, path), { method: 'POST', signal }, body)),
      );
    } catch (error) {
      return controller.signal.aborted
        ? { type: 'cut-off' }
        : { type: 'network', message: error instanceof Error ? error.message : String(error) };
    } finally {
      cancel();
    }
  }

  return {
    queued: () => 0,
    async call(agent, request) {
      const fetch = fetchOf(agent);
      for (let retry = 0; ; retry++) {
        const outcome = await send(request, fetch);
        if (outcome.type === 'answer') return 'ok';
        if (outcome.type === 'cut-off') return 'timeout';
        const status = outcome.type === 'status' ? outcome.status : 0;
        const curable =
          outcome.type === 'network' ||
          (outcome.shouldRetry ?? (status === 408 || status === 409 || status === 429 || status >= 500));
        const told = outcome.type === 'status' ? (outcome.retryAfterMs ?? 0) : 0;
        const ownMs = Math.min(WAIT_MS_MAX, FIRST_WAIT_MS * 2 ** retry) * (1 - 0.25 * jitter.next());
        const waitMs = told > 0 && told <= TOLD_MS_MAX ? told : ownMs;
        if (!curable || retry >= retriesMax || env.now() + waitMs >= request.deadlineAtMs) {
          if (status === 429) return 'rate-limited';
          return status >= 500 ? 'overloaded' : status >= 400 ? 'refused' : 'failed';
        }
        await sleep(waitMs);
      }
    },
  };
}

/** As many calls at a time as there are places, the one that came first first; a call keeps its place through its retries. */
export function fixedPolicy(
  env: Env,
  endpoint: PlannedEndpoint,
  fetchOf: FetchOf,
  retriesMax: number,
  places: number,
): RunningPolicy {
  const inner = retriesPolicy(env, endpoint, fetchOf, retriesMax);
  let free = places;
  const waiting: { readonly enter: () => void; gone: boolean }[] = [];
  let first = 0;
  let present = 0;
  function next(): void {
    while (free > 0 && first < waiting.length) {
      const one = waiting[first++]!;
      if (one.gone) continue;
      free--;
      present--;
      one.enter();
    }
    if (first > 1_000) {
      waiting.splice(0, first);
      first = 0;
    }
  }
  return {
    queued: () => present,
    async call(agent, request) {
      const entered = await new Promise<boolean>((resolve) => {
        const cancel = env.setTimer(request.deadlineAtMs - env.now(), () => {
          one.gone = true;
          present--;
          resolve(false);
        });
        const one = {
          gone: false,
          enter: () => {
            cancel();
            resolve(true);
          },
        };
        waiting.push(one);
        present++;
        next();
      });
      if (!entered) return 'timeout';
      const end = await inner.call(agent, request);
      free++;
      next();
      return end;
    },
  };
}
