/** What a cached thing is known by. */
export type CacheKey = string | number;

export const POLICY_NAMES = ['fifo', 'lru', 'sieve', 's3-fifo', 'arc', 'lirs', 'w-tinylfu'] as const;
/** A policy that does one thing; `auto`, which follows the best of them, is none. */
export type PolicyName = (typeof POLICY_NAMES)[number];

/**
 * Decides which keys stay in a cache of limited weight. It holds keys only; values are the cache's affair. Weights are
 * whole numbers > 0 in whatever unit the capacity has (entries, bytes). Deterministic: no clock, no chance.
 */
export interface EvictionPolicy {
  readonly capacity: number;
  /** Weight of all residents; never above `capacity`. */
  readonly used: number;
  /** Number of residents. */
  readonly size: number;
  has(key: CacheKey): boolean;
  /** The key was asked for. Returns whether it is resident; both outcomes teach the policy. */
  touch(key: CacheKey): boolean;
  /**
   * A key that is not resident was fetched: makes it resident, or decides against it.
   * @param evicted hears every key that lost its place, the new key itself where it got none
   */
  admit(key: CacheKey, weight: number, evicted: (key: CacheKey) => void): void;
  /** Forgets a resident at once, as for an entry that is no longer true. */
  remove(key: CacheKey): void;
  /** All residents, in no promised order. */
  keys(): IterableIterator<CacheKey>;
}
