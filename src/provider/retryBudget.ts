import { hash32 } from '../kernel/rng.ts';
import type { ModelRequest } from './port.ts';

/** Each first try earns this many retries, so that retries cannot multiply an outage. */
const EARNED = 0.2;
const SAVED_MAX = 10;
/** Full jitter (Brooker, AWS Architecture Blog): a wait is uniform between 0 and this, doubled each time. */
const BACKOFF_MS = 200;
const BACKOFF_MS_MAX = 5_000;
/** A request that comes again so soon after it failed is somebody's retry on top of ours. */
const AGAIN_MS = 30_000;
/** Most failed requests remembered. */
const FAILED_MAX = 1_000;

/** Who asks what, as a number: read from the whole prompt, so only when there is something to compare it with. */
export function fingerprintOf({ agent, messages }: Pick<ModelRequest, 'agent' | 'messages'>): () => number {
  let print: number | null = null;
  return () => (print ??= hash32(JSON.stringify([agent, messages])));
}

/** What failed lately: how often in a row, and when it may be tried again. */
export interface Failed {
  readonly times: number;
  readonly notBeforeMs: number;
}

/** A retry budget (Finagle): first tries earn, retries spend; and who asks again what has just failed. All calls take the time. */
export class RetryAccount {
  private savedRetries = SAVED_MAX;
  private readonly failed = new Map<number, Failed>();
  private nestedCount = 0;

  get saved(): number {
    return this.savedRetries;
  }
  /** Something failed here that may come again. */
  get remembers(): boolean {
    return this.failed.size > 0;
  }
  /** Requests that came again after they had failed here, retries of an outer layer. */
  get nested(): number {
    return this.nestedCount;
  }

  /**
   * A request comes. Null for a first one. One that failed here lately is somebody's retry on top of ours: it earns nothing,
   * should get a single try, since its tries multiply, and has to wait as any retry does.
   * @param fingerprint of who asks and what
   */
  begin(fingerprint: number, nowMs: number): Failed | null {
    const before = this.failed.get(fingerprint);
    if (before !== undefined && nowMs - before.notBeforeMs <= AGAIN_MS) {
      this.nestedCount++;
      return before;
    }
    this.savedRetries = Math.min(SAVED_MAX, this.savedRetries + EARNED);
    return null;
  }

  /** It failed for a reason that a retry is thought to cure; the same again should not go before `holdMs` have passed. */
  failedNow(fingerprint: number, holdMs: number, nowMs: number): void {
    const times = (this.failed.get(fingerprint)?.times ?? 0) + 1;
    this.failed.delete(fingerprint);
    this.failed.set(fingerprint, { times, notBeforeMs: nowMs + holdMs });
    for (const oldest of this.failed.keys()) {
      if (this.failed.size <= FAILED_MAX) break;
      this.failed.delete(oldest);
    }
  }

  ended(fingerprint: number): void {
    this.failed.delete(fingerprint);
  }

  /** Takes a retry out of the budget; false when there is none. */
  spend(): boolean {
    if (this.savedRetries < 1) return false;
    this.savedRetries--;
    return true;
  }
}

/** How long to wait before try `attempts + 1`: at least what the endpoint said, and a jitter that doubles its span each time. */
export function backoffMs(attempts: number, retryAfterMs: number | null, uniform: number): number {
  return (retryAfterMs ?? 0) + uniform * Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** (attempts - 1));
}
