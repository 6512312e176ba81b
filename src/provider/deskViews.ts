import type { DeskPort } from './port.ts';

/** The provider as the page draws it. */
export interface ProviderView {
  readonly profile: string;
  readonly limits: readonly { readonly name: string; readonly limit: number; readonly used: number }[];
  readonly queued: number;
  readonly inFlight: number;
  readonly cacheHits: number;
  readonly cacheMisses: number;
  /** One line an endpoint, when there are several. */
  readonly endpoints: readonly EndpointView[];
  readonly shed: number;
  readonly hedges: number;
  /** Requests that came again after they had failed: an outer layer retries too; and who sends most of them. */
  readonly nested: { readonly requests: number; readonly by: string };
  /** Waits for the quota of requests that went, ms: median and 99th percentile. */
  readonly waitMs: { readonly p50: number; readonly p99: number };
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
