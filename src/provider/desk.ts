import type { CancelTimer, Env } from '../kernel/env.ts';
import { Histogram } from '../metrics/histogram.ts';
import { AnswerTimes, quantiles } from './answerTimes.ts';
import { pickTarget } from './balancer.ts';
import { createDeskAnswers, ONE_PLACE, type AnswerPlaces, type Told } from './deskAnswers.ts';
import { bindingOf, providerName, shownLimits } from './deskLimits.ts';
import { cacheView, profileView, type Desk } from './deskViews.ts';
import { HedgeBudget } from './hedging.ts';
import { LeaseSizer } from './leasing.ts';
import { CONCURRENCY, enforcedLimits, minuteLimits } from './limits.ts';
import type { ProviderOptions } from './options.ts';
import { NestedRetries } from './nestedRetries.ts';
import type { DeskLease, DeskNote, DeskReply, DeskRequest, DeskSettlement } from './port.ts';
import type { QuotaEffect, QuotaInput } from './quotaTypes.ts';
import { LEASE_MS, quotaPlan } from './quotaPlan.ts';
import { inFlightOf } from './quotaState.ts';
import { NO_ROOM } from './shedding.ts';
import { Target } from './target.ts';
import { usedOf, UsageWindow } from './usageWindow.ts';

interface Caller {
  readonly holder: number;
  readonly request: DeskRequest;
  readonly sinceMs: number;
  readonly done: (reply: DeskReply) => void;
}

interface Granted {
  readonly key: string | undefined;
  readonly restsOn: readonly string[];
  readonly holder: number;
  readonly atMs: number;
  readonly hedge: boolean;
}

/** Builds the desk: a quota for each endpoint, one balancer over them, one cache for all. */
export function createDesk(env: Env, options: ProviderOptions, places: AnswerPlaces = ONE_PLACE): Desk {
  const enforced = enforcedLimits(options);
  const limits = minuteLimits(enforced);
  const plan = quotaPlan(options);
  const stride = options.endpoints;
  const targets = Array.from({ length: stride }, (_, i) => new Target(env, i, plan, onQuota));
  const random = env.random('provider/balancer');
  const hedges = new HedgeBudget();
  const leases = new LeaseSizer();
  const answers = createDeskAnswers(env, options, places);
  const usage = new UsageWindow(env.now());
  const waits = new Histogram(0.1);
  const times = new AnswerTimes();
  const callers = new Map<number, Caller>();
  /** Permits, by their number over all endpoints. */
  const granted = new Map<number, Granted>();
  /** Callers that wait for an answer, and how each stops waiting. */
  const waiting = new Map<number, CancelTimer>();
  const totals = {
    agent429: 0,
    wire429: 0,
    shed: 0,
    granted: 0,
    everQueued: 0,
    reclaimed: 0,
    leased: 0,
    /** Answers that nodes gave by themselves. */
    nodeHits: 0,
  };
  const nested = new NestedRetries();
  /** How often each holder died: ports of earlier lives are closed. */
  const deaths = new Map<number, number>();
  let nextCaller = 1;
  let newLease: DeskLease | null = null;

  const overall = (target: Target, number: number): number => number * stride + target.index;
  const targetOf = (number: number): Target => targets[number % stride]!;
  const inFlight = (): number => targets.reduce((n, t) => n + inFlightOf(t.quota), 0);
  const queued = (): number => targets.reduce((n, t) => n + t.quota.queue.size, 0);

  function reply(id: number, answer: DeskReply): void {
    const caller = callers.get(id);
    if (caller === undefined) return;
    callers.delete(id);
    if (answer.type === 'shed' && caller.request.hedge !== true) totals.shed++;
    env.defer(() => caller.done(answer));
  }

  function onAnswer(id: number, told: Told): void {
    waiting.delete(id);
    const caller = callers.get(id);
    if (caller === undefined) return;
    switch (told.type) {
      case 'answer': {
        const { text, layer, refresh } = told;
        return reply(id, { type: 'cached', text, layer, refresh, queuedMs: env.now() - caller.sinceMs });
      }
      case 'refused':
        return reply(id, told);
      case 'late':
        return reply(id, {
          type: 'shed',
          message:
            'Not sent: an equal request was under way, and its answer did not come before the deadline. Ask again, or allow more time.',
        });
      case 'lead':
        return enqueue(id, caller);
    }
  }

  /** The endpoint that a request goes to: not the one to avoid and a well one, as far as there is a choice. */
  function choose(avoid: number | undefined): Target {
    if (stride === 1) return targets[0]!;
    let at = pickTarget(targets, (i) => i !== avoid && targets[i]!.well, random);
    if (at < 0) at = pickTarget(targets, (i) => i !== avoid, random);
    return targets[at]!;
  }

  function step(target: Target, input: QuotaInput): void {
    target.step(input);
    usage.observe(inFlight(), queued() > 0, env.now());
  }

  function enqueue(id: number, caller: Caller): void {
    const { agent, inputTokens, maxOutputTokens, avoid, hedge, priority = 1 } = caller.request;
    const { deadlineAtMs, dueAtMs = deadlineAtMs } = caller.request;
    const target = choose(avoid);
    if (hedge === true && (stride === 1 || !hedges.open)) {
      reply(id, { type: 'shed', message: NO_ROOM });
      return;
    }
    step(target, {
      type: 'acquire',
      id,
      holder: caller.holder,
      flow: agent,
      priority,
      inputTokens,
      outputTokens: maxOutputTokens,
      deadlineAtMs,
      dueAtMs,
      ...(hedge === true ? { nowOrNever: true } : {}),
    });
    if (callers.has(id)) totals.everQueued++;
  }

  function onQuota(target: Target, effect: QuotaEffect): void {
    if (effect.type === 'charged') {
      usage.charge(effect.unit, effect.amount, env.now());
      return;
    }
    if (effect.type === 'leased') {
      const { number, places, inputTokens, outputTokens, expiresAtMs } = effect.lease;
      newLease = {
        lease: overall(target, number),
        firstPermit: overall(target, effect.firstPermit),
        step: stride,
        places,
        inputTokens,
        outputTokens,
        expiresAtMs,
        endpoint: target.index,
      };
      return;
    }
    const caller = callers.get(effect.id);
    if (caller === undefined) return;
    const { cacheKey: key, hedge } = caller.request;
    if (effect.type === 'shed') {
      reply(effect.id, { type: 'shed', message: effect.message });
      if (key !== undefined && hedge !== true) answers.fail(key);
      return;
    }
    const queuedMs = env.now() - caller.sinceMs;
    const permit = overall(target, effect.permit);
    grant(target, permit, caller.holder, caller.request);
    waits.record(queuedMs);
    const lease = leaseFor(target, caller);
    reply(effect.id, {
      type: 'go',
      permit,
      queuedMs,
      goAtMs: env.now(),
      endpoint: target.index,
      hedgeAfterMs: stride > 1 ? target.track.p95Ms : Infinity,
      ...(lease === null ? {} : { lease }),
    });
  }

  function grant(target: Target, permit: number, holder: number, request: DeskRequest): void {
    totals.granted++;
    const hedge = request.hedge === true;
    if (hedge) hedges.spend();
    else hedges.earn();
    target.track.start();
    target.tell({ type: 'ask', giveUpMs: request.deadlineAtMs });
    granted.set(permit, {
      key: hedge ? undefined : request.cacheKey,
      restsOn: request.restsOn ?? [],
      holder,
      atMs: env.now(),
      hedge,
    });
  }

  /** A node that asks often, and nothing that the cache could answer, gets budget for its next requests with the permit. */
  function leaseFor(target: Target, { holder, request }: Caller): DeskLease | null {
    if (request.cacheKey !== undefined || request.hedge === true) return null;
    const size = leases.ask(holder, request.inputTokens, request.maxOutputTokens, env.now());
    if (size.places === 0) return null;
    newLease = null;
    target.step({ type: 'lease', holder, forMs: LEASE_MS, ...size });
    return newLease;
  }

  function acquire(holder: number, request: DeskRequest, done: (reply: DeskReply) => void): void {
    const id = nextCaller++;
    const caller: Caller = { holder, request, sinceMs: env.now(), done };
    callers.set(id, caller);
    if ((request.nested ?? 0) > 0) nested.note(request.agent);
    if (request.hedge === true || request.cacheKey === undefined) return enqueue(id, caller);
    const leave = answers.ask(holder, request, (answer) => onAnswer(id, answer));
    if (leave !== null) waiting.set(id, leave);
  }

  function settle(holder: number, settlement: DeskSettlement): void {
    const { permit, status, usage: used, retryAfterMs, told, over, text } = settlement;
    const held = granted.get(permit);
    // A node may only settle what was given to it, and only once.
    if (held === undefined || held.holder !== holder) return;
    granted.delete(permit);
    const target = targetOf(permit);
    target.track.end(status === 200 ? env.now() - held.atMs : null);
    const sick = status >= 500 || settlement.unreachable === true;
    target.tell({ type: status === 200 ? 'succeeded' : sick ? 'failed' : 'inconclusive' });
    if (held.hedge && status === 200) hedges.win();
    if (settlement.timing !== undefined) times.record(settlement.timing);
    if (status === 429) {
      totals.wire429++;
      if (settlement.gaveUp === true) totals.agent429++;
    }
    step(target, {
      type: 'settle',
      permit: Math.floor(permit / stride),
      status,
      usage: used,
      retryAfterMs,
      ...(told === undefined ? {} : { told }),
      ...(settlement.timing === undefined ? {} : { firstTokenMs: settlement.timing.firstTokenMs }),
      ...(over === undefined ? {} : { over }),
    });
    if (held.key === undefined) return;
    if (text !== null) answers.fill(held.key, text, held.restsOn);
    else answers.fail(held.key, settlement.refusal);
  }

  function note(holder: number, told: DeskNote): void {
    if (told.type === 'node-answers') {
      totals.nodeHits += told.hits;
      return;
    }
    if (told.type === 'changed') return answers.changed(told.tags);
    if (told.type === 'progress') {
      if (granted.get(told.permit)?.holder === holder)
        step(targetOf(told.permit), { ...told, permit: Math.floor(told.permit / stride) });
      return;
    }
    const target = targetOf(told.lease);
    const lease = Math.floor(told.lease / stride);
    const own = target.quota.leases.get(lease)?.holder === holder;
    if (told.type === 'lease-returned') {
      if (own) step(target, { type: 'lease-returned', lease, holder });
      return;
    }
    const { permit, request } = told;
    if (!own || granted.has(permit)) return;
    leases.ask(holder, request.inputTokens, request.maxOutputTokens, env.now());
    grant(target, permit, holder, request);
    totals.leased++;
    waits.record(0);
    step(target, {
      type: 'lease-used',
      lease,
      permit: Math.floor(permit / stride),
      flow: request.agent,
      priority: request.priority ?? 1,
      inputTokens: request.inputTokens,
      outputTokens: request.maxOutputTokens,
      deadlineAtMs: request.deadlineAtMs,
    });
  }

  function releaseHolder(holder: number): void {
    deaths.set(holder, (deaths.get(holder) ?? 0) + 1);
    leases.forget(holder);
    const keys: string[] = [];
    for (const [id, caller] of callers) {
      if (caller.holder !== holder) continue;
      callers.delete(id);
      const key = caller.request.cacheKey;
      const leave = waiting.get(id);
      if (leave !== undefined) {
        leave();
        waiting.delete(id);
      } else if (key !== undefined && caller.request.hedge !== true) keys.push(key);
    }
    for (const [permit, held] of granted) {
      if (held.holder !== holder) continue;
      granted.delete(permit);
      targetOf(permit).track.end(null);
      totals.reclaimed++;
      if (held.key !== undefined) keys.push(held.key);
    }
    for (const target of targets) step(target, { type: 'release-holder', holder });
    for (const key of keys) answers.fail(key);
    answers.forget(holder);
  }

  function cacheTotals(): { readonly cacheHits: number; readonly cacheMisses: number } {
    const { hits, misses } = cacheView(answers.counts(), totals.nodeHits);
    return { cacheHits: hits, cacheMisses: misses };
  }

  return {
    portFor(holder) {
      const life = deaths.get(holder);
      const lives = (): boolean => deaths.get(holder) === life;
      return {
        acquire(request, done) {
          if (lives()) acquire(holder, request, done);
        },
        settle(settlement) {
          if (lives()) settle(holder, settlement);
        },
        note(told) {
          if (lives()) note(holder, told);
        },
        watch(since, done) {
          if (lives()) answers.watch(holder, since, done);
        },
      };
    },
    releaseHolder,
    view() {
      const { charged } = usage.read(env.now());
      return {
        profile: providerName(options),
        ...profileView(options, enforced.profile),
        limits: shownLimits(options, enforced, targets, charged, env.now()),
        queued: queued(),
        inFlight: inFlight(),
        ...cacheTotals(),
        cache: cacheView(answers.counts(), totals.nodeHits),
        endpoints:
          stride === 1
            ? []
            : targets.map((t) => ({
                inFlight: inFlightOf(t.quota),
                queued: t.quota.queue.size,
                latencyMs: t.track.ewmaMs,
                well: t.well,
              })),
        shed: totals.shed,
        hedges: hedges.sent,
        nested: { requests: nested.requests, by: nested.most },
        waitMs: quantiles(waits),
        ...times.view(),
      };
    },
    counts: () => ({
      ...totals,
      nested: nested.requests,
      queued: queued(),
      ...cacheTotals(),
      hedges: hedges.sent,
      hedgesWon: hedges.won,
    }),
    use() {
      const read = usage.read(env.now());
      const { spanMs, charged, waiting } = read;
      const saturated = spanMs > 0 && waiting >= 0.9;
      if (options.source !== 'simulated') {
        return { ...bindingOf(shownLimits(options, enforced, targets, charged, env.now())), saturated };
      }
      const uses = limits.map((l) =>
        spanMs > 0 ? usedOf(l, charged) / ((l.amount * stride * spanMs) / 60_000) : 0,
      );
      uses.push(read.inFlight / (enforced.concurrency * stride));
      const most = uses.indexOf(Math.max(...uses));
      return {
        bindingLimit: limits[most]?.name ?? CONCURRENCY,
        bindingUse: Math.min(1, uses[most]!),
        saturated,
      };
    },
  };
}
