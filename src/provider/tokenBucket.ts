/** A bucket that fills continuously. Amounts in the bucket's own unit, times in ms on any one clock. */
export interface TokenBucket {
  readonly capacity: number;
  readonly perMs: number;
  /** Below 0 after a cost larger than the bucket, or a late correction. */
  level: number;
  atMs: number;
}

/** A full bucket of a limit per minute. Throws RangeError unless both are positive. */
export function createTokenBucket(perMinute: number, capacity: number, nowMs: number): TokenBucket {
  if (!(perMinute > 0 && capacity > 0))
    throw new RangeError(
      `token bucket: rate and capacity must be positive, got ${perMinute}/min, ${capacity}`,
    );
  return { capacity, perMs: perMinute / 60_000, level: capacity, atMs: nowMs };
}

/** The level now, after refilling. */
export function levelOf(bucket: TokenBucket, nowMs: number): number {
  if (nowMs > bucket.atMs) {
    bucket.level = Math.min(bucket.capacity, bucket.level + (nowMs - bucket.atMs) * bucket.perMs);
    bucket.atMs = nowMs;
  }
  return bucket.level;
}

/** Whether `cost` may be taken now. A cost larger than the whole bucket needs a full one and leaves a debt. */
export function allows(bucket: TokenBucket, cost: number, nowMs: number): boolean {
  return levelOf(bucket, nowMs) >= Math.min(cost, bucket.capacity) - 1e-9;
}

/** Takes `cost` (gives back when negative, never above full). Whether it may is `allows`' matter. */
export function charge(bucket: TokenBucket, cost: number, nowMs: number): void {
  bucket.level = Math.min(bucket.capacity, levelOf(bucket, nowMs) - cost);
}

/** Milliseconds until `allows(bucket, cost)` if nothing else is taken; 0 when it does. */
export function waitMs(bucket: TokenBucket, cost: number, nowMs: number): number {
  return Math.max(0, (Math.min(cost, bucket.capacity) - levelOf(bucket, nowMs)) / bucket.perMs);
}
