import { exp, ln } from '../kernel/maths.ts';
import { SlidingLog } from './slidingLog.ts';

/** The rate that was refused is that of the last seconds. */
const RECENT_MS = 5_000;
/** After a refusal it begins again at this share of the rate that was refused, */
const CUT = 0.9;
/** and at this share when the ramp itself was too steep. */
const CUT_AGAIN = 0.75;
/** It doubles in this time; each refusal of the ramp itself doubles that, up to a limit. */
const DOUBLES_MS = 15_000;
const DOUBLES_MS_MAX = 240_000;
/** Slower than this it never begins, requests a millisecond. */
const RATE_MIN = 1 / 1_000;
/** So much of its rate may go at once. */
const BURST_MS = 500;
/** Refusals closer together than this are one: those that were under way together. */
const EVENT_MS = 1_000;
/** Whoever grew tenfold without a refusal has arrived. */
const GROWN = 10;

/**
 * How fast requests may grow after the endpoint refused a sharp rise (an acceleration limit): from just under the rate
 * that it refused, doubling, as slow start does (Jacobson, SIGCOMM 1988), until the written limits are narrower again. What
 * is believed of those stays as it is: nothing of them was used up.
 */
export class Ramp {
  readonly #recent = new SlidingLog(RECENT_MS);
  #active = false;
  #fromPerMs = 0;
  #fromMs = 0;
  #refusedAtMs = -Infinity;
  #doublesMs = DOUBLES_MS;
  /** Theoretical arrival time of GCRA. */
  #fullAtMs = 0;

  /** Requests a millisecond that may go; Infinity while no rise was refused. */
  rate(nowMs: number): number {
    if (!this.#active) return Infinity;
    return this.#fromPerMs * exp((ln(2) * (nowMs - this.#fromMs)) / this.#doublesMs);
  }

  /** When the next request may go, `ahead` others gone first. */
  clearAtMs(ahead: number, nowMs: number): number {
    if (!this.#active) return nowMs;
    return Math.max(nowMs, this.#fullAtMs - BURST_MS + ahead / this.rate(nowMs));
  }

  /** A request goes. @param limitPerMs the narrowest written limit of requests; Infinity for none */
  take(limitPerMs: number, nowMs: number): void {
    this.#recent.add(1, nowMs);
    if (!this.#active) return;
    const rate = this.rate(nowMs);
    if (rate >= limitPerMs || rate >= GROWN * this.#fromPerMs) {
      this.#active = false;
      return;
    }
    this.#fullAtMs = Math.max(this.#fullAtMs, nowMs) + 1 / rate;
  }

  /** A request that went at `sentAtMs` was refused for the rise. */
  refused(sentAtMs: number, nowMs: number): void {
    if (nowMs - this.#refusedAtMs < EVENT_MS || sentAtMs < this.#refusedAtMs) return;
    const recent = this.#recent.sum(nowMs) / RECENT_MS;
    const again = this.#active;
    this.#fromPerMs = Math.max(
      RATE_MIN,
      again ? CUT_AGAIN * Math.min(this.rate(nowMs), recent) : CUT * recent,
    );
    this.#doublesMs = again ? Math.min(DOUBLES_MS_MAX, 1.2 * this.#doublesMs) : DOUBLES_MS;
    this.#active = true;
    this.#refusedAtMs = nowMs;
    this.#fromMs = this.#fullAtMs = nowMs;
  }
}
