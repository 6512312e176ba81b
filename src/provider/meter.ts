import { burstNow, othersUse, rateNow, refused, TRUSTING, type Belief } from './belief.ts';
import { LeastLog } from './leastLog.ts';
import { SlidingLog } from './slidingLog.ts';

export type Unit = 'requests' | 'inputTokens' | 'outputTokens' | 'totalTokens';

/** One limit of an endpoint. Amounts in its unit, times in ms. */
export interface LimitConfig {
  readonly unit: Unit;
  /** What is allowed within any `windowMs`. */
  readonly amount: number;
  readonly windowMs: number;
  /** What may go at once after a pause. The endpoint must let through at least this much and `amount / windowMs` x the variation of delays. */
  readonly burst: number;
  /** The endpoint is documented to be a bucket: a window that begins with a pause may hold the burst on top of the amount. */
  readonly bucket?: true;
  /**
   * `admitted`: charged when a request is admitted, in full, and corrected when it ends. `produced`: answers are counted
   * as they are made, and a request is refused while nothing is left. `larger`: the larger of the prompt and of the most
   * that the answer may have, whatever it turns out to be.
   */
  readonly counted: 'admitted' | 'produced' | 'larger';
}

export interface MeterTiming {
  /** One-way delays vary by this much at most. */
  readonly jitterMs: number;
  /** From a token's making to its being known here and a request's arrival there, at most. */
  readonly lagMs: number;
}

/** Clocks are read and times rounded on both sides: two moments are the same within this. */
const GUARD_MS = 1;
/** Use of the last seconds, for what a 429 is held against. */
const RECENT_MS = 5_000;
/** A permit that is handed back unused after longer than this gives nothing back to the pace. */
const UNSENT_MS = 60_000;
/** A limit over longer than this is not paced, only counted: an hour's work may fall into one minute of a day. */
const PACED_MS_MAX = 120_000;
/** What answers under way may turn out to make more than was expected, in standard deviations. */
const PRODUCED_SIGMAS = 0.8;

/** Expected answers may go a little faster than the rate, so that what one slow minute left over is not lost; the window holds the sum. */
const PRODUCED_PACE = 1.02;
/** The usual is learned over this long. */
const AHEAD_MS = 60_000;
/** Known production may run ahead of the rate by this many of the quota's own bursts, which are half of the endpoint's. */
const PRODUCED_BURSTS = 1.6;
/** Others' use below this share of the limit is not told from the two accounts' difference. */
const OTHERS_MIN = 0.02;

/** The amount of a limit of which nothing is known: nobody reaches it. */
export const UNKNOWN_AMOUNT = 1e12;
/** Of a limit that headers told of, this many ms' worth may go at once. */
const TOLD_BURST_MS = 500;

/** What was really made so far, for a limit on what is produced. */
interface Production {
  readonly log: SlidingLog;
  fullAtMs: number;
  /** Expected of answers under way, not made yet. */
  outstanding: number;
  /** How long the limit's rate takes for what is usually outstanding. */
  aheadMs: number;
  atMs: number;
}

/**
 * Holds one limit under every way of enforcing it: GCRA (ITU-T I.371) for a bucket, and an exact sliding log over the
 * window and the variation of delays for a sliding or a fixed window. Where answers count as they are made, what is
 * expected of them is charged, and what is known to be made is held against the limit once more.
 */
export class Meter {
  readonly config: LimitConfig;
  /** The limit believed in: as configured, or less when the endpoint's headers say so. */
  amount: number;
  perMs: number;
  belief: Belief = TRUSTING;
  /** GCRA's theoretical arrival time: the bucket is full from then on. */
  private fullAtMs: number;
  private readonly timing: MeterTiming;
  private readonly log: SlidingLog;
  private readonly recent: SlidingLog;
  private readonly production: Production | null;
  /** How far from full the bucket was when each of the last went, ms. */
  private readonly debts: LeastLog;
  /** Sum of the expected squares of what is still to come: its variance. */
  private variance = 0;
  /** The endpoint's burst, told by its headers; 0 while unknown. */
  private remainingMax = 0;
  private burst: number;

  constructor(config: LimitConfig, timing: MeterTiming, nowMs: number) {
    this.config = config;
    this.timing = timing;
    this.amount = config.amount;
    this.burst = config.burst;
    this.perMs = config.amount / config.windowMs;
    this.fullAtMs = nowMs;
    this.log = new SlidingLog(config.windowMs + timing.jitterMs + GUARD_MS);
    this.recent = new SlidingLog(RECENT_MS);
    this.debts = new LeastLog(UNSENT_MS);
    this.production =
      config.counted === 'produced'
        ? {
            log: new SlidingLog(config.windowMs),
            fullAtMs: nowMs,
            outstanding: 0,
            aheadMs: 0,
            atMs: nowMs,
          }
        : null;
  }

  /** It is written down, or headers have told of it. */
  get known(): boolean {
    return this.amount < UNKNOWN_AMOUNT;
  }

  private get paced(): boolean {
    return this.config.windowMs <= PACED_MS_MAX;
  }

  /** When this limit lets `cost` go, everything `ahead` of it gone first. */
  clearAtMs(cost: number, ahead: number, nowMs: number): number {
    const { amount, burst } = this;
    let atMs = nowMs;
    if (this.paced) {
      const perMs = this.perMs * rateNow(this.belief, nowMs);
      const allowed = burst * burstNow(this.belief, nowMs);
      const full = this.fullAtMs + ahead / perMs;
      // A cost above the burst needs the endpoint's bucket full.
      const late = cost > burst ? this.timing.jitterMs : Math.min(0, (cost - allowed) / perMs);
      atMs = Math.max(atMs, full + late);
    }
    // The pace holds what goes after a pause to a burst; a window of a bucket need not make up for it afterwards.
    const spare = this.config.bucket === true ? burst * burstNow(this.belief, nowMs) : 0;
    const room = amount + spare - this.belief.others - Math.min(cost, amount / 2) - ahead;
    return Math.max(
      atMs,
      this.production === null
        ? this.log.fallsToMs(Math.max(0, room), nowMs)
        : this.producedClearMs(this.production, room, nowMs),
    );
  }

  /** Charges a request that goes; the entry by which it can be corrected. */
  take(cost: number, nowMs: number): number {
    this.debts.add(this.fullAtMs - nowMs, nowMs);
    const pace = this.production === null ? 1 : PRODUCED_PACE;
    this.fullAtMs = Math.max(this.fullAtMs, nowMs) + cost / (pace * this.perMs * rateNow(this.belief, nowMs));
    this.recent.add(cost, nowMs);
    if (this.production !== null) this.production.outstanding += cost;
    return this.log.add(cost, nowMs);
  }

  /**
   * It turned out to be `by` more, or less.
   * @param unsentSinceMs when it was charged, if the endpoint never was to charge it: the pace gives back no more than
   *   would not have been made up for since then
   */
  correct(entry: number, by: number, nowMs: number, unsentSinceMs = Infinity): void {
    if (by === 0) return;
    const ms = by / this.perMs;
    if (ms > 0) this.fullAtMs = Math.max(this.fullAtMs, nowMs) + ms;
    else {
      const back = Math.min(-ms, this.debts.leastAfter(unsentSinceMs));
      this.fullAtMs -= back;
      this.debts.lowerAfter(unsentSinceMs, back);
    }
    this.log.correct(entry, by);
    if (this.production !== null) this.production.outstanding += by;
  }

  /** So many were made just now, as far as is known. */
  produced(tokens: number, nowMs: number): void {
    const p = this.production;
    if (p === null || tokens <= 0) return;
    p.log.add(tokens, nowMs);
    p.outstanding -= tokens;
    p.fullAtMs = Math.max(p.fullAtMs, nowMs) + tokens / this.perMs;
  }

  /** Expected squares of what is to come, more or fewer. */
  unsure(by: number): void {
    this.variance = Math.max(0, this.variance + by);
  }

  refuse(nowMs: number): void {
    this.belief = refused(this.belief, this.recent.sum(nowMs) / (this.perMs * RECENT_MS), nowMs);
  }

  /**
   * The endpoint's own account of what is left. A bucket smaller than the window's amount never has more left than it
   * holds, so only where a window's worth was once left does the difference tell of others.
   */
  remaining(limit: number, left: number, nowMs: number): void {
    // Only downwards: a header of the same name may tell of a day where this limit is a minute's.
    if (limit > 0 && limit < this.amount) {
      if (!this.known) {
        this.burst = Math.max(1, (limit * TOLD_BURST_MS) / this.config.windowMs);
        this.fullAtMs = nowMs;
      }
      this.amount = limit;
      this.perMs = limit / this.config.windowMs;
    }
    const { amount } = this;
    this.remainingMax = Math.max(this.remainingMax, left);
    if (this.remainingMax < amount / 2) return;
    const made =
      this.production === null ? 0 : this.production.log.sum(nowMs) + this.perMs * this.timing.lagMs;
    const own = Math.min(amount, Math.max(made, this.log.sum(nowMs)));
    // Tokens are rounded to thousands, and two accounts of one minute never agree to the token.
    const gap = amount - left - own - amount * OTHERS_MIN;
    this.belief = othersUse(this.belief, gap);
  }

  /** Charged within the last window. */
  used(nowMs: number): number {
    return this.log.sum(nowMs);
  }

  /**
   * What is expected of answers under way comes on top of what is made, and by the time it is made the oldest of the
   * window will have left it: by how much follows from how much is usually under way.
   */
  private producedClearMs(p: Production, room: number, nowMs: number): number {
    const outstanding = Math.max(0, p.outstanding);
    const usual = outstanding / this.perMs;
    p.aheadMs += (usual - p.aheadMs) * Math.min(1, (nowMs - p.atMs) / AHEAD_MS);
    p.atMs = nowMs;
    const withinMs = Math.max(this.config.windowMs / 2, this.config.windowMs - p.aheadMs);
    const margin = PRODUCED_SIGMAS * Math.sqrt(this.variance);
    const unknown = this.perMs * this.timing.lagMs;
    return Math.max(
      p.fullAtMs - (PRODUCED_BURSTS * this.burst) / this.perMs,
      p.log.fallsToMs(Math.max(0, this.amount - this.belief.others - unknown), nowMs),
      p.log.withinFallsToMs(withinMs, Math.max(0, room - outstanding - margin), nowMs),
    );
  }
}
