import { AutoPolicy } from './auto.ts';
import type { CacheKey, EvictionPolicy, PolicyName } from './evictionPolicy.ts';
import { createPolicy } from './policies.ts';

/** How one layer keeps answers. Times in ms on the caller's clock. */
export interface AnswerCacheOptions {
  readonly policy: PolicyName | 'auto';
  /** Bytes of all answers and their keys, at most; 0 turns the layer off: every caller leads. */
  readonly bytes: number;
  /** An answer is fresh for so long. */
  readonly ttlMs: number;
  /** And for so long after that it is still given, while one caller fetches it anew. */
  readonly staleMs: number;
  /** A refusal that would come again is given for so long. */
  readonly negativeMs: number;
}

/**
 * What the cache knows of a key when asked.
 * `hit`: with `refresh` the answer is stale, and this caller is asked to come again with `refresh` and fetch it anew.
 * `lead`: nobody has it; the caller fetches it and must `fill` or `fail` it. `wait`: another caller leads.
 */
export type CacheAnswer =
  | { readonly type: 'hit'; readonly text: string; readonly refresh: boolean }
  | { readonly type: 'refused'; readonly message: string }
  | { readonly type: 'lead' }
  | { readonly type: 'wait' };

/** Effects of a leader's end on those who waited. `lead`: that waiter is the next one to fetch. */
export type CacheEffect =
  | { readonly type: 'answer'; readonly waiters: readonly number[]; readonly text: string }
  | { readonly type: 'refuse'; readonly waiters: readonly number[]; readonly message: string }
  | { readonly type: 'lead'; readonly waiter: number };

/** What went on in one layer. */
export interface AnswerCacheCounts {
  /** Answers given out of the store, stale ones included. */
  readonly hits: number;
  readonly staleHits: number;
  /** Callers that got the answer which another one fetched at that time. */
  readonly joined: number;
  /** Refusals given without asking again. */
  readonly negativeHits: number;
  /** Callers that had to fetch. */
  readonly misses: number;
  readonly evicted: number;
  readonly expired: number;
  /** Entries dropped, and fetches whose result was not kept, because what they rest on changed. */
  readonly invalidated: number;
}

interface Kept {
  readonly text: string;
  readonly tags: readonly string[];
  readonly atMs: number;
  readonly refusal: boolean;
  /** When a caller was last asked to fetch it anew. */
  offeredAtMs: number;
}

interface Flight {
  readonly waiters: number[];
  /** What the answer rests on changed meanwhile: it may be given, but not kept. */
  spoilt: boolean;
}

/** Who was asked to fetch a stale answer anew and has not come after so long is not waited for. */
const OFFER_AGAIN_MS = 1_000;
/** Bookkeeping of one entry, about. */
const ENTRY_BYTES = 96;
/** An entry is about so large: how many fit decides how much the policy simulates. */
const TYPICAL_BYTES = 1_024;

/** Bytes that an answer takes up in a layer. */
export const answerBytes = (key: string, text: string, tags: readonly string[]): number =>
  ENTRY_BYTES + 2 * (key.length + text.length + tags.reduce((sum, tag) => sum + tag.length, 0));

/**
 * One layer of answers by key: which stay is its policy's affair, and a key that is being fetched is fetched once
 * (single flight). Waiters are the caller's own numbers. Pure but for its own state: the clock is handed in.
 */
export class AnswerCache {
  readonly #options: AnswerCacheOptions;
  readonly #policy: EvictionPolicy;
  readonly #kept = new Map<CacheKey, Kept>();
  readonly #byTag = new Map<string, Set<string>>();
  readonly #flights = new Map<string, Flight>();
  readonly #counts = {
    hits: 0,
    staleHits: 0,
    joined: 0,
    negativeHits: 0,
    misses: 0,
    evicted: 0,
    expired: 0,
    invalidated: 0,
  };

  constructor(options: AnswerCacheOptions) {
    this.#options = options;
    const keys = Math.max(16, Math.round(options.bytes / TYPICAL_BYTES));
    this.#policy =
      options.policy === 'auto'
        ? new AutoPolicy(options.bytes, keys)
        : createPolicy(options.policy, options.bytes, keys);
  }

  get counts(): AnswerCacheCounts {
    return { ...this.#counts };
  }
  get size(): number {
    return this.#kept.size;
  }
  get bytes(): number {
    return this.#policy.used;
  }
  /** The policy that decides now: under `auto` the one that it follows. */
  get policy(): PolicyName {
    return this.#policy instanceof AutoPolicy ? this.#policy.leader : (this.#options.policy as PolicyName);
  }

  /** A fresh answer, for a layer that fetches nothing itself; null when there is none. */
  get(key: string, nowMs: number): string | null {
    const kept = this.#live(key, nowMs);
    if (this.#options.bytes > 0) this.#policy.touch(key);
    if (kept === undefined || kept.refusal || nowMs - kept.atMs > this.#options.ttlMs) {
      this.#counts.misses++;
      return null;
    }
    this.#counts.hits++;
    return kept.text;
  }

  /** @param refresh fetch it anew, whatever is kept */
  ask(key: string, waiter: number, nowMs: number, refresh = false): CacheAnswer {
    const kept = this.#live(key, nowMs);
    if (this.#options.bytes > 0) this.#policy.touch(key);
    const flight = this.#flights.get(key);
    if (kept !== undefined && !refresh) {
      if (kept.refusal) {
        this.#counts.negativeHits++;
        return { type: 'refused', message: kept.text };
      }
      const stale = nowMs - kept.atMs > this.#options.ttlMs;
      this.#counts.hits++;
      if (stale) this.#counts.staleHits++;
      const refresh = stale && flight === undefined && nowMs - kept.offeredAtMs >= OFFER_AGAIN_MS;
      if (refresh) kept.offeredAtMs = nowMs;
      return { type: 'hit', text: kept.text, refresh };
    }
    if (flight !== undefined && this.#options.bytes > 0) {
      flight.waiters.push(waiter);
      return { type: 'wait' };
    }
    if (this.#options.bytes > 0) this.#flights.set(key, { waiters: [], spoilt: false });
    this.#counts.misses++;
    return { type: 'lead' };
  }

  /** The leader has the answer, which rests on what `tags` name and is as old as `atMs`. */
  fill(key: string, text: string, tags: readonly string[], atMs: number): CacheEffect | null {
    const flight = this.#flights.get(key);
    this.#flights.delete(key);
    if (flight?.spoilt !== true)
      this.#keep(key, { text, tags, atMs, refusal: false, offeredAtMs: -Infinity });
    if (flight === undefined || flight.waiters.length === 0) return null;
    this.#counts.joined += flight.waiters.length;
    return { type: 'answer', waiters: flight.waiters, text };
  }

  /**
   * The leader failed or is gone: the first waiter leads.
   * @param refusal a sentence: it would fail again, and so do all who wait, and all who ask within `negativeMs`
   */
  fail(key: string, nowMs: number, refusal?: string): CacheEffect | null {
    const flight = this.#flights.get(key);
    if (refusal !== undefined) {
      this.#flights.delete(key);
      this.#keep(key, { text: refusal, tags: [], atMs: nowMs, refusal: true, offeredAtMs: 0 });
      if (flight === undefined || flight.waiters.length === 0) return null;
      this.#counts.negativeHits += flight.waiters.length;
      return { type: 'refuse', waiters: flight.waiters, message: refusal };
    }
    const waiter = flight?.waiters.shift();
    if (waiter === undefined) {
      this.#flights.delete(key);
      return null;
    }
    this.#counts.misses++;
    return { type: 'lead', waiter };
  }

  /** That waiter no longer waits. */
  leave(key: string, waiter: number): void {
    const waiters = this.#flights.get(key)?.waiters;
    const at = waiters?.indexOf(waiter) ?? -1;
    if (at >= 0) waiters!.splice(at, 1);
  }

  /** The answer that is kept for a key, for another layer; null when there is none that may be given. Counts as no use. */
  peek(
    key: string,
    nowMs: number,
  ): { readonly text: string; readonly tags: readonly string[]; readonly atMs: number } | null {
    const kept = this.#live(key, nowMs);
    return kept === undefined || kept.refusal ? null : kept;
  }

  /** What answers rest on has changed: they are dropped, and fetches under way are not kept. Returns the dropped keys. */
  invalidate(tags: readonly string[]): string[] {
    const dropped: string[] = [];
    for (const tag of tags)
      for (const key of [...(this.#byTag.get(tag) ?? [])]) {
        this.#drop(key);
        dropped.push(key);
      }
    // Nobody knows yet what an answer under way rests on.
    if (tags.length > 0) for (const flight of this.#flights.values()) flight.spoilt = true;
    this.#counts.invalidated += dropped.length;
    return dropped;
  }

  #live(key: string, nowMs: number): Kept | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    const { ttlMs, staleMs, negativeMs } = this.#options;
    if (nowMs - kept.atMs <= (kept.refusal ? negativeMs : ttlMs + staleMs)) return kept;
    this.#counts.expired++;
    this.#drop(key);
    return undefined;
  }

  #keep(key: string, kept: Kept): void {
    if (this.#options.bytes === 0) return;
    if (this.#kept.has(key)) this.#drop(key);
    this.#kept.set(key, kept);
    for (const tag of kept.tags) {
      const keys = this.#byTag.get(tag);
      if (keys) keys.add(key);
      else this.#byTag.set(tag, new Set([key]));
    }
    this.#policy.admit(key, answerBytes(key, kept.text, kept.tags), (gone) => {
      this.#counts.evicted++;
      this.#forget(gone as string);
    });
  }

  #drop(key: string): void {
    this.#policy.remove(key);
    this.#forget(key);
  }

  #forget(key: string): void {
    for (const tag of this.#kept.get(key)?.tags ?? []) {
      const keys = this.#byTag.get(tag);
      keys?.delete(key);
      if (keys?.size === 0) this.#byTag.delete(tag);
    }
    this.#kept.delete(key);
  }
}
