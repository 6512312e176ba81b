import { AnswerCache, type AnswerCacheCounts, type AnswerCacheOptions } from './answerCache.ts';
import type { AnswerStore } from './answerStore.ts';
import { createDiskLayer } from './diskLayer.ts';

/** Where an answer came from. */
export type AnswerLayer = 'region' | 'other region' | 'disk' | 'joined' | 'like';

/** What a caller is told, once. */
export type SharedAnswer =
  | {
      readonly type: 'answer';
      readonly text: string;
      readonly layer: AnswerLayer;
      /** It is stale, and this caller has to ask again with `refresh`. */
      readonly refresh: boolean;
    }
  | { readonly type: 'refused'; readonly message: string }
  /** Fetch it, then `fill` or `fail` the key. */
  | { readonly type: 'lead' };

export interface SharedAnswersOptions extends AnswerCacheOptions {
  readonly regions: number;
  /** Bytes on disk; 0 for none. */
  readonly diskBytes: number;
}

export interface SharedAnswersCounts {
  readonly regions: readonly (AnswerCacheCounts & {
    readonly size: number;
    readonly bytes: number;
    readonly policy: string;
  })[];
  /** Answers that another region had. */
  readonly otherRegion: number;
  readonly disk: {
    readonly hits: number;
    readonly misses: number;
    readonly evicted: number;
    readonly size: number;
    readonly bytes: number;
  } | null;
}

/**
 * The answers that all nodes share, kept by the conductor: a layer per region, then what other regions have, then the
 * disk. A key that nobody has is fetched by one caller of the whole grove at a time.
 */
export interface SharedAnswers {
  /**
   * `told` may be called inside the call. Returns a ticket for `leave`.
   * @param refresh fetch it anew, whatever is kept
   */
  ask(region: number, key: string, refresh: boolean, told: (answer: SharedAnswer) => void): number;
  /** That caller no longer waits. */
  leave(ticket: number): void;
  fill(key: string, text: string, tags: readonly string[]): void;
  /** A fresh answer that is in some region's memory, or null. */
  peek(key: string): { readonly text: string; readonly tags: readonly string[] } | null;
  /** @param refusal it would fail again, and this is why */
  fail(key: string, refusal?: string): void;
  /** What answers rest on has changed. */
  invalidate(tags: readonly string[]): void;
  counts(): SharedAnswersCounts;
}

interface Waiting {
  readonly region: number;
  readonly key: string;
  readonly told: (answer: SharedAnswer) => void;
}

/** @param now the clock, in ms */
export function createSharedAnswers(
  now: () => number,
  options: SharedAnswersOptions,
  store: AnswerStore | null,
): SharedAnswers {
  const { ttlMs, staleMs, diskBytes } = options;
  const caches = Array.from({ length: Math.max(1, options.regions) }, () => new AnswerCache(options));
  const disk =
    store !== null && diskBytes > 0 ? createDiskLayer(store, diskBytes, ttlMs + staleMs, now()) : null;
  const waiting = new Map<number, Waiting>();
  /** Of each key that is being fetched: the regions whose first caller leads there; the first of them fetches. */
  const fetching = new Map<string, { readonly region: number; readonly ticket: number }[]>();
  /** Keys whose fetch began before something changed: its answer is given, but not kept. */
  const spoilt = new Set<string>();
  let tickets = 0;
  let otherRegion = 0;

  const tell = (ticket: number, answer: SharedAnswer): void => {
    const caller = waiting.get(ticket);
    waiting.delete(ticket);
    caller?.told(answer);
  };

  function peek(key: string, nowMs: number): ReturnType<AnswerCache['peek']> {
    for (const cache of caches) {
      const found = cache.peek(key, nowMs);
      if (found !== null) return found;
    }
    return null;
  }

  /** The region's cache has nobody for the key but this caller. */
  function lead(region: number, key: string, ticket: number, refresh: boolean): void {
    const others = fetching.get(key);
    if (others) {
      others.push({ region, ticket });
      return;
    }
    fetching.set(key, [{ region, ticket }]);
    if (refresh) return tell(ticket, { type: 'lead' });
    const nowMs = now();
    // The region's own has nothing: that is why somebody leads.
    const found = peek(key, nowMs);
    if (found !== null) {
      otherRegion++;
      return settle(key, found.text, found.tags, found.atMs, 'other region');
    }
    if (!disk) return tell(ticket, { type: 'lead' });
    disk.read(key, nowMs, (answer) => {
      if (answer !== null) settle(key, answer.text, answer.tags, now() - answer.ageMs, 'disk');
      else if (waiting.has(ticket)) tell(ticket, { type: 'lead' });
      else nextLeads(key);
    });
  }

  /** Who led has no answer: the next who waits in that region leads, else the next region's first. */
  function nextLeads(key: string): void {
    const leads = fetching.get(key) ?? [];
    for (let first = leads[0]; first; first = leads[0]) {
      const effect = caches[first.region]!.fail(key, now());
      if (effect?.type === 'lead') {
        leads[0] = { region: first.region, ticket: effect.waiter };
        return tell(effect.waiter, { type: 'lead' });
      }
      leads.shift();
      if (leads[0] && waiting.has(leads[0].ticket)) return tell(leads[0].ticket, { type: 'lead' });
    }
    fetching.delete(key);
    spoilt.delete(key);
  }

  /** An answer is there: every region that waits for it takes it in, and all who wait hear it. */
  function settle(
    key: string,
    text: string,
    tags: readonly string[],
    atMs: number,
    layer: AnswerLayer,
  ): void {
    const leads = fetching.get(key) ?? [];
    fetching.delete(key);
    spoilt.delete(key);
    for (const { region, ticket } of leads) {
      const effect = caches[region]!.fill(key, text, tags, atMs);
      tell(ticket, { type: 'answer', text, layer, refresh: false });
      if (effect?.type === 'answer')
        for (const waiter of effect.waiters)
          tell(waiter, { type: 'answer', text, layer: 'joined', refresh: false });
    }
  }

  return {
    ask(region, key, refresh, told) {
      const ticket = ++tickets;
      const at = Math.min(region, caches.length - 1);
      waiting.set(ticket, { region: at, key, told });
      const answer = caches[at]!.ask(key, ticket, now(), refresh);
      switch (answer.type) {
        case 'hit':
          tell(ticket, { type: 'answer', text: answer.text, layer: 'region', refresh: answer.refresh });
          break;
        case 'refused':
          tell(ticket, answer);
          break;
        case 'lead':
          lead(at, key, ticket, refresh);
          break;
        case 'wait':
      }
      return ticket;
    },
    leave(ticket) {
      const caller = waiting.get(ticket);
      if (caller === undefined) return;
      waiting.delete(ticket);
      caches[caller.region]!.leave(caller.key, ticket);
    },
    fill(key, text, tags) {
      if (!spoilt.has(key)) disk?.put({ key, text, tags }, now());
      settle(key, text, tags, now(), 'joined');
    },
    peek: (key) => peek(key, now()),
    fail(key, refusal) {
      if (refusal === undefined) {
        nextLeads(key);
        return;
      }
      const leads = fetching.get(key) ?? [];
      fetching.delete(key);
      spoilt.delete(key);
      for (const { region, ticket } of leads) {
        const effect = caches[region]!.fail(key, now(), refusal);
        const others = effect?.type === 'refuse' ? effect.waiters : [];
        for (const waiter of [ticket, ...others]) tell(waiter, { type: 'refused', message: refusal });
      }
    },
    invalidate(tags) {
      if (tags.length > 0) for (const key of fetching.keys()) spoilt.add(key);
      for (const cache of caches) cache.invalidate(tags);
      disk?.invalidate(tags);
    },
    counts: () => ({
      regions: caches.map((cache) => ({
        ...cache.counts,
        size: cache.size,
        bytes: cache.bytes,
        policy: cache.policy,
      })),
      otherRegion,
      disk: disk && { ...disk.counts, size: disk.size, bytes: disk.bytes },
    }),
  };
}
