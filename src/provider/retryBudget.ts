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

/** A retry budget (Finagle): first tries earn, retries spend; and who asks again what has just failed. All calls take the time. */
export class RetryAccount {
  private savedRetries = SAVED_MAX;
  private readonly failed = new Map<number, { atMs: number; times: number }>();
  private nestedCount = 0;

  get saved(): number {
    return this.savedRetries;
  }
  /** Requests that came again after they had failed here, retries of an outer layer. */
  get nested(): number {
    return this.nestedCount;
  }

  /**
   * A request comes. Returns how often it failed here lately: above 0 somebody retries on top of us, and such a request
   * earns nothing and gets a single try, since its tries multiply.
   * @param fingerprint of who asks and what
   */
  begin(fingerprint: number, nowMs: number): number {
    const before = this.failed.get(fingerprint);
    if (before !== undefined && nowMs - before.atMs <= AGAIN_MS) {
      this.nestedCount++;
      return before.times;
    }
    this.savedRetries = Math.min(SAVED_MAX, this.savedRetries + EARNED);
    return 0;
  }

  /** It failed for a reason that a retry is thought to cure. */
  end(fingerprint: number, failed: boolean, nowMs: number): void {
    const before = this.failed.get(fingerprint);
    this.failed.delete(fingerprint);
    if (!failed) return;
    this.failed.set(fingerprint, { atMs: nowMs, times: (before?.times ?? 0) + 1 });
    for (const oldest of this.failed.keys()) {
      if (this.failed.size <= FAILED_MAX) break;
      this.failed.delete(oldest);
    }
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
