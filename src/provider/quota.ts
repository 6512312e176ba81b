import { AXES, type Axis } from './limits.ts';

/** Pacing of one limit. Amounts in the limit's unit. */
export interface PaceConfig {
  readonly perMs: number;
  /** What may go at once after a pause. The endpoint must let through at least this much plus `perMs` x the variation of delays. */
  readonly burst: number;
}

/** What the coordinator knows of the endpoint. Times in ms. */
export interface QuotaConfig {
  readonly pace: Readonly<Record<Axis, PaceConfig>>;
  readonly concurrency: number;
  /** Most requests that wait; the next one is shed. */
  readonly queueMax: number;
  /** The one-way delay varies by this much at most, for a cost above the burst, which needs the endpoint's bucket full. */
  readonly jitterMs: number;
  /** A request that was cut off may run on at the endpoint this long, at most. */
  readonly lingerMs: number;
  /** From permit to settlement, on average, as long as nothing was measured. */
  readonly expectedMs: number;
  /** From permit to the end at the endpoint, at most, of a request whose node is gone. */
  readonly longestMs: number;
}

export type QuotaInput =
  | {
      readonly type: 'acquire';
      /** The caller's own number for it. */
      readonly id: number;
      /** Who loses it when a node dies. */
      readonly holder: number;
      readonly inputTokens: number;
      readonly outputTokens: number;
      readonly deadlineAtMs: number;
    }
  | {
      readonly type: 'settle';
      readonly permit: number;
      readonly status: number;
      readonly usage: { readonly inputTokens: number; readonly outputTokens: number } | null;
      readonly retryAfterMs: number | null;
    }
  | { readonly type: 'release-holder'; readonly holder: number }
  | { readonly type: 'tick' };

export type QuotaEffect =
  | { readonly type: 'go'; readonly id: number; readonly permit: number; readonly queuedMs: number }
  | { readonly type: 'shed'; readonly id: number; readonly message: string }
  /** Used (or given back), for the account of use: requests and prompts as they go, answers as they come. */
  | { readonly type: 'charged'; readonly axis: Axis; readonly amount: number };

interface Waiting {
  readonly id: number;
  readonly holder: number;
  readonly cost: Readonly<Record<Axis, number>>;
  readonly deadlineAtMs: number;
  readonly sinceMs: number;
}

interface Permit {
  readonly holder: number;
  readonly cost: Readonly<Record<Axis, number>>;
  readonly goAtMs: number;
  /** Not settled by then, it is taken for lost. */
  expiresAtMs: number;
}

/** All of the coordinator's state. Changed by `stepQuota` alone. */
export interface QuotaState {
  readonly config: QuotaConfig;
  /** GCRA's theoretical arrival time of each limit: the bucket is full from then on. */
  readonly fullAtMs: Record<Axis, number>;
  readonly queue: Waiting[];
  /** Sum of the costs in the queue. */
  readonly queued: Record<Axis, number>;
  readonly permits: Map<number, Permit>;
  /** When each request that was cut off has surely ended at the endpoint. */
  lingering: number[];
  nextPermit: number;
  /** The endpoint said 429: nothing goes before. */
  pausedUntilMs: number;
  /** Smoothed time from permit to settlement, and the longest seen. */
  meanMs: number;
  slowestMs: number;
}

export function createQuota(config: QuotaConfig, nowMs: number): QuotaState {
  return {
    config,
    fullAtMs: { requests: nowMs, inputTokens: nowMs, outputTokens: nowMs },
    queue: [],
    queued: { requests: 0, inputTokens: 0, outputTokens: 0 },
    permits: new Map(),
    lingering: [],
    nextPermit: 1,
    pausedUntilMs: nowMs,
    meanMs: config.expectedMs,
    slowestMs: 0,
  };
}

/** Requests that are, or may be, under way at the endpoint. */
export function inFlightOf(state: QuotaState): number {
  return state.permits.size + state.lingering.length;
}

/** When a limit lets `cost` go, everything `ahead` of it gone first. */
function clearAtMs(state: QuotaState, axis: Axis, cost: number, ahead: number): number {
  const { perMs, burst } = state.config.pace[axis];
  const full = state.fullAtMs[axis] + ahead / perMs;
  return cost <= burst ? full + (cost - burst) / perMs : full + state.config.jitterMs;
}

function estimatedGoMs(
  state: QuotaState,
  cost: Waiting['cost'],
  nowMs: number,
): { atMs: number; why: string } {
  let atMs = Math.max(nowMs, state.pausedUntilMs);
  let why = 'the endpoint to accept requests again';
  for (const axis of AXES) {
    const clear = Math.max(clearAtMs(state, axis, cost[axis], state.queued[axis]), nowMs);
    if (clear > atMs) {
      atMs = clear;
      why = `the limit of ${axis === 'requests' ? 'requests' : axis === 'inputTokens' ? 'input tokens' : 'output tokens'} a minute`;
    }
  }
  const behind = state.queue.length + 1 - (state.config.concurrency - inFlightOf(state));
  const turn = nowMs + (Math.max(0, behind) * state.meanMs) / state.config.concurrency;
  return turn > atMs ? { atMs: turn, why: 'a free place among the concurrent requests' } : { atMs, why };
}

/** How long the next request will take. With nothing under way a slow past must not forbid the try that would tell of a better present. */
function expectedServiceMs(state: QuotaState): number {
  return state.permits.size === 0 ? Math.min(state.meanMs, state.config.expectedMs) : state.meanMs;
}

const seconds = (ms: number): string => `${(Math.max(0, ms) / 1000).toFixed(1)} s`;

function shed(waiting: Pick<Waiting, 'id'>, message: string): QuotaEffect {
  return { type: 'shed', id: waiting.id, message };
}

function unqueue(state: QuotaState, waiting: Waiting): void {
  for (const axis of AXES) state.queued[axis] -= waiting.cost[axis];
  if (state.queue.length === 0) for (const axis of AXES) state.queued[axis] = 0;
}

function acquire(
  state: QuotaState,
  input: Extract<QuotaInput, { type: 'acquire' }>,
  nowMs: number,
): QuotaEffect[] {
  const cost = { requests: 1, inputTokens: input.inputTokens, outputTokens: input.outputTokens };
  if (state.queue.length >= state.config.queueMax)
    return [
      shed(
        input,
        `Not sent: ${state.queue.length} requests wait for the provider already, which is the most that may. Ask fewer questions a second or raise the provider's limits.`,
      ),
    ];
  const turn = estimatedGoMs(state, cost, nowMs);
  if (turn.atMs + expectedServiceMs(state) > input.deadlineAtMs)
    return [
      shed(
        input,
        `Not sent: behind ${state.queue.length} others waiting for ${turn.why} it would go in ${seconds(turn.atMs - nowMs)} and take ${seconds(expectedServiceMs(state))}, past its deadline in ${seconds(input.deadlineAtMs - nowMs)}. Ask fewer questions a second or raise that limit.`,
      ),
    ];
  const { id, holder, deadlineAtMs } = input;
  state.queue.push({ id, holder, cost, deadlineAtMs, sinceMs: nowMs });
  for (const axis of AXES) state.queued[axis] += cost[axis];
  return [];
}

function giveBack(state: QuotaState, axis: Axis, amount: number, effects: QuotaEffect[]): void {
  if (amount === 0) return;
  state.fullAtMs[axis] -= amount / state.config.pace[axis].perMs;
  if (axis !== 'outputTokens') effects.push({ type: 'charged', axis, amount: -amount });
}

function settle(
  state: QuotaState,
  input: Extract<QuotaInput, { type: 'settle' }>,
  nowMs: number,
): QuotaEffect[] {
  const permit = state.permits.get(input.permit);
  if (permit === undefined) return [];
  state.permits.delete(input.permit);
  const effects: QuotaEffect[] = [];
  const { status, usage } = input;
  if (usage !== null) {
    // Only a request that was never sent used nothing, not even a request.
    if (status === 0 && usage.inputTokens === 0 && usage.outputTokens === 0)
      giveBack(state, 'requests', permit.cost.requests, effects);
    giveBack(state, 'inputTokens', permit.cost.inputTokens - usage.inputTokens, effects);
    giveBack(state, 'outputTokens', permit.cost.outputTokens - usage.outputTokens, effects);
  } else if (status === 0) {
    state.lingering.push(nowMs + state.config.lingerMs);
  } else if (status !== 429) {
    giveBack(state, 'outputTokens', permit.cost.outputTokens, effects);
  }
  // Only what was produced counts as used; what a request that was cut off has produced nobody knows.
  const produced = usage !== null ? usage.outputTokens : status === 0 ? permit.cost.outputTokens : 0;
  if (produced > 0) effects.push({ type: 'charged', axis: 'outputTokens', amount: produced });
  if (status === 429)
    state.pausedUntilMs = Math.max(state.pausedUntilMs, nowMs + (input.retryAfterMs ?? 1000));
  const tookMs = nowMs - permit.goAtMs;
  if (status === 200) state.meanMs += (tookMs - state.meanMs) / 32;
  if (status !== 0) state.slowestMs = Math.max(tookMs, state.slowestMs * 0.999);
  return effects;
}

/** The endpoint may still be busy with a request whose holder is gone: its place and its charge stay until it must have ended. */
function orphan(state: QuotaState, number: number, permit: Permit, nowMs: number): void {
  state.permits.delete(number);
  const longest = Math.max(state.config.longestMs, 2 * state.slowestMs);
  const endAtMs = Math.max(nowMs, permit.goAtMs + longest) + state.config.lingerMs;
  state.lingering.push(endAtMs);
}

function releaseHolder(state: QuotaState, holder: number, nowMs: number): void {
  for (const [number, permit] of state.permits)
    if (permit.holder === holder) orphan(state, number, permit, nowMs);
  const kept = state.queue.filter((w) => w.holder !== holder);
  const gone = state.queue.filter((w) => w.holder === holder);
  state.queue.splice(0, state.queue.length, ...kept);
  for (const waiting of gone) unqueue(state, waiting);
}

function expire(state: QuotaState, nowMs: number): void {
  if (state.lingering.some((t) => t <= nowMs)) state.lingering = state.lingering.filter((t) => t > nowMs);
  for (const [number, permit] of state.permits)
    if (permit.expiresAtMs <= nowMs) orphan(state, number, permit, nowMs);
}

/** When the first in the queue may go, as far as time alone decides; Infinity while no place is free. */
function headGoesAtMs(state: QuotaState, head: Waiting): number {
  if (inFlightOf(state) >= state.config.concurrency) return Infinity;
  let atMs = state.pausedUntilMs;
  for (const axis of AXES) atMs = Math.max(atMs, clearAtMs(state, axis, head.cost[axis], 0));
  return atMs;
}

function pump(state: QuotaState, nowMs: number): QuotaEffect[] {
  const effects: QuotaEffect[] = [];
  for (let head = state.queue[0]; head !== undefined; head = state.queue[0]) {
    const late = nowMs + expectedServiceMs(state) > head.deadlineAtMs;
    if (!late && headGoesAtMs(state, head) > nowMs) break;
    state.queue.shift();
    unqueue(state, head);
    if (late) {
      effects.push(
        shed(
          head,
          `Not sent: it waited ${seconds(nowMs - head.sinceMs)} for the provider's quota, and with ${seconds(head.deadlineAtMs - nowMs)} left the answer would come too late. Ask fewer questions a second or raise the provider's limits.`,
        ),
      );
      continue;
    }
    const permit = state.nextPermit++;
    for (const axis of AXES) {
      const pace = state.config.pace[axis];
      state.fullAtMs[axis] = Math.max(state.fullAtMs[axis], nowMs) + head.cost[axis] / pace.perMs;
      if (axis !== 'outputTokens') effects.push({ type: 'charged', axis, amount: head.cost[axis] });
    }
    state.permits.set(permit, {
      holder: head.holder,
      cost: head.cost,
      goAtMs: nowMs,
      expiresAtMs: head.deadlineAtMs + state.config.lingerMs,
    });
    effects.push({ type: 'go', id: head.id, permit, queuedMs: nowMs - head.sinceMs });
  }
  return effects;
}

/**
 * Shares one endpoint's limits over all who ask, so that none of them is exceeded on the wire: GCRA (ITU-T I.371) paces
 * requests, input tokens and output tokens, a count of permits holds concurrency; first come, first served. Output is
 * reserved in full and corrected at settlement, as the endpoint does it. A request that cannot meet its deadline is
 * shed at once. Pure but for `state`, which it changes; `nowMs` must not step back.
 */
export function stepQuota(state: QuotaState, input: QuotaInput, nowMs: number): readonly QuotaEffect[] {
  expire(state, nowMs);
  let effects: QuotaEffect[] = [];
  if (input.type === 'acquire') effects = acquire(state, input, nowMs);
  else if (input.type === 'settle') effects = settle(state, input, nowMs);
  else if (input.type === 'release-holder') releaseHolder(state, input.holder, nowMs);
  return effects.concat(pump(state, nowMs));
}

/** When a `tick` is needed next, unless another input comes first; null for never. */
export function nextTickMs(state: QuotaState, nowMs: number): number | null {
  let atMs = Infinity;
  const head = state.queue[0];
  if (head !== undefined) {
    atMs = Math.min(
      headGoesAtMs(state, head),
      Math.max(nowMs, head.deadlineAtMs - expectedServiceMs(state)) + 1,
    );
    for (const t of state.lingering) atMs = Math.min(atMs, t);
  }
  for (const permit of state.permits.values()) atMs = Math.min(atMs, permit.expiresAtMs);
  return atMs === Infinity ? null : Math.max(nowMs, atMs);
}
