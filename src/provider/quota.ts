import { rateNow, refused } from './belief.ts';
import type { Priority } from './fairQueue.ts';
import type { Unit } from './meter.ts';
import {
  amountOf,
  costsOf,
  dominantMs,
  inFlightOf,
  type Lease,
  type Permit,
  type QuotaState,
  type TokenUse,
  type Waiting,
} from './quotaState.ts';
import {
  estimatedGoMs,
  expectedServiceMs,
  fullMessage,
  lateMessage,
  NO_ROOM,
  quickServiceMs,
  shedMessage,
} from './shedding.ts';

export type CountedUnit = Exclude<Unit, 'totalTokens'>;

/** What the endpoint's headers say of a limit. */
export interface ToldLimit {
  readonly unit: Unit;
  readonly limit: number;
  readonly remaining: number;
}

export type QuotaInput =
  | ({
      readonly type: 'acquire';
      /** The caller's own number for it. */
      readonly id: number;
      /** Who loses it when a node dies. */
      readonly holder: number;
      /** Whose turn it takes: shares are fair between flows. */
      readonly flow: string;
      readonly priority: Priority;
      readonly deadlineAtMs: number;
      /** Shed unless it goes at once. */
      readonly nowOrNever?: boolean;
    } & TokenUse)
  | { readonly type: 'progress'; readonly permit: number; readonly outputTokens: number }
  | {
      readonly type: 'settle';
      readonly permit: number;
      readonly status: number;
      /** Zeros with status 0: it was never sent. */
      readonly usage: TokenUse | null;
      readonly retryAfterMs: number | null;
      readonly told?: readonly ToldLimit[];
      /** Of a 429: the limit that it named; missing when it named none. */
      readonly over?: Unit | 'concurrency';
    }
  | ({
      readonly type: 'lease';
      readonly holder: number;
      readonly places: number;
      readonly forMs: number;
    } & TokenUse)
  | ({
      readonly type: 'lease-used';
      readonly lease: number;
      readonly permit: number;
      readonly flow: string;
      readonly priority: Priority;
      readonly deadlineAtMs: number;
    } & TokenUse)
  | { readonly type: 'lease-returned'; readonly lease: number; readonly holder: number }
  | { readonly type: 'release-holder'; readonly holder: number }
  | { readonly type: 'tick' };

export type QuotaEffect =
  | { readonly type: 'go'; readonly id: number; readonly permit: number; readonly queuedMs: number }
  | { readonly type: 'shed'; readonly id: number; readonly message: string }
  /** That many permits from `firstPermit` on, one a request. */
  | { readonly type: 'leased'; readonly lease: Lease; readonly firstPermit: number }
  /** Used (or given back), for the account of use: requests and prompts as they go, answers as they come. */
  | { readonly type: 'charged'; readonly unit: CountedUnit; readonly amount: number };

type Input<T extends QuotaInput['type']> = Extract<QuotaInput, { type: T }>;

/** Half a mean squared: the variance of what is still to come, between that of equal and of exponential lengths. */
const VARIANCE = 0.5;
/** A lease is for quiet times: with less than this free there is none. */
const LEASE_FREE = 0.5;

function charged(effects: QuotaEffect[], unit: CountedUnit, amount: number): void {
  if (amount !== 0) effects.push({ type: 'charged', unit, amount });
}

function acquire(state: QuotaState, input: Input<'acquire'>, nowMs: number): QuotaEffect[] {
  const { id, holder, flow, priority, inputTokens, outputTokens, deadlineAtMs } = input;
  if (state.queue.size >= state.config.queueMax)
    return [{ type: 'shed', id, message: fullMessage(state.queue.size) }];
  const costs = costsOf(state, inputTokens, outputTokens);
  const cost = dominantMs(state, costs, state.meanMs);
  if (deadlineAtMs !== Infinity) {
    const turn = estimatedGoMs(state, { flow, priority, cost, costs }, nowMs);
    if (turn.atMs + quickServiceMs(state) > deadlineAtMs)
      return [{ type: 'shed', id, message: shedMessage(state, turn, deadlineAtMs, nowMs) }];
  }
  const waiting: Waiting = {
    id,
    holder,
    flow,
    priority,
    cost,
    costs,
    inputTokens,
    outputTokens,
    deadlineAtMs,
    sinceMs: nowMs,
    gone: false,
  };
  if (input.nowOrNever === true) {
    const free = state.queue.size === 0 && headGoesAtMs(state, waiting, nowMs) <= nowMs;
    if (!free) return [{ type: 'shed', id, message: NO_ROOM }];
  }
  state.queue.push(waiting);
  if (deadlineAtMs !== Infinity) state.byDeadline.push(deadlineAtMs, waiting);
  for (const [i, amount] of costs.entries()) state.queued[i]! += amount;
  state.queuedCost += cost;
  return [];
}

/** It waits no longer. */
function unqueue(state: QuotaState, waiting: Waiting): void {
  waiting.gone = true;
  const empty = state.queue.size === 0;
  for (const [i, amount] of waiting.costs.entries()) state.queued[i] = empty ? 0 : state.queued[i]! - amount;
  state.queuedCost = empty ? 0 : state.queuedCost - waiting.cost;
}

/** Charges it for `amounts` from now on instead of what it was charged for. */
function recharge(state: QuotaState, permit: Permit | Lease, amounts: readonly number[]): void {
  for (const [i, meter] of state.meters.entries()) {
    meter.correct(permit.entries[i]!, amounts[i]! - permit.charged[i]!);
    permit.charged[i] = amounts[i]!;
  }
}

function setVariance(state: QuotaState, permit: Permit, residual: number): void {
  const variance = VARIANCE * residual * residual;
  for (const meter of state.meters) meter.unsure(variance - permit.variance);
  permit.variance = variance;
}

/** Its answer is known to have that many tokens by now. */
function hear(
  state: QuotaState,
  permit: Permit,
  tokens: number,
  nowMs: number,
  effects: QuotaEffect[],
): void {
  const more = tokens - permit.produced;
  if (more <= 0) return;
  permit.produced = tokens;
  for (const meter of state.meters)
    if (meter.config.unit !== 'requests' && meter.config.unit !== 'inputTokens') meter.produced(more, nowMs);
  charged(effects, 'outputTokens', more);
}

function progress(state: QuotaState, input: Input<'progress'>, nowMs: number): QuotaEffect[] {
  const permit = state.permits.get(input.permit);
  if (permit === undefined) return [];
  const effects: QuotaEffect[] = [];
  hear(state, permit, input.outputTokens, nowMs, effects);
  const expected = state.lengths.expected(permit.produced, permit.outputTokens);
  setVariance(state, permit, expected - permit.produced);
  for (const [i, meter] of state.meters.entries()) {
    if (meter.config.counted !== 'produced') continue;
    const amount = amountOf(meter.config.unit, permit.inputTokens, expected);
    meter.correct(permit.entries[i]!, amount - permit.charged[i]!);
    permit.charged[i] = amount;
  }
  return effects;
}

/** What the endpoint really charges for a request that ended so; null where that cannot be known. */
function finalUse(permit: Permit, input: Input<'settle'>): TokenUse | null {
  if (input.usage !== null) return input.usage;
  if (input.status === 0) return null;
  if (input.status === 429) return { inputTokens: 0, outputTokens: 0 };
  return { inputTokens: permit.inputTokens, outputTokens: permit.produced };
}

function settle(state: QuotaState, input: Input<'settle'>, nowMs: number): QuotaEffect[] {
  const permit = state.permits.get(input.permit);
  if (permit === undefined) return [];
  state.permits.delete(permit.number);
  setVariance(state, permit, 0);
  const effects: QuotaEffect[] = [];
  const use = finalUse(permit, input);
  const { status } = input;
  const tookMs = nowMs - permit.goAtMs;
  if (use === null) {
    // It may run on for a while, and what it makes nobody will tell.
    state.lingering.push(nowMs + state.config.lingerMs, null);
    giveUpHearing(state, permit.charged, permit.produced, nowMs);
    charged(
      effects,
      'outputTokens',
      state.lengths.expected(permit.produced, permit.outputTokens) - permit.produced,
    );
  } else {
    const unsent = status === 0 && use.inputTokens === 0 && use.outputTokens === 0;
    if (unsent) charged(effects, 'requests', -1);
    charged(effects, 'inputTokens', use.inputTokens - permit.inputTokens);
    hear(state, permit, use.outputTokens, nowMs, effects);
    const amounts = state.meters.map(({ config }) =>
      config.unit === 'requests' && unsent ? 0 : amountOf(config.unit, use.inputTokens, use.outputTokens),
    );
    recharge(state, permit, amounts);
    const really = unsent ? 0 : dominantMs(state, amounts, tookMs);
    state.queue.charge(permit.flow, permit.priority, really - permit.cost);
  }
  for (const { unit, limit, remaining } of input.told ?? [])
    for (const meter of state.meters)
      if (meter.config.unit === unit) meter.remaining(limit, remaining, nowMs);
  if (status === 429) refuse(state, input, nowMs);
  if (status === 200) {
    state.deviationMs += (Math.abs(tookMs - state.meanMs) - state.deviationMs) / 32;
    state.meanMs += (tookMs - state.meanMs) / 32;
    if (input.usage !== null) state.lengths.learn(input.usage.outputTokens);
  }
  if (status !== 0) state.slowestMs = Math.max(tookMs, state.slowestMs * 0.999);
  return effects;
}

/** The endpoint refused: waits as told, and believes less of the limit that it named, or of the one used most. */
function refuse(state: QuotaState, input: Input<'settle'>, nowMs: number): void {
  state.pausedUntilMs = Math.max(state.pausedUntilMs, nowMs + (input.retryAfterMs ?? 1000));
  const places = inFlightOf(state) / state.config.concurrency;
  let named = state.meters.filter((m) => m.config.unit === input.over);
  if (named.length === 0 && input.over !== 'concurrency') {
    const shares = state.meters.map((m) => m.used(nowMs) / m.amount);
    const most = Math.max(...shares);
    if (most >= places) named = [state.meters[shares.indexOf(most)]!];
  }
  if (named.length === 0) state.concurrencyBelief = refused(state.concurrencyBelief, places, nowMs);
  for (const meter of named) meter.refuse(nowMs);
}

/** The endpoint may still be busy with a request whose holder is gone: its place and its charge stay until it must have ended. */
function orphan(state: QuotaState, permit: Permit, nowMs: number): void {
  state.permits.delete(permit.number);
  setVariance(state, permit, 0);
  giveUpHearing(state, permit.charged, permit.produced, nowMs);
  state.lingering.push(endedAtMs(state, permit.goAtMs, nowMs), null);
}

/** What is still expected of an answer that will not be heard of any more counts as made. */
function giveUpHearing(state: QuotaState, charged: readonly number[], produced: number, nowMs: number): void {
  for (const [i, meter] of state.meters.entries()) meter.produced(charged[i]! - produced, nowMs);
}

function endedAtMs(state: QuotaState, goAtMs: number, nowMs: number): number {
  const longest = Math.max(state.config.longestMs, 2 * state.slowestMs);
  return Math.max(nowMs, goAtMs + longest) + state.config.lingerMs;
}

function releaseHolder(state: QuotaState, holder: number, nowMs: number): void {
  for (const permit of [...state.permits.values()])
    if (permit.holder === holder) orphan(state, permit, nowMs);
  for (const lease of [...state.leases.values()]) if (lease.holder === holder) loseLease(state, lease, nowMs);
  for (const waiting of state.queue.filter((w) => w.holder === holder)) {
    state.queue.remove(waiting);
    unqueue(state, waiting);
  }
}

/** The places of a lease whose end nobody told of may all be in use: they stay until their requests must have ended. */
function loseLease(state: QuotaState, lease: Lease, nowMs: number): void {
  state.leases.delete(lease.number);
  state.leased -= lease.places;
  giveUpHearing(state, lease.charged, 0, nowMs);
  const until = endedAtMs(state, lease.expiresAtMs, nowMs);
  for (let i = 0; i < lease.places; i++) state.lingering.push(until, null);
}

function lease(state: QuotaState, input: Input<'lease'>, nowMs: number): QuotaEffect[] {
  const { places, holder, inputTokens, outputTokens } = input;
  const free = freePlaces(state, nowMs);
  if (places < 1 || state.queue.size > 0 || nowMs < state.pausedUntilMs) return [];
  if (free - places < LEASE_FREE * state.config.concurrency) return [];
  const each = costsOf(state, inputTokens, outputTokens);
  const costs = each.map((c) => c * places);
  for (const [i, meter] of state.meters.entries())
    if (costs[i]! > meter.config.burst * LEASE_FREE || meter.clearAtMs(costs[i]!, 0, nowMs) > nowMs)
      return [];
  const effects: QuotaEffect[] = [];
  const firstPermit = state.nextPermit;
  state.nextPermit += places;
  const granted: Lease = {
    number: firstPermit,
    holder,
    places,
    inputTokens,
    outputTokens,
    charged: costs,
    entries: state.meters.map((meter, i) => meter.take(costs[i]!, nowMs)),
    expiresAtMs: nowMs + input.forMs,
  };
  state.leases.set(granted.number, granted);
  state.leased += places;
  // In case it is never returned: the last one to use it has been heard of by then.
  state.expiries.push(granted.expiresAtMs + state.config.lingerMs, granted.number);
  effects.push({ type: 'leased', lease: { ...granted }, firstPermit });
  return effects;
}

function leaseUsed(state: QuotaState, input: Input<'lease-used'>, nowMs: number): QuotaEffect[] {
  const held = state.leases.get(input.lease);
  if (held === undefined || held.places < 1 || state.permits.has(input.permit)) return [];
  const share = held.charged.map((c) => c / held.places);
  const costs = costsOf(state, input.inputTokens, input.outputTokens);
  held.charged.forEach((c, i) => (held.charged[i] = c - share[i]!));
  held.places--;
  state.leased--;
  const { flow, priority, inputTokens, outputTokens } = input;
  const permit: Permit = {
    number: input.permit,
    holder: held.holder,
    flow,
    priority,
    cost: dominantMs(state, costs, state.meanMs),
    inputTokens,
    outputTokens,
    charged: share,
    entries: held.entries,
    produced: 0,
    variance: 0,
    goAtMs: nowMs,
  };
  recharge(state, permit, costs);
  setVariance(state, permit, state.lengths.expected(0, outputTokens));
  state.permits.set(permit.number, permit);
  state.expiries.push(input.deadlineAtMs + state.config.lingerMs, permit.number);
  return [
    { type: 'charged', unit: 'requests', amount: 1 },
    { type: 'charged', unit: 'inputTokens', amount: inputTokens },
  ];
}

function leaseReturned(state: QuotaState, input: Input<'lease-returned'>): void {
  const held = state.leases.get(input.lease);
  if (held === undefined || held.holder !== input.holder) return;
  state.leases.delete(held.number);
  state.leased -= held.places;
  held.places = 0;
  recharge(
    state,
    held,
    held.charged.map(() => 0),
  );
}

function expire(state: QuotaState, nowMs: number): void {
  while (state.lingering.earliestMs <= nowMs) state.lingering.pop();
  while (state.expiries.earliestMs <= nowMs) {
    const number = state.expiries.pop()!;
    const permit = state.permits.get(number);
    if (permit !== undefined) orphan(state, permit, nowMs);
    const held = state.leases.get(number);
    if (held !== undefined && held.expiresAtMs + state.config.lingerMs <= nowMs)
      loseLease(state, held, nowMs);
  }
}

function freePlaces(state: QuotaState, nowMs: number): number {
  const believed = Math.floor(state.config.concurrency * rateNow(state.concurrencyBelief, nowMs));
  return Math.max(1, believed) - inFlightOf(state);
}

/** When the next one may go, as far as time alone decides; Infinity while no place is free. */
function headGoesAtMs(state: QuotaState, head: Waiting, nowMs: number): number {
  if (freePlaces(state, nowMs) < 1) return Infinity;
  let atMs = state.pausedUntilMs;
  for (const [i, meter] of state.meters.entries()) {
    atMs = Math.max(atMs, meter.clearAtMs(head.costs[i]!, 0, nowMs));
    if (atMs > nowMs + 1_000) break;
  }
  return atMs;
}

function shedTheLate(state: QuotaState, nowMs: number, effects: QuotaEffect[]): void {
  const serviceMs = expectedServiceMs(state);
  while (state.byDeadline.earliestMs < nowMs + serviceMs) {
    const late = state.byDeadline.pop()!;
    if (late.gone) continue;
    state.queue.remove(late);
    unqueue(state, late);
    effects.push({ type: 'shed', id: late.id, message: lateMessage(late, nowMs) });
  }
  while (state.byDeadline.earliest?.gone === true) state.byDeadline.pop();
}

function pump(state: QuotaState, nowMs: number): QuotaEffect[] {
  const effects: QuotaEffect[] = [];
  shedTheLate(state, nowMs, effects);
  for (let head = state.queue.peek(); head !== null; head = state.queue.peek()) {
    if (headGoesAtMs(state, head, nowMs) > nowMs) break;
    state.queue.pop();
    unqueue(state, head);
    const permit: Permit = {
      number: state.nextPermit++,
      holder: head.holder,
      flow: head.flow,
      priority: head.priority,
      cost: head.cost,
      inputTokens: head.inputTokens,
      outputTokens: head.outputTokens,
      charged: [...head.costs],
      entries: state.meters.map((meter, i) => meter.take(head.costs[i]!, nowMs)),
      produced: 0,
      variance: 0,
      goAtMs: nowMs,
    };
    setVariance(state, permit, state.lengths.expected(0, head.outputTokens));
    state.permits.set(permit.number, permit);
    if (head.deadlineAtMs !== Infinity)
      state.expiries.push(head.deadlineAtMs + state.config.lingerMs, permit.number);
    effects.push(
      { type: 'charged', unit: 'requests', amount: 1 },
      { type: 'charged', unit: 'inputTokens', amount: head.inputTokens },
      { type: 'go', id: head.id, permit: permit.number, queuedMs: nowMs - head.sinceMs },
    );
  }
  return effects;
}

/**
 * Shares one endpoint's limits over all who ask, so that none of them is exceeded on the wire, however the endpoint
 * enforces it: each limit has a `Meter`, a count of permits holds concurrency. Who goes next is `FairQueue`'s matter. A
 * request that cannot meet its deadline is shed at once. Pure but for `state`, which it changes; `nowMs` must not step
 * back.
 */
export function stepQuota(state: QuotaState, input: QuotaInput, nowMs: number): readonly QuotaEffect[] {
  expire(state, nowMs);
  let effects: QuotaEffect[] = [];
  switch (input.type) {
    case 'acquire':
      effects = acquire(state, input, nowMs);
      break;
    case 'progress':
      effects = progress(state, input, nowMs);
      break;
    case 'settle':
      effects = settle(state, input, nowMs);
      break;
    case 'lease':
      effects = lease(state, input, nowMs);
      break;
    case 'lease-used':
      effects = leaseUsed(state, input, nowMs);
      break;
    case 'lease-returned':
      leaseReturned(state, input);
      break;
    case 'release-holder':
      releaseHolder(state, input.holder, nowMs);
      break;
    case 'tick':
  }
  const after = pump(state, nowMs);
  return effects.length === 0 ? after : effects.concat(after);
}

/** When a `tick` is needed next, unless another input comes first; null for never. */
export function nextTickMs(state: QuotaState, nowMs: number): number | null {
  let atMs = state.expiries.earliestMs;
  const head = state.queue.peek();
  if (head !== null) {
    atMs = Math.min(
      atMs,
      headGoesAtMs(state, head, nowMs),
      state.byDeadline.earliestMs - expectedServiceMs(state) + 1,
      state.lingering.earliestMs,
    );
  }
  return atMs === Infinity ? null : Math.max(nowMs, atMs);
}
