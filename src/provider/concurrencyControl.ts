/**
 * How many requests an endpoint of unknown limits is given at once: a search for the most that it takes, as TCP searches
 * for bandwidth. Refusals cut the limit to a share, and it comes back along a cubic that is flat where the last refusal was
 * (CUBIC, RFC 9438: few refusals once it has settled); answers that begin later and later end the growth before any
 * refusal (TCP Vegas, Brakmo and Peterson 1994: requests that wait at the endpoint are `limit * (1 - base / now)`).
 */
export interface ConcurrencyControl {
  readonly limit: number;
  /** Growing fast: nothing was refused and nothing waits yet. */
  readonly searching: boolean;
  /** The limit at the last refusal, and when that was. */
  readonly peak: number;
  readonly cutAtMs: number;
  /** Time during which the limit was not used does not count as growth. */
  readonly idleMs: number;
  readonly lastAtMs: number;
  /** Smoothed time to the first token, and the least that it was. */
  readonly latencyMs: number;
  readonly baseMs: number;
  readonly samples: number;
}

const START = 2;
/** Added for each answer while searching: the limit grows by half in a round. */
const SEARCH_STEP = 0.5;
/** A refusal while searching goes back to before the last round; later ones take off this share. */
const SEARCH_CUT = 1 / 1.5;
const CUT = 0.88;
/** So long after a refusal the limit is where it was. */
const BACK_MS = 40_000;
/** Requests that may wait at the endpoint: so many, or this share of the limit. */
const WAITING = 3;
const WAITING_SHARE = 0.35;
const SMOOTHING = 1 / 16;
/** The least is forgotten slowly: an endpoint may become slower for good. */
const BASE_DRIFT = 1.00002;
/** Latency is not trusted before so many answers. */
const SAMPLES_MIN = 8;
const LIMIT_MAX = 1_000;

export const UNKNOWN_CONCURRENCY: ConcurrencyControl = {
  limit: START,
  searching: true,
  peak: START,
  cutAtMs: -Infinity,
  idleMs: 0,
  lastAtMs: -Infinity,
  latencyMs: 0,
  baseMs: Infinity,
  samples: 0,
};

export type ControlInput =
  /** An answer. @property latencyMs from sending to its first token; @property full whether the limit was in use */
  | { readonly type: 'answered'; readonly latencyMs: number; readonly full: boolean }
  /** A 429 or 503. */
  | { readonly type: 'refused'; readonly sentAtMs: number };

/** Whole requests that may be under way. */
export const placesOf = (control: ConcurrencyControl): number => Math.max(1, Math.floor(control.limit));

/** The next state; pure. `nowMs` must not step back. */
export function stepControl(c: ConcurrencyControl, input: ControlInput, nowMs: number): ConcurrencyControl {
  if (input.type === 'refused') {
    // What was sent before the cut belongs to what was cut for.
    if (input.sentAtMs <= c.cutAtMs) return c;
    return {
      ...c,
      limit: Math.max(1, c.limit * (c.searching ? SEARCH_CUT : CUT)),
      peak: c.searching ? c.limit * SEARCH_CUT : c.limit,
      searching: false,
      cutAtMs: nowMs,
      idleMs: 0,
      lastAtMs: nowMs,
    };
  }
  const first = c.samples === 0;
  const latencyMs = first ? input.latencyMs : c.latencyMs + (input.latencyMs - c.latencyMs) * SMOOTHING;
  const samples = c.samples + 1;
  const baseMs = samples < SAMPLES_MIN ? c.baseMs : Math.min(c.baseMs * BASE_DRIFT, latencyMs);
  const seen = { ...c, latencyMs, baseMs, samples, lastAtMs: nowMs };
  if (!input.full) {
    const idleMs = c.lastAtMs === -Infinity ? 0 : c.idleMs + (nowMs - c.lastAtMs);
    return { ...seen, idleMs };
  }
  const waiting = baseMs === Infinity ? 0 : c.limit * (1 - baseMs / latencyMs);
  if (waiting > Math.max(WAITING, WAITING_SHARE * c.limit)) {
    // One less in a round; the search is over.
    const limit = Math.max(1, c.limit - 1 / c.limit);
    return {
      ...seen,
      limit,
      peak: limit,
      searching: false,
      cutAtMs: Math.max(c.cutAtMs, nowMs - BACK_MS),
      idleMs: 0,
    };
  }
  if (c.searching) return { ...seen, limit: Math.min(LIMIT_MAX, c.limit + SEARCH_STEP) };
  const t = (nowMs - c.cutAtMs - c.idleMs) / BACK_MS - 1;
  const target = c.peak * (1 + (1 - CUT) * t * t * t);
  const growth = Math.min(SEARCH_STEP, Math.max(0, target - c.limit) / c.limit);
  return { ...seen, limit: Math.min(LIMIT_MAX, c.limit + growth) };
}
