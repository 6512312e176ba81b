/** What the cache knows of a key when asked. `lead`: nobody has it, the caller fetches it and must `fill` or `fail` it. */
export type CacheAnswer =
  { readonly type: 'hit'; readonly text: string } | { readonly type: 'lead' } | { readonly type: 'wait' };

/** Effects of a leader's end on those who waited: `answer` all of them, or `lead` is the next one to fetch. */
export type CacheEffect =
  | { readonly type: 'answer'; readonly waiters: readonly number[]; readonly text: string }
  | { readonly type: 'lead'; readonly waiter: number };

/**
 * Answers by key: least recently used ones go first, and a key that is being fetched is fetched once (single flight).
 * Waiters are the caller's own numbers. Pure but for its own state: no clock, no callbacks.
 */
export class ResponseCache {
  private readonly entriesMax: number;
  /** Insertion order is order of use, oldest first. */
  private readonly entries = new Map<string, string>();
  private readonly flights = new Map<string, number[]>();
  private hitCount = 0;
  private missCount = 0;

  /** @param entriesMax 0 turns it off: every caller leads. */
  constructor(entriesMax: number) {
    this.entriesMax = entriesMax;
  }

  /** Answers given without a request of their own: from the store, or from another's flight. */
  get hits(): number {
    return this.hitCount;
  }
  /** Callers that had to fetch. */
  get misses(): number {
    return this.missCount;
  }
  get size(): number {
    return this.entries.size;
  }

  ask(key: string, waiter: number): CacheAnswer {
    const text = this.entries.get(key);
    if (text !== undefined) {
      this.entries.delete(key);
      this.entries.set(key, text);
      this.hitCount++;
      return { type: 'hit', text };
    }
    const flight = this.flights.get(key);
    if (flight !== undefined && this.entriesMax > 0) {
      flight.push(waiter);
      return { type: 'wait' };
    }
    if (this.entriesMax > 0) this.flights.set(key, []);
    this.missCount++;
    return { type: 'lead' };
  }

  /** The leader has the answer. */
  fill(key: string, text: string): CacheEffect | null {
    if (this.entriesMax === 0) return null;
    this.entries.delete(key);
    this.entries.set(key, text);
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= this.entriesMax) break;
      this.entries.delete(oldest);
    }
    const waiters = this.flights.get(key) ?? [];
    this.flights.delete(key);
    this.hitCount += waiters.length;
    return waiters.length > 0 ? { type: 'answer', waiters, text } : null;
  }

  /** The leader failed or is gone: the first waiter leads. */
  fail(key: string): CacheEffect | null {
    const flight = this.flights.get(key);
    const waiter = flight?.shift();
    if (waiter === undefined) {
      this.flights.delete(key);
      return null;
    }
    this.missCount++;
    return { type: 'lead', waiter };
  }

  /** That waiter no longer waits. */
  leave(key: string, waiter: number): void {
    const flight = this.flights.get(key);
    const at = flight?.indexOf(waiter) ?? -1;
    if (at >= 0) flight!.splice(at, 1);
  }
}
