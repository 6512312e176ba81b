import { endedAtMs, freePlaces, giveUpHearing, recharge, setVariance } from './quotaAccounts.ts';
import {
  concurrencyOf,
  costsOf,
  dominantMs,
  type Lease,
  type Permit,
  type QuotaState,
} from './quotaState.ts';
import type { InputOf, QuotaEffect } from './quotaTypes.ts';

/** A lease is for quiet times: with less than this free there is none. */
const LEASE_FREE = 0.5;

/** The places of a lease whose end nobody told of may all be in use: they stay until their requests must have ended. */
export function loseLease(state: QuotaState, lease: Lease, nowMs: number): void {
  state.leases.delete(lease.number);
  state.leased -= lease.places;
  giveUpHearing(state, lease.charged, 0, nowMs);
  const until = endedAtMs(state, lease.expiresAtMs, nowMs);
  for (let i = 0; i < lease.places; i++) state.lingering.push(until, null);
}

export function lease(state: QuotaState, input: InputOf<'lease'>, nowMs: number): QuotaEffect[] {
  const { places, holder, inputTokens, outputTokens } = input;
  const free = freePlaces(state, nowMs);
  if (places < 1 || state.queue.size > 0 || nowMs < state.pausedUntilMs) return [];
  if (free - places < LEASE_FREE * concurrencyOf(state)) return [];
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
    grantedAtMs: nowMs,
    expiresAtMs: nowMs + input.forMs,
  };
  state.leases.set(granted.number, granted);
  state.leased += places;
  // In case it is never returned: the last one to use it has been heard of by then.
  state.expiries.push(granted.expiresAtMs + state.config.lingerMs, granted.number);
  effects.push({ type: 'leased', lease: { ...granted }, firstPermit });
  return effects;
}

export function leaseUsed(state: QuotaState, input: InputOf<'lease-used'>, nowMs: number): QuotaEffect[] {
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
  recharge(state, permit, costs, nowMs, held.grantedAtMs);
  setVariance(state, permit, state.lengths.expected(0, outputTokens));
  state.permits.set(permit.number, permit);
  state.expiries.push(input.deadlineAtMs + state.config.lingerMs, permit.number);
  return [
    { type: 'charged', unit: 'requests', amount: 1 },
    { type: 'charged', unit: 'inputTokens', amount: inputTokens },
  ];
}

export function leaseReturned(state: QuotaState, input: InputOf<'lease-returned'>, nowMs: number): void {
  const held = state.leases.get(input.lease);
  if (held === undefined || held.holder !== input.holder) return;
  state.leases.delete(held.number);
  state.leased -= held.places;
  held.places = 0;
  recharge(
    state,
    held,
    held.charged.map(() => 0),
    nowMs,
    held.grantedAtMs,
  );
}
