import type { EnforcedLimit } from './limits.ts';
import { allows, charge, createTokenBucket, levelOf, waitMs, type TokenBucket } from './tokenBucket.ts';

/** One limit as an endpoint enforces it. Amounts in the limit's unit, times in ms. */
export interface Limiter {
  readonly limit: EnforcedLimit;
  allows(cost: number, nowMs: number): boolean;
  /** Until `allows(cost)` if nothing else is charged. */
  waitMs(cost: number, nowMs: number): number;
  /** Charges. Whether it may is `allows`' matter. */
  charge(cost: number, nowMs: number): void;
  /** Charges more, or gives back when negative, for what was charged at `chargedMs`. What no longer counts gives nothing back. */
  correct(cost: number, chargedMs: number, nowMs: number): void;
  /** What is left, >= 0. */
  remaining(nowMs: number): number;
  /** Until everything is there again. */
  resetMs(nowMs: number): number;
}

function bucketLimiter(limit: EnforcedLimit, nowMs: number): Limiter {
  const bucket: TokenBucket = createTokenBucket((limit.amount * 60_000) / limit.perMs, limit.capacity, nowMs);
  return {
    limit,
    allows: (cost, now) => allows(bucket, cost, now),
    waitMs: (cost, now) => waitMs(bucket, cost, now),
    charge: (cost, now) => charge(bucket, cost, now),
    correct: (cost, _charged, now) => charge(bucket, cost, now),
    remaining: (now) => Math.max(0, levelOf(bucket, now)),
    resetMs: (now) => waitMs(bucket, bucket.capacity, now),
  };
}

/** Any span of `perMs` holds at most the amount. A cost above the amount needs an empty span. */
function slidingLimiter(limit: EnforcedLimit): Limiter {
  const charges: { readonly atMs: number; amount: number }[] = [];
  let first = 0;
  let sum = 0;
  const prune = (nowMs: number): void => {
    for (; first < charges.length && charges[first]!.atMs <= nowMs - limit.perMs; first++)
      sum -= charges[first]!.amount;
    if (first > 1_024 && first * 2 > charges.length) {
      charges.splice(0, first);
      first = 0;
    }
  };
  const free = (cost: number): number => limit.amount - Math.min(cost, limit.amount);
  return {
    limit,
    allows(cost, now) {
      prune(now);
      return sum <= free(cost) + 1e-9;
    },
    waitMs(cost, now) {
      prune(now);
      let over = sum - free(cost);
      for (let i = first; i < charges.length && over > 1e-9; i++) {
        over -= charges[i]!.amount;
        if (over <= 1e-9) return charges[i]!.atMs + limit.perMs - now;
      }
      return over > 1e-9 ? limit.perMs : 0;
    },
    charge(cost, now) {
      prune(now);
      sum += cost;
      const last = charges.at(-1);
      if (last !== undefined && charges.length > first && last.atMs === now) last.amount += cost;
      else charges.push({ atMs: now, amount: cost });
    },
    correct(cost, chargedMs, now) {
      if (cost > 0) {
        this.charge(cost, now);
        return;
      }
      prune(now);
      let i = charges.length - 1;
      while (i >= first && charges[i]!.atMs > chargedMs) i--;
      if (i < first || charges[i]!.atMs !== chargedMs) return;
      charges[i]!.amount += cost;
      sum += cost;
    },
    remaining(now) {
      prune(now);
      return Math.max(0, limit.amount - sum);
    },
    resetMs(now) {
      prune(now);
      const last = charges.at(-1);
      return last === undefined || charges.length === first ? 0 : last.atMs + limit.perMs - now;
    },
  };
}

/** Spans that begin at multiples of `perMs`. A cost above the amount needs an empty span. */
function fixedLimiter(limit: EnforcedLimit): Limiter {
  let span = -1;
  let sum = 0;
  const turn = (nowMs: number): void => {
    const now = Math.floor(nowMs / limit.perMs);
    if (now === span) return;
    span = now;
    sum = 0;
  };
  const untilNext = (nowMs: number): number => (Math.floor(nowMs / limit.perMs) + 1) * limit.perMs - nowMs;
  const fits = (cost: number, nowMs: number): boolean => {
    turn(nowMs);
    return sum + Math.min(cost, limit.amount) <= limit.amount + 1e-9;
  };
  return {
    limit,
    allows: fits,
    waitMs: (cost, now) => (fits(cost, now) ? 0 : untilNext(now)),
    charge(cost, now) {
      turn(now);
      sum += cost;
    },
    correct(cost, chargedMs, now) {
      turn(now);
      if (cost > 0 || Math.floor(chargedMs / limit.perMs) === span) sum += cost;
    },
    remaining(now) {
      turn(now);
      return Math.max(0, limit.amount - sum);
    },
    resetMs: untilNext,
  };
}

/** A limiter of the kind that the limit asks for, with nothing charged. */
export function createLimiter(limit: EnforcedLimit, nowMs: number): Limiter {
  switch (limit.enforcement) {
    case 'bucket':
      return bucketLimiter(limit, nowMs);
    case 'sliding':
      return slidingLimiter(limit);
    case 'fixed':
      return fixedLimiter(limit);
  }
}
