/** Each request that goes earns this many hedges: so many more are sent at most. */
const EARNED = 0.05;
const SAVED_MAX = 5;

/**
 * The budget for second requests (Dean and Barroso, The Tail at Scale, CACM 2013): sent when an answer is later than the
 * 95th percentile, at most one in twenty, to another endpoint, and only where the quota has room at once.
 */
export class HedgeBudget {
  private saved = 0;
  private count = 0;
  private wonCount = 0;

  /** Hedges sent, and those that were answered. */
  get sent(): number {
    return this.count;
  }
  get won(): number {
    return this.wonCount;
  }

  earn(): void {
    this.saved = Math.min(SAVED_MAX, this.saved + EARNED);
  }

  get open(): boolean {
    return this.saved >= 1;
  }

  spend(): void {
    this.saved--;
    this.count++;
  }

  win(): void {
    this.wonCount++;
  }
}
