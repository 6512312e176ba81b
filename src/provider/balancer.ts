import type { Rng } from '../kernel/rng.ts';

/** Up to this many, all are looked at; of more, two at random (Mitzenmacher 2001). */
const SCAN_MAX = 64;
/** Weight of the newest latency. */
const LATENCY_WEIGHT = 0.1;
/** Latencies kept for the 95th percentile. */
const RECENT = 128;

/** What is known of one target by those who send to it: how long it takes, and how much is under way. */
export class Track {
  private meanMs: number;
  private readonly recent: number[] = [];
  private at = 0;
  private p95 = Infinity;
  inFlight = 0;

  /** @param expectedMs of a request alone, as long as nothing is measured */
  constructor(expectedMs: number) {
    this.meanMs = expectedMs;
  }

  /** A request goes. */
  start(): void {
    this.inFlight++;
  }

  /** It ended after `tookMs`; null when that says nothing of the target. */
  end(tookMs: number | null): void {
    this.inFlight = Math.max(0, this.inFlight - 1);
    if (tookMs === null) return;
    this.meanMs += (tookMs - this.meanMs) * LATENCY_WEIGHT;
    this.recent[this.at % RECENT] = tookMs;
    if (++this.at % 16 === 0)
      this.p95 = [...this.recent].sort((a, b) => a - b)[Math.floor(this.recent.length * 0.95)]!;
  }

  get ewmaMs(): number {
    return this.meanMs;
  }
  /** 95th percentile of the last 128 latencies; Infinity before the first 16. */
  get p95Ms(): number {
    return this.p95;
  }
  /** What a request sent now may expect: EWMA latency x (in flight + 1). */
  get score(): number {
    return this.meanMs * (this.inFlight + 1);
  }
}

/** The target with the least score among those that are usable; of equal ones any. -1 when none is. */
export function pickTarget(
  tracks: readonly { readonly score: number }[],
  usable: (target: number) => boolean,
  rng: Rng,
): number {
  if (tracks.length > SCAN_MAX) {
    const a = rng.int(tracks.length);
    const b = rng.int(tracks.length);
    if (usable(a) && (!usable(b) || tracks[a]!.score <= tracks[b]!.score)) return a;
    if (usable(b)) return b;
  }
  let best = -1;
  let least = Infinity;
  let ties = 0;
  for (const [i, { score }] of tracks.entries()) {
    if (score > least || !usable(i)) continue;
    if (score < least) {
      least = score;
      best = i;
      ties = 1;
    } else if (rng.int(++ties) === 0) best = i;
  }
  return best;
}
