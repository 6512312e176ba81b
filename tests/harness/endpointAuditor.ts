/** One request as the endpoint's own door saw it. Times in ms on the endpoint's clock. */
export interface EndpointEntry {
  readonly arrivedAtMs: number;
  /** When the endpoint's answer was complete, or Infinity. */
  readonly endedAtMs: number;
  readonly status: number;
  /** Length of the prompt as the provider counted it, and tokens reserved and produced. */
  readonly inputTokens: number;
  readonly reservedTokens: number;
  readonly outputTokens: number;
}

/** A limit: `perMinute`, of which `burst` may come at once. */
export interface AuditedLimit {
  readonly perMinute: number;
  readonly burst: number;
}

/**
 * The most that any window of time exceeds `burst + rate x its length` by, over all pairs of events; <= 0 when the limit
 * held. Computed as a maximal drawdown of the running balance, without a bucket: the excess of the window (s, t] is
 * (A(t) - rate x t) - (A(s-) - rate x s), so its maximum is the largest rise above an earlier minimum.
 */
export function worstExcess(
  events: readonly { readonly atMs: number; readonly amount: number }[],
  limit: AuditedLimit,
): number {
  const sorted = [...events].sort((a, b) => a.atMs - b.atMs);
  let sum = 0;
  let least = Infinity;
  let worst = -Infinity;
  for (const { atMs, amount } of sorted) {
    const drift = (limit.perMinute / 60_000) * atMs;
    least = Math.min(least, sum - drift);
    sum += amount;
    worst = Math.max(worst, sum - drift - least);
  }
  return worst - limit.burst;
}

/** The most requests under way at one moment, by a sweep over starts and ends; an end frees its place for a start at the same time. */
export function peakConcurrency(entries: readonly EndpointEntry[]): number {
  const edges = entries.flatMap((e) => [
    { atMs: e.arrivedAtMs, by: 1 },
    { atMs: e.endedAtMs, by: -1 },
  ]);
  edges.sort((a, b) => a.atMs - b.atMs || a.by - b.by);
  let now = 0;
  let peak = 0;
  for (const edge of edges) {
    now += edge.by;
    peak = Math.max(peak, now);
  }
  return peak;
}

/** Time average of requests under way between two moments. */
export function meanConcurrency(entries: readonly EndpointEntry[], fromMs: number, toMs: number): number {
  let busyMs = 0;
  for (const e of entries)
    busyMs += Math.max(0, Math.min(e.endedAtMs, toMs) - Math.max(e.arrivedAtMs, fromMs));
  return busyMs / (toMs - fromMs);
}
