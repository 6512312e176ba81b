import type { Priority } from './fairQueue.ts';
import { concurrencyOf, inFlightOf, type QuotaState, type Waiting } from './quotaState.ts';

/** When something would go, and what it waits for until then. */
export interface Turn {
  readonly atMs: number;
  readonly why: string;
}

const NAMES = {
  requests: 'requests',
  inputTokens: 'input tokens',
  outputTokens: 'output tokens',
  totalTokens: 'tokens',
} as const;

const seconds = (ms: number): string => `${(Math.max(0, ms) / 1000).toFixed(1)} s`;

/**
 * When a request that comes now would go at the earliest: after those of today's queue that are served before it. Who comes
 * later to a flow that asked less goes before it too, so some are shed only when that has happened.
 */
export function estimatedGoMs(
  state: QuotaState,
  asked: {
    readonly flow: string;
    readonly priority: Priority;
    readonly cost: number;
    readonly costs: readonly number[];
  },
  nowMs: number,
): Turn {
  let atMs = Math.max(nowMs, state.pausedUntilMs);
  let why = 'the endpoint to accept requests again';
  const ahead = state.queue.ahead(asked.flow, asked.priority, asked.cost);
  const share = state.queuedCost > 0 ? Math.min(1, ahead / state.queuedCost) : 0;
  for (const [i, meter] of state.meters.entries()) {
    const clear = meter.clearAtMs(asked.costs[i]!, share * state.queued[i]!, nowMs);
    if (clear > atMs) {
      atMs = clear;
      why = `the limit of ${NAMES[meter.config.unit]} a minute`;
    }
  }
  const risen = state.ramp.clearAtMs(share * state.queue.size, nowMs);
  if (risen > atMs) {
    atMs = risen;
    why = 'requests to rise no faster than the endpoint allows';
  }
  const behind = share * state.queue.size + 1 - (concurrencyOf(state) - inFlightOf(state));
  const turn = nowMs + (Math.max(0, behind) * state.meanMs) / concurrencyOf(state);
  return turn > atMs ? { atMs: turn, why: 'a free place among the concurrent requests' } : { atMs, why };
}

/** How long the next request will take. With nothing under way a slow past must not forbid the try that would tell of a better present. */
export function expectedServiceMs(state: QuotaState): number {
  return state.permits.size === 0 ? Math.min(state.meanMs, state.config.expectedMs) : state.meanMs;
}

/** How long it will take if it is quick: what is shed before it has waited at all should hardly have had a chance. */
export function quickServiceMs(state: QuotaState): number {
  return Math.max(0, expectedServiceMs(state) - state.deviationMs);
}

export const NO_ROOM = 'Not sent: the quota has no room for it at this moment.';

export const fullMessage = (waiting: number): string =>
  `Not sent: ${waiting} requests wait for the provider already, which is the most that may. Ask fewer questions a second or raise the provider's limits.`;

export const shedMessage = (state: QuotaState, turn: Turn, dueAtMs: number, nowMs: number): string =>
  `Not sent: behind ${state.queue.size} others waiting for ${turn.why} it would go in ${seconds(turn.atMs - nowMs)} and take ${seconds(expectedServiceMs(state))}, past its deadline in ${seconds(dueAtMs - nowMs)}. Ask fewer questions a second or raise that limit.`;

export const lateMessage = (late: Waiting, nowMs: number): string =>
  `Not sent: it waited ${seconds(nowMs - late.sinceMs)} for the provider's quota, and with ${seconds(late.dueAtMs - nowMs)} left the answer would come too late. Ask fewer questions a second or raise the provider's limits.`;
