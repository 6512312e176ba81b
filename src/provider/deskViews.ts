import type { LikeAnswersCounts } from './cache/likeAnswers.ts';
import type { SharedAnswersCounts } from './cache/sharedAnswers.ts';
import type { ProviderOptions } from './options.ts';
import type { DeskPort } from './port.ts';
import type { Profile } from './profile.ts';

/** The provider as the page draws it. */
export interface ProviderView {
  readonly profile: string;
  /** For people; the ISO date of its figures, and where each comes from. */
  readonly title: string;
  readonly asOf: string;
  readonly sources: readonly string[];
  readonly limits: readonly { readonly name: string; readonly limit: number; readonly used: number }[];
  readonly queued: number;
  readonly inFlight: number;
  readonly cacheHits: number;
  readonly cacheMisses: number;
  readonly cache: CacheView;
  /** One line an endpoint, when there are several. */
  readonly endpoints: readonly EndpointView[];
  readonly shed: number;
  readonly hedges: number;
  /** Requests that came again after they had failed: an outer layer retries too; and who sends most of them. */
  readonly nested: { readonly requests: number; readonly by: string };
  /** Waits for the quota of requests that went, ms: median and 99th percentile. */
  readonly waitMs: Quantiles;
  /** Of answers that were streamed, ms: from sending to the first text, and the mean time between two tokens. */
  readonly firstTokenMs: Quantiles;
  readonly tokenGapMs: Quantiles;
}

/** Median and 99th percentile of times in ms. */
export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
  readonly samples: number;
}

/** The layers of the answer cache. Counts since the start. */
export interface CacheView {
  /** Answers given without a request of their own, wherever they came from; and callers that had to fetch. */
  readonly hits: number;
  readonly misses: number;
  /** The hits by where they came from; `joined`: another one's request under way. */
  readonly by: {
    readonly node: number;
    readonly region: number;
    readonly 'other region': number;
    readonly disk: number;
    readonly joined: number;
    readonly like: number;
  };
  /** The layer of like questions, where it is on: never its hits without its false hits. */
  readonly like: LikeAnswersCounts | null;
  readonly stale: number;
  readonly negative: number;
  readonly evicted: number;
  readonly expired: number;
  readonly invalidated: number;
  readonly entries: number;
  readonly bytes: number;
  readonly diskBytes: number;
  /** The eviction policies in use, by region. */
  readonly policies: readonly string[];
}

export const profileView = (
  { source, model }: Pick<ProviderOptions, 'source' | 'model'>,
  { title, asOf, sources }: Profile,
): Pick<ProviderView, 'title' | 'asOf' | 'sources'> =>
  source === 'simulated'
    ? { title, asOf, sources }
    : { title: source === 'browser' ? "The browser's own model" : model, asOf: '', sources: [] };

/** @param nodeHits answers that nodes gave by themselves */
export function cacheView(
  { regions, otherRegion, disk, like }: SharedAnswersCounts & { readonly like: LikeAnswersCounts | null },
  nodeHits: number,
): CacheView {
  const sum = (of: (r: (typeof regions)[number]) => number): number => regions.reduce((n, r) => n + of(r), 0);
  const diskHits = disk?.hits ?? 0;
  const by = {
    node: nodeHits,
    region: sum((r) => r.hits),
    'other region': otherRegion,
    disk: diskHits,
    joined: sum((r) => r.joined),
    like: like === null ? 0 : like.hits - like.checked,
  };
  return {
    hits: by.node + by.region + otherRegion + diskHits + by.joined + by.like,
    // A region that led and got the answer from elsewhere fetched nothing.
    misses: Math.max(0, sum((r) => r.misses) - otherRegion - diskHits - by.like),
    by,
    like,
    stale: sum((r) => r.staleHits),
    negative: sum((r) => r.negativeHits),
    evicted: sum((r) => r.evicted),
    expired: sum((r) => r.expired),
    invalidated: sum((r) => r.invalidated),
    entries: sum((r) => r.size),
    bytes: sum((r) => r.bytes),
    diskBytes: disk?.bytes ?? 0,
    policies: regions.map((r) => r.policy),
  };
}

/** One endpoint as the desk sees it. */
export interface EndpointView {
  readonly inFlight: number;
  readonly queued: number;
  readonly latencyMs: number;
  /** Its circuit breaker lets requests through. */
  readonly well: boolean;
}

export interface DeskCounts {
  /** Failures that agents were told of because the endpoint said 429. */
  readonly agent429: number;
  /** 429s that settlements reported. */
  readonly wire429: number;
  /** Requests waiting for the quota now, and since the start those that had to wait at all. */
  readonly queued: number;
  readonly everQueued: number;
  readonly shed: number;
  readonly granted: number;
  readonly cacheHits: number;
  readonly cacheMisses: number;
  /** Permits taken back from dead holders. */
  readonly reclaimed: number;
  /** Second requests for late answers, and those of them that were answered first. */
  readonly hedges: number;
  readonly hedgesWon: number;
  /** Requests that went on a lease, without a round trip. */
  readonly leased: number;
  /** Requests that came again after they had failed here. */
  readonly nested: number;
}

export interface DeskUse {
  /** The name of the limit that is used most. */
  readonly bindingLimit: string;
  /**
   * In [0, 1]: used over the last 60 s (since the start while that is less) through what the limit allows for that time;
   * for concurrency the time average of requests in flight, seen from here, network included. The first second's burst can
   * push it above 1, which is shown as 1.
   */
  readonly bindingUse: number;
  /** Requests waited for the quota during at least nine tenths of that time. */
  readonly saturated: boolean;
}

/** The API manager's desk, in the conductor: the quota and the response cache of all nodes. */
export interface Desk {
  /** One incarnation's way to the desk; permits and places in the queue belong to `holder`. */
  portFor(holder: number): DeskPort;
  /**
   * That node is dead: its waiting requests are dropped, its permits come back once their requests must have ended, and
   * what its ports still bring (a killed worker's messages may arrive later) is ignored. Its next incarnation needs a
   * new port, from a call of `portFor` after this one.
   */
  releaseHolder(holder: number): void;
  view(): ProviderView;
  counts(): DeskCounts;
  use(): DeskUse;
}
