import type { CancelTimer, Env } from '../kernel/env.ts';
import { AXES, endpointBurst, LIMIT_NAMES, perMinute, type Axis } from './limits.ts';
import type { ProviderOptions } from './options.ts';
import type { DeskPort, DeskReply, DeskRequest, DeskSettlement } from './port.ts';
import { longestServiceMs, profileOf } from './profile.ts';
import {
  createQuota,
  inFlightOf,
  nextTickMs,
  stepQuota,
  type QuotaEffect,
  type QuotaInput,
} from './quota.ts';
import { ResponseCache, type CacheEffect } from './responseCache.ts';
import { UsageWindow } from './usageWindow.ts';

/** The provider as the page draws it. */
export interface ProviderView {
  readonly profile: string;
  readonly limits: readonly { readonly name: string; readonly limit: number; readonly used: number }[];
  readonly queued: number;
  readonly inFlight: number;
  readonly cacheHits: number;
  readonly cacheMisses: number;
}

export interface DeskCounts {
  /** Failures that agents were told of because the endpoint said 429. */
  readonly agent429: number;
  /** 429s that settlements reported. */
  readonly wire429: number;
  /** Requests waiting for the quota now, and since the start those that had to wait at all. */
  readonly queued: number;
  readonly everQueued: number;
  readonly shed: number;
  readonly granted: number;
  readonly cacheHits: number;
  readonly cacheMisses: number;
  /** Permits taken back from dead holders. */
  readonly reclaimed: number;
}

export interface DeskUse {
  /** The limit that is used most, by its name in `LIMIT_NAMES`. */
  readonly bindingLimit: string;
  /**
   * In [0, 1]: used over the last 60 s (since the start while that is less) through what the limit allows for that time;
   * for concurrency the time average of requests in flight, seen from here, network included. The first second's burst can
   * push it above 1, which is shown as 1.
   */
  readonly bindingUse: number;
  /** Requests waited for the quota during at least nine tenths of that time. */
  readonly saturated: boolean;
}

/** The API manager's desk, in the conductor: the quota and the response cache of all nodes. */
export interface Desk {
  /** One incarnation's way to the desk; permits and places in the queue belong to `holder`. */
  portFor(holder: number): DeskPort;
  /**
   * That node is dead: its waiting requests are dropped, its permits come back once their requests must have ended, and
   * what its ports still bring (a killed worker's messages may arrive later) is ignored. Its next incarnation needs a
   * new port, from a call of `portFor` after this one.
   */
  releaseHolder(holder: number): void;
  view(): ProviderView;
  counts(): DeskCounts;
  use(): DeskUse;
}

interface Caller {
  readonly holder: number;
  readonly request: DeskRequest;
  readonly sinceMs: number;
  readonly done: (reply: DeskReply) => void;
}

const QUEUE_MAX = 10_000;
/** A request that was cut off is known to be at the endpoint after the network's longest delay and this. */
const LINGER_SLACK_MS = 250;
/** Hop from desk to node and back, and a busy node's delay, on average. */
const HOP_MS = 10;

/**
 * Builds the desk. Half of the endpoint's burst is spent on purpose; the other half takes up the variation of delays
 * between permit and arrival: half a second of it even at the strictest endpoint.
 */
export function createDesk(env: Env, options: ProviderOptions): Desk {
  const profile = profileOf(options.profile);
  const limits = perMinute(options);
  const bursts = endpointBurst(options);
  const pace = (axis: Axis): { perMs: number; burst: number } => ({
    perMs: limits[axis] / 60_000,
    burst: bursts[axis] / 2,
  });
  const networkMs = options.networkMs + options.networkJitterMs;
  const quota = createQuota(
    {
      pace: {
        requests: pace('requests'),
        inputTokens: pace('inputTokens'),
        outputTokens: pace('outputTokens'),
      },
      concurrency: options.concurrency,
      queueMax: QUEUE_MAX,
      jitterMs: options.networkJitterMs + LINGER_SLACK_MS,
      lingerMs: networkMs + LINGER_SLACK_MS,
      expectedMs:
        2 * networkMs +
        HOP_MS +
        profile.firstToken.medianMs +
        (options.maxOutputTokens * 1000) / profile.speed.tokensPerS,
      longestMs: networkMs + longestServiceMs(profile, profile.contextTokens, options.maxOutputTokens),
    },
    env.now(),
  );
  const cache = new ResponseCache(options.cacheEntries);
  const usage = new UsageWindow(env.now());
  const callers = new Map<number, Caller>();
  /** Keys of permits, to fill the cache at settlement. */
  const permitKeys = new Map<number, { readonly key: string | undefined; readonly holder: number }>();
  /** Waiters of another's flight, each with the timer of its own deadline. */
  const cacheWaits = new Map<number, CancelTimer>();
  const totals = { agent429: 0, wire429: 0, shed: 0, granted: 0, everQueued: 0, reclaimed: 0 };
  /** How often each holder died: ports of earlier lives are closed. */
  const deaths = new Map<number, number>();
  let nextCaller = 1;
  let cancelTick: CancelTimer | null = null;
  let tickAtMs = Infinity;

  function reply(id: number, answer: DeskReply): void {
    const caller = callers.get(id);
    if (caller === undefined) return;
    callers.delete(id);
    if (answer.type === 'shed') totals.shed++;
    env.defer(() => caller.done(answer));
  }

  function onCache(effect: CacheEffect | null): void {
    if (effect === null) return;
    const ids = effect.type === 'answer' ? effect.waiters : [effect.waiter];
    for (const id of ids) {
      cacheWaits.get(id)?.();
      cacheWaits.delete(id);
      const caller = callers.get(id);
      if (caller === undefined) continue;
      if (effect.type === 'answer')
        reply(id, { type: 'cached', text: effect.text, queuedMs: env.now() - caller.sinceMs });
      else enqueue(id, caller);
    }
  }

  function enqueue(id: number, caller: Caller): void {
    const { inputTokens, maxOutputTokens, deadlineAtMs } = caller.request;
    step({
      type: 'acquire',
      id,
      holder: caller.holder,
      inputTokens,
      outputTokens: maxOutputTokens,
      deadlineAtMs,
    });
    if (callers.has(id)) totals.everQueued++;
  }

  function onQuota(effect: QuotaEffect): void {
    if (effect.type === 'charged') {
      usage.charge(effect.axis, effect.amount, env.now());
      return;
    }
    const caller = callers.get(effect.id);
    if (caller === undefined) return;
    const key = caller.request.cacheKey;
    if (effect.type === 'go') {
      totals.granted++;
      permitKeys.set(effect.permit, { key, holder: caller.holder });
      reply(effect.id, { type: 'go', permit: effect.permit, queuedMs: env.now() - caller.sinceMs });
    } else {
      reply(effect.id, { type: 'shed', message: effect.message });
      if (key !== undefined) onCache(cache.fail(key));
    }
  }

  function step(input: QuotaInput): void {
    for (const effect of stepQuota(quota, input, env.now())) onQuota(effect);
    usage.observe(inFlightOf(quota), quota.queue.length > 0, env.now());
    const atMs = nextTickMs(quota, env.now());
    if (atMs === tickAtMs) return;
    cancelTick?.();
    cancelTick = null;
    tickAtMs = atMs ?? Infinity;
    if (atMs !== null)
      cancelTick = env.setTimer(Math.max(0, atMs - env.now()), () => {
        cancelTick = null;
        tickAtMs = Infinity;
        step({ type: 'tick' });
      });
  }

  function acquire(holder: number, request: DeskRequest, done: (reply: DeskReply) => void): void {
    const id = nextCaller++;
    const caller: Caller = { holder, request, sinceMs: env.now(), done };
    callers.set(id, caller);
    const key = request.cacheKey;
    const known = key === undefined ? null : cache.ask(key, id);
    if (known?.type === 'hit') {
      reply(id, { type: 'cached', text: known.text, queuedMs: 0 });
    } else if (known?.type === 'wait') {
      const leave = (): void => {
        cacheWaits.delete(id);
        cache.leave(key!, id);
        reply(id, {
          type: 'shed',
          message:
            'Not sent: an equal request was under way, and its answer did not come before the deadline. Ask again, or allow more time.',
        });
      };
      cacheWaits.set(id, env.setTimer(Math.max(0, request.deadlineAtMs - env.now()), leave));
    } else {
      enqueue(id, caller);
    }
  }

  function settle(holder: number, settlement: DeskSettlement): void {
    const held = permitKeys.get(settlement.permit);
    // A node may only settle what was given to it, and only once.
    if (held === undefined || held.holder !== holder) return;
    permitKeys.delete(settlement.permit);
    if (settlement.status === 429) {
      totals.wire429++;
      if (settlement.gaveUp === true) totals.agent429++;
    }
    step({
      type: 'settle',
      permit: settlement.permit,
      status: settlement.status,
      usage: settlement.usage,
      retryAfterMs: settlement.retryAfterS === null ? null : settlement.retryAfterS * 1000,
    });
    if (held.key === undefined) return;
    onCache(settlement.text === null ? cache.fail(held.key) : cache.fill(held.key, settlement.text));
  }

  function releaseHolder(holder: number): void {
    deaths.set(holder, (deaths.get(holder) ?? 0) + 1);
    const keys: string[] = [];
    for (const [id, caller] of callers) {
      if (caller.holder !== holder) continue;
      callers.delete(id);
      const key = caller.request.cacheKey;
      const waits = cacheWaits.get(id);
      if (waits !== undefined) {
        waits();
        cacheWaits.delete(id);
        cache.leave(key!, id);
      } else if (key !== undefined) keys.push(key);
    }
    for (const [permit, held] of permitKeys) {
      if (held.holder !== holder) continue;
      permitKeys.delete(permit);
      totals.reclaimed++;
      if (held.key !== undefined) keys.push(held.key);
    }
    step({ type: 'release-holder', holder });
    for (const key of keys) onCache(cache.fail(key));
  }

  return {
    portFor(holder) {
      const life = deaths.get(holder);
      return {
        acquire(request, done) {
          if (deaths.get(holder) === life) acquire(holder, request, done);
        },
        settle(settlement) {
          if (deaths.get(holder) === life) settle(holder, settlement);
        },
      };
    },
    releaseHolder,
    view() {
      const { charged } = usage.read(env.now());
      const inFlight = inFlightOf(quota);
      return {
        profile: options.profile,
        limits: [
          ...AXES.map((axis, i) => ({ name: LIMIT_NAMES[i]!, limit: limits[axis], used: charged[axis] })),
          { name: LIMIT_NAMES[3], limit: options.concurrency, used: inFlight },
        ],
        queued: quota.queue.length,
        inFlight,
        cacheHits: cache.hits,
        cacheMisses: cache.misses,
      };
    },
    counts: () => ({
      ...totals,
      queued: quota.queue.length,
      cacheHits: cache.hits,
      cacheMisses: cache.misses,
    }),
    use() {
      const { spanMs, charged, inFlight, waiting } = usage.read(env.now());
      const uses = AXES.map((axis) => (spanMs > 0 ? charged[axis] / ((limits[axis] * spanMs) / 60_000) : 0));
      uses.push(inFlight / options.concurrency);
      const most = uses.indexOf(Math.max(...uses));
      return {
        bindingLimit: LIMIT_NAMES[most]!,
        bindingUse: Math.min(1, uses[most]!),
        saturated: spanMs > 0 && waiting >= 0.9,
      };
    },
  };
}
