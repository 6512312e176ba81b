import type { Belief } from './belief.ts';
import { TRUSTING } from './belief.ts';
import { placesOf, UNKNOWN_CONCURRENCY, type ConcurrencyControl } from './concurrencyControl.ts';
import { FairQueue, type Priority } from './fairQueue.ts';
import { LengthModel } from './lengthModel.ts';
import { Meter, type LimitConfig, type Unit } from './meter.ts';
import { Ramp } from './ramp.ts';
import { TimeHeap } from './timeHeap.ts';

/** What the coordinator knows of one endpoint. Times in ms. */
export interface QuotaConfig {
  readonly limits: readonly LimitConfig[];
  readonly concurrency: number;
  /** The endpoint's own limit of it is not known and is searched for, up to `concurrency`. */
  readonly searches?: true;
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
  /** It is shed when it cannot be over by then; not after the deadline. */
  readonly dueAtMs: number;
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
  readonly grantedAtMs: number;
  readonly expiresAtMs: number;
}

/** All of the coordinator's state for one endpoint. Changed by `stepQuota` alone. */
export interface QuotaState {
  readonly config: QuotaConfig;
  readonly meters: readonly Meter[];
  readonly lengths: LengthModel;
  readonly queue: FairQueue<Waiting>;
  /** By when each is due. */
  readonly byDue: TimeHeap<Waiting>;
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
  readonly ramp: Ramp;
  /** What the search for an unknown limit has come to; null where it is known. */
  control: ConcurrencyControl | null;
  /** 429s since the last answer. */
  refusedInRow: number;
  /** Answers that came. */
  answers: number;
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
    byDue: new TimeHeap(),
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
    ramp: new Ramp(),
    refusedInRow: 0,
    control: config.searches === true ? UNKNOWN_CONCURRENCY : null,
    answers: 0,
    meanMs: config.expectedMs,
    deviationMs: 0,
    slowestMs: 0,
  };
}

/** Requests that are, or may be, under way at the endpoint, places on lease included. */
export function inFlightOf(state: QuotaState): number {
  return state.permits.size + state.lingering.size + state.leased;
}

/** Requests that may be under way at once, as far as is known or was found out. */
export function concurrencyOf({ config, control }: QuotaState): number {
  return control === null ? config.concurrency : Math.min(config.concurrency, placesOf(control));
}

/** The narrowest written limit of requests, a millisecond; Infinity for none. */
export function requestsPerMs(state: QuotaState): number {
  let least = Infinity;
  for (const meter of state.meters)
    if (meter.config.unit === 'requests' && meter.known) least = Math.min(least, meter.perMs);
  return least;
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
  let ms = serviceMs / concurrencyOf(state);
  state.meters.forEach((meter, i) => {
    if (meter.config.windowMs <= 120_000) ms = Math.max(ms, costs[i]! / meter.perMs);
  });
  return ms;
}
