/** Cut at a 429 to this share of what was let through just before it. */
const CUT = 0.75;
const RATE_MIN = 0.02;
const BURST_MIN = 0.05;
/** Shares of the limit won back in a second: at first, and at the least. A second 429 within `MEMORY_MS` halves it. */
const GROWTH_PER_S = 0.02;
const GROWTH_PER_S_MIN = 0.0005;
const BURST_GROWTH_PER_S = 0.0005;
const MEMORY_MS = 120_000;
/** 429s closer together than this are one event: those that were under way when the first came. */
const EVENT_MS = 1_000;
/** Others' use is learned fast and forgotten slowly. */
const OTHERS_UP = 0.5;
const OTHERS_DOWN = 0.05;

/**
 * What is believed of a limit beyond what is written: additive increase, multiplicative decrease (Chiu and Jain 1989) on
 * the rate and on the burst. Written limits are not the whole truth: a hidden burst, a limit on acceleration, other
 * tenants on the same key. Shares of the written limit, 1 while nothing speaks against it.
 */
export interface Belief {
  readonly rate: number;
  readonly burst: number;
  readonly growthPerS: number;
  readonly atMs: number;
  /** Of the last 429; -Infinity for none. */
  readonly refusedAtMs: number;
  /** What others used within the window, in the limit's unit. */
  readonly others: number;
}

export const TRUSTING: Belief = {
  rate: 1,
  burst: 1,
  growthPerS: GROWTH_PER_S,
  atMs: 0,
  refusedAtMs: -Infinity,
  others: 0,
};

/** The share of the rate believed in now: what was cut grows back. */
export function rateNow(b: Belief, nowMs: number): number {
  return b.rate === 1 ? 1 : Math.min(1, b.rate + ((nowMs - b.atMs) / 1000) * b.growthPerS);
}

export function burstNow(b: Belief, nowMs: number): number {
  return b.burst === 1 ? 1 : Math.min(1, b.burst + ((nowMs - b.atMs) / 1000) * BURST_GROWTH_PER_S);
}

/** @param used share of the limit's rate that was really let through in the last seconds */
export function refused(b: Belief, used: number, nowMs: number): Belief {
  if (nowMs - b.refusedAtMs < EVENT_MS) return b;
  const again = nowMs - b.refusedAtMs < MEMORY_MS;
  return {
    ...b,
    rate: Math.max(RATE_MIN, CUT * Math.min(rateNow(b, nowMs), Math.max(used, RATE_MIN))),
    burst: Math.max(BURST_MIN, burstNow(b, nowMs) / 2),
    growthPerS: again
      ? Math.max(GROWTH_PER_S_MIN, b.growthPerS / 2)
      : Math.min(GROWTH_PER_S, b.growthPerS * 2),
    atMs: nowMs,
    refusedAtMs: nowMs,
  };
}

/** The endpoint counts `gap` more as used than this quota does. */
export function othersUse(b: Belief, gap: number): Belief {
  const seen = Math.max(0, gap);
  if (seen === 0 && b.others === 0) return b;
  const others = b.others + (seen - b.others) * (seen > b.others ? OTHERS_UP : OTHERS_DOWN);
  return { ...b, others: others < 1e-3 ? 0 : others };
}
