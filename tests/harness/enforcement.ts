/** How a limit a minute is enforced: `fixed` windows begin at a phase that the client does not know. */
export type Regime = 'bucket' | 'sliding' | 'fixed';
export const REGIMES: readonly Regime[] = ['bucket', 'sliding', 'fixed'];

const MINUTE_MS = 60_000;

/** One enforced limit. */
export interface Enforcer {
  /** Whether something of that cost may start; a cost of 0 needs something left. */
  allows(cost: number, nowMs: number): boolean;
  charge(amount: number, nowMs: number): void;
  remaining(nowMs: number): number;
}

/** A bucket of `capacity`, filled continuously with `perMinute`. */
export function bucket(perMinute: number, capacity: number): Enforcer {
  let level = capacity;
  let at = 0;
  const refill = (nowMs: number): void => {
    level = Math.min(capacity, level + ((nowMs - at) * perMinute) / MINUTE_MS);
    at = nowMs;
  };
  return {
    allows(cost, nowMs) {
      refill(nowMs);
      return cost > 0 ? level >= cost - 1e-6 : level > 0;
    },
    charge(amount, nowMs) {
      refill(nowMs);
      level -= amount;
    },
    remaining(nowMs) {
      refill(nowMs);
      return Math.max(0, level);
    },
  };
}

/** Everything of the last 60 s, to the event. */
export function sliding(perMinute: number): Enforcer {
  const times: number[] = [];
  const amounts: number[] = [];
  let head = 0;
  let sum = 0;
  const forget = (nowMs: number): void => {
    while (head < times.length && times[head]! <= nowMs - MINUTE_MS) sum -= amounts[head++]!;
    if (head > 10_000) {
      times.splice(0, head);
      amounts.splice(0, head);
      head = 0;
    }
  };
  return {
    allows(cost, nowMs) {
      forget(nowMs);
      return cost > 0 ? sum + cost <= perMinute + 1e-6 : sum < perMinute;
    },
    charge(amount, nowMs) {
      forget(nowMs);
      times.push(nowMs);
      amounts.push(amount);
      sum += amount;
    },
    remaining(nowMs) {
      forget(nowMs);
      return Math.max(0, perMinute - sum);
    },
  };
}

/** A count that starts anew every 60 s from `phaseMs` on. */
export function fixed(perMinute: number, phaseMs: number): Enforcer {
  let window = -1;
  let sum = 0;
  const turn = (nowMs: number): void => {
    const current = Math.floor((nowMs + phaseMs) / MINUTE_MS);
    if (current !== window) sum = 0;
    window = current;
  };
  return {
    allows(cost, nowMs) {
      turn(nowMs);
      return cost > 0 ? sum + cost <= perMinute + 1e-6 : sum < perMinute;
    },
    charge(amount, nowMs) {
      turn(nowMs);
      sum += amount;
    },
    remaining(nowMs) {
      turn(nowMs);
      return Math.max(0, perMinute - sum);
    },
  };
}
