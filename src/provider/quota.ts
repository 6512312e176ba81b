import { refused } from './belief.ts';
import { stepControl } from './concurrencyControl.ts';
import {
  charged,
  endedAtMs,
  freePlaces,
  giveUpHearing,
  hear,
  recharge,
  setVariance,
  unqueue,
} from './quotaAccounts.ts';
import { lease, leaseReturned, leaseUsed, loseLease } from './quotaLeases.ts';
import {
  amountOf,
  concurrencyOf,
  costsOf,
  dominantMs,
  inFlightOf,
  requestsPerMs,
  type Permit,
  type QuotaState,
  type TokenUse,
  type Waiting,
} from './quotaState.ts';
import type { InputOf, QuotaEffect, QuotaInput } from './quotaTypes.ts';
import {
  estimatedGoMs,
  expectedServiceMs,
  fullMessage,
  lateMessage,
  NO_ROOM,
  quickServiceMs,
  shedMessage,
} from './shedding.ts';

/** Times of answers are smoothed over so many. */
const SMOOTHED_OVER = 32;
const MINUTE_MS = 60_000;
/** After a 429 that does not say how long to wait. */
const PAUSE_MS = 1_000;
/** While a limit is searched for: a short pause, and twice as long for each further 429 without an answer between. */
const SEARCH_PAUSE_MS = 250;
const SEARCH_PAUSE_MS_MAX = 16_000;

function acquire(state: QuotaState, input: InputOf<'acquire'>, nowMs: number): QuotaEffect[] {
  const { id, holder, flow, priority, inputTokens, outputTokens, deadlineAtMs } = input;
  const dueAtMs = Math.min(input.dueAtMs ?? deadlineAtMs, deadlineAtMs);
  if (state.queue.size >= state.config.queueMax)
    return [{ type: 'shed', id, message: fullMessage(state.queue.size) }];
  const costs = costsOf(state, inputTokens, outputTokens);
  const cost = dominantMs(state, costs, state.meanMs);
  if (dueAtMs !== Infinity) {
    const turn = estimatedGoMs(state, { flow, priority, cost, costs }, nowMs);
    if (turn.atMs + quickServiceMs(state) > dueAtMs)
      return [{ type: 'shed', id, message: shedMessage(state, turn, dueAtMs, nowMs) }];
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
    dueAtMs,
    sinceMs: nowMs,
    gone: false,
  };
  if (input.nowOrNever === true) {
    const free = state.queue.size === 0 && headGoesAtMs(state, waiting, nowMs) <= nowMs;
    if (!free) return [{ type: 'shed', id, message: NO_ROOM }];
  }
  state.queue.push(waiting);
  if (dueAtMs !== Infinity) state.byDue.push(dueAtMs, waiting);
  for (const [i, amount] of costs.entries()) state.queued[i]! += amount;
  state.queuedCost += cost;
  return [];
}

function progress(state: QuotaState, input: InputOf<'progress'>, nowMs: number): QuotaEffect[] {
  const permit = state.permits.get(input.permit);
  if (permit === undefined) return [];
  const effects: QuotaEffect[] = [];
  hear(state, permit, input.outputTokens, nowMs, effects);
  const expected = state.lengths.expected(permit.produced, permit.outputTokens);
  setVariance(state, permit, expected - permit.produced);
  for (const [i, meter] of state.meters.entries()) {
    if (meter.config.counted !== 'produced') continue;
    const amount = amountOf(meter.config.unit, permit.inputTokens, expected);
    meter.correct(permit.entries[i]!, amount - permit.charged[i]!, nowMs);
    permit.charged[i] = amount;
  }
  return effects;
}

/** What the endpoint really charges for a request that ended so; null where that cannot be known. */
function finalUse(permit: Permit, input: InputOf<'settle'>): TokenUse | null {
  if (input.usage !== null) return input.usage;
  if (input.status === 0) return null;
  if (input.status === 429) return { inputTokens: 0, outputTokens: 0 };
  return { inputTokens: permit.inputTokens, outputTokens: permit.produced };
}

function settle(state: QuotaState, input: InputOf<'settle'>, nowMs: number): QuotaEffect[] {
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
    const amounts = state.meters.map(({ config }, i) => {
      if (unsent) return 0;
      if (config.counted === 'larger') return input.status === 429 ? 0 : permit.charged[i]!;
      return amountOf(config.unit, use.inputTokens, use.outputTokens);
    });
    recharge(state, permit, amounts, nowMs, unsent ? permit.goAtMs : undefined);
    const really = unsent ? 0 : dominantMs(state, amounts, tookMs);
    state.queue.charge(permit.flow, permit.priority, really - permit.cost);
  }
  for (const { unit, limit, remaining, windowMs = MINUTE_MS } of input.told ?? [])
    for (const meter of state.meters)
      if (meter.config.unit === unit && meter.config.windowMs === windowMs)
        meter.remaining(limit, remaining, nowMs);
  if (status === 200) state.refusedInRow = 0;
  if (status === 200 && state.control !== null) {
    const full = state.queue.size > 0 || inFlightOf(state) + 1 >= concurrencyOf(state);
    const latencyMs = input.firstTokenMs ?? tookMs;
    state.control = stepControl(state.control, { type: 'answered', latencyMs, full }, nowMs);
  }
  if (status === 429) refuse(state, input, permit.goAtMs, nowMs);
  else if (status === 503 || status === 529) crowded(state, permit.goAtMs, nowMs);
  if (status === 200) {
    // What is measured takes the place of what was expected as soon as there is any of it.
    const share = 1 / Math.min(SMOOTHED_OVER, ++state.answers);
    state.deviationMs += (Math.abs(tookMs - state.meanMs) - state.deviationMs) * share;
    state.meanMs += (tookMs - state.meanMs) * share;
    if (input.usage !== null) state.lengths.learn(input.usage.outputTokens);
  }
  if (status !== 0) state.slowestMs = Math.max(tookMs, state.slowestMs * 0.999);
  return effects;
}

/** Too much at once, as far as is known: the search for the right number goes back. */
function crowded(state: QuotaState, sentAtMs: number, nowMs: number): void {
  if (state.control !== null)
    state.control = stepControl(state.control, { type: 'refused', sentAtMs }, nowMs);
}

/** The endpoint refused: waits as told, and believes less of the limit that it named, or of the one used most. */
function refuse(state: QuotaState, input: InputOf<'settle'>, sentAtMs: number, nowMs: number): void {
  const searchMs = Math.min(SEARCH_PAUSE_MS_MAX, SEARCH_PAUSE_MS * 2 ** state.refusedInRow);
  // Those that were under way together were refused together: that is one refusal.
  if (nowMs >= state.pausedUntilMs) state.refusedInRow++;
  const pauseMs = input.retryAfterMs ?? (state.control === null ? PAUSE_MS : searchMs);
  // Nothing was used up: what was refused waits as it was told, and the others go on, but slower.
  if (input.over === 'acceleration') return state.ramp.refused(sentAtMs, nowMs);
  state.pausedUntilMs = Math.max(state.pausedUntilMs, nowMs + pauseMs);
  const places = inFlightOf(state) / concurrencyOf(state);
  let named = state.meters.filter((m) => m.known && m.config.unit === input.over);
  // A limit that nobody knows is found by its refusals alone.
  if (state.control !== null && named.length === 0) return crowded(state, sentAtMs, nowMs);
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

function releaseHolder(state: QuotaState, holder: number, nowMs: number): void {
  for (const permit of [...state.permits.values()])
    if (permit.holder === holder) orphan(state, permit, nowMs);
  for (const lease of [...state.leases.values()]) if (lease.holder === holder) loseLease(state, lease, nowMs);
  for (const waiting of state.queue.filter((w) => w.holder === holder)) {
    state.queue.remove(waiting);
    unqueue(state, waiting);
  }
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

/** When the next one may go, as far as time alone decides; Infinity while no place is free. */
function headGoesAtMs(state: QuotaState, head: Waiting, nowMs: number): number {
  if (freePlaces(state, nowMs) < 1) return Infinity;
  let atMs = Math.max(state.pausedUntilMs, state.ramp.clearAtMs(0, nowMs));
  for (const [i, meter] of state.meters.entries()) {
    atMs = Math.max(atMs, meter.clearAtMs(head.costs[i]!, 0, nowMs));
    if (atMs > nowMs + 1_000) break;
  }
  return atMs;
}

function shedTheLate(state: QuotaState, nowMs: number, effects: QuotaEffect[]): void {
  const serviceMs = expectedServiceMs(state);
  while (state.byDue.earliestMs < nowMs + serviceMs) {
    const late = state.byDue.pop()!;
    if (late.gone) continue;
    state.queue.remove(late);
    unqueue(state, late);
    effects.push({ type: 'shed', id: late.id, message: lateMessage(late, nowMs) });
  }
  while (state.byDue.earliest?.gone === true) state.byDue.pop();
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
    state.ramp.take(requestsPerMs(state), nowMs);
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
      leaseReturned(state, input, nowMs);
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
  let atMs = Math.min(state.expiries.earliestMs, state.lingering.earliestMs);
  const head = state.queue.peek();
  if (head !== null) {
    atMs = Math.min(
      atMs,
      headGoesAtMs(state, head, nowMs),
      state.byDue.earliestMs - expectedServiceMs(state) + 1,
    );
  }
  return atMs === Infinity ? null : Math.max(nowMs, atMs);
}
