import { rateNow } from './belief.ts';
import {
  concurrencyOf,
  inFlightOf,
  type Lease,
  type Permit,
  type QuotaState,
  type Waiting,
} from './quotaState.ts';
import type { CountedUnit, QuotaEffect } from './quotaTypes.ts';

/** Half a mean squared: the variance of what is still to come, between that of equal and of exponential lengths. */
const VARIANCE = 0.5;
export function charged(effects: QuotaEffect[], unit: CountedUnit, amount: number): void {
  if (amount !== 0) effects.push({ type: 'charged', unit, amount });
}

/** It waits no longer. */
export function unqueue(state: QuotaState, waiting: Waiting): void {
  waiting.gone = true;
  const empty = state.queue.size === 0;
  for (const [i, amount] of waiting.costs.entries()) state.queued[i] = empty ? 0 : state.queued[i]! - amount;
  state.queuedCost = empty ? 0 : state.queuedCost - waiting.cost;
}

/**
 * Charges it for `amounts` from now on instead of what it was charged for.
 * @param unsentSinceMs when it was charged, if the endpoint never was to charge the rest
 */
export function recharge(
  state: QuotaState,
  permit: Permit | Lease,
  amounts: readonly number[],
  nowMs: number,
  unsentSinceMs?: number,
): void {
  for (const [i, meter] of state.meters.entries()) {
    meter.correct(permit.entries[i]!, amounts[i]! - permit.charged[i]!, nowMs, unsentSinceMs);
    permit.charged[i] = amounts[i]!;
  }
}

export function setVariance(state: QuotaState, permit: Permit, residual: number): void {
  const variance = VARIANCE * residual * residual;
  for (const meter of state.meters) meter.unsure(variance - permit.variance);
  permit.variance = variance;
}

/** Its answer is known to have that many tokens by now. */
export function hear(
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

/** What is still expected of an answer that will not be heard of any more counts as made. */
export function giveUpHearing(
  state: QuotaState,
  charged: readonly number[],
  produced: number,
  nowMs: number,
): void {
  for (const [i, meter] of state.meters.entries()) meter.produced(charged[i]! - produced, nowMs);
}

export function endedAtMs(state: QuotaState, goAtMs: number, nowMs: number): number {
  const longest = Math.max(state.config.longestMs, 2 * state.slowestMs);
  return Math.max(nowMs, goAtMs + longest) + state.config.lingerMs;
}

export function freePlaces(state: QuotaState, nowMs: number): number {
  const believed = Math.floor(concurrencyOf(state) * rateNow(state.concurrencyBelief, nowMs));
  return Math.max(1, believed) - inFlightOf(state);
}
