import type { Belief } from './belief.ts';
import { TRUSTING } from './belief.ts';
import { FairQueue, type Priority } from './fairQueue.ts';
import { LengthModel } from './lengthModel.ts';
import { Meter, type LimitConfig, type Unit } from './meter.ts';
import { TimeHeap } from './timeHeap.ts';

/** What the coordinator knows of one endpoint. Times in ms. */
export interface QuotaConfig {
  readonly limits: readonly LimitConfig[];
  readonly concurrency: number;
  /** Most requests that wait; the next one is shed. */
  readonly queueMax: number;
  /** One-way delays vary by this much at most. */
  readonly jitterMs: number;
  /** From a token's making to its being known here, and on to the next request's arrival there, at most. */
  readonly lagMs: number;
  /** A request that was cut off may run on at the endpoint this long, at most. */
  readonly lingerMs: number;
  /** From permit to settlement, on average, as long as nothing was measured. */
  readonly expectedMs: number;
  /** From permit to the end at the endpoint, at most, of a request whose node is gone. */
  readonly longestMs: number;
}

export interface TokenUse {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** A request that waits for its turn. */
export interface Waiting extends TokenUse {
  readonly id: number;
  readonly holder: number;
  readonly flow: string;
  readonly priority: Priority;
  /** Its share of the scarcest limit, in ms of that limit's rate. */
  readonly cost: number;
  /** By limit, in the limit's unit. */
  readonly costs: readonly number[];
  readonly deadlineAtMs: number;
  readonly sinceMs: number;
  gone: boolean;
}

/** A request that may be under way. */
export interface Permit {
  readonly number: number;
  readonly holder: number;
  readonly flow: string;
  readonly priority: Priority;
  readonly cost: number;
  readonly inputTokens: number;
  /** The most that the answer may have. */
  readonly outputTokens: number;
  /** By limit: what is charged for it now, and where. */
  readonly charged: number[];
  readonly entries: number[];
  /** Tokens of its answer that are known to be made. */
  produced: number;
  variance: number;
  readonly goAtMs: number;
}

/** Budget that a node may spend without asking. */
export interface Lease {
  readonly number: number;
  readonly holder: number;
  /** Requests that may still go, each with up to this many tokens. */
  places: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly charged: number[];
  readonly entries: number[];
  readonly expiresAtMs: number;
}

/** All of the coordinator's state for one endpoint. Changed by `stepQuota` alone. */
export interface QuotaState {
  readonly config: QuotaConfig;
  readonly meters: readonly Meter[];
  readonly lengths: LengthModel;
  readonly queue: FairQueue<Waiting>;
  readonly byDeadline: TimeHeap<Waiting>;
  /** Sum of the costs in the queue, by limit; and over all in its one unit. */
  readonly queued: number[];
  queuedCost: number;
  readonly permits: Map<number, Permit>;
  readonly expiries: TimeHeap<number>;
  readonly leases: Map<number, Lease>;
  /** Places of all leases. */
  leased: number;
  /** When each request that was cut off has surely ended at the endpoint. */
  readonly lingering: TimeHeap<null>;
  nextPermit: number;
  /** The endpoint said 429: nothing goes before. */
  pausedUntilMs: number;
  concurrencyBelief: Belief;
  /** Smoothed time from permit to settlement, its mean deviation, and the longest seen. */
  meanMs: number;
  deviationMs: number;
  slowestMs: number;
}

export function createQuota(config: QuotaConfig, nowMs: number): QuotaState {
  return {
    config,
    meters: config.limits.map((limit) => new Meter(limit, config, nowMs)),
    lengths: new LengthModel(),
    queue: new FairQueue(),
    byDeadline: new TimeHeap(),
    queued: config.limits.map(() => 0),
    queuedCost: 0,
    permits: new Map(),
    expiries: new TimeHeap(),
    leases: new Map(),
    leased: 0,
    lingering: new TimeHeap(),
    nextPermit: 1,
    pausedUntilMs: nowMs,
    concurrencyBelief: TRUSTING,
    meanMs: config.expectedMs,
    deviationMs: 0,
    slowestMs: 0,
  };
}

/** Requests that are, or may be, under way at the endpoint, places on lease included. */
export function inFlightOf(state: QuotaState): number {
  return state.permits.size + state.lingering.size + state.leased;
}

/** What a request of that size counts against a limit. */
export function amountOf(unit: Unit, inputTokens: number, outputTokens: number): number {
  switch (unit) {
    case 'requests':
      return 1;
    case 'inputTokens':
      return inputTokens;
    case 'outputTokens':
      return outputTokens;
    case 'totalTokens':
      return inputTokens + outputTokens;
  }
}

/** What a request of that size is charged by each limit when it goes: the most for its answer, or what is expected of it. */
export function costsOf(state: QuotaState, inputTokens: number, maxOutputTokens: number): number[] {
  const expected = state.lengths.expected(0, maxOutputTokens);
  return state.meters.map(({ config: { unit, counted } }) =>
    counted === 'larger' && unit === 'totalTokens'
      ? Math.max(inputTokens, maxOutputTokens)
      : amountOf(unit, inputTokens, counted === 'produced' ? expected : maxOutputTokens),
  );
}

/** Its share of the scarcest resource (dominant share, Ghodsi et al., NSDI 2011), in ms. */
export function dominantMs(state: QuotaState, costs: readonly number[], serviceMs: number): number {
  let ms = serviceMs / state.config.concurrency;
  state.meters.forEach((meter, i) => {
    if (meter.config.windowMs <= 120_000) ms = Math.max(ms, costs[i]! / meter.perMs);
  });
  return ms;
}
