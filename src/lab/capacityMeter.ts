import { Histogram } from '../metrics/histogram.ts';
import { CONCURRENCY, NO_CONCURRENCY_LIMIT, type EnforcedLimits } from '../provider/limits.ts';
import type { ProviderCounts } from '../provider/simulated.ts';
import type { CallEnd } from './capacityPolicies.ts';

/** What a 429 was for: a unit of the limits, concurrency, acceleration, spend. */
export type RefusedFor = keyof ProviderCounts['byAxis429'];

/** Of times in ms from the moment a call or a task was due; null: so many never had their answer. */
export interface Percentiles {
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

/** One limit's use, as a share of what it allows. */
export interface LimitUse {
  readonly name: string;
  /** What it allows in `perMs`; places for concurrency, whose `perMs` is 0. */
  readonly amount: number;
  readonly perMs: number;
  /** Over the run. */
  readonly mean: number;
  /** The busiest minute. */
  readonly peak: number;
}

/** What went on in one interval. */
export interface CapacityPoint {
  /** Its end, in s since the beginning. */
  readonly atS: number;
  /** By limit, in the order of `use`: a share of what it allows. */
  readonly use: readonly number[];
  /** By what they were for, those that there were. */
  readonly wire429: Readonly<Partial<Record<RefusedFor, number>>>;
  readonly agent429: Readonly<Partial<Record<RefusedFor, number>>>;
  readonly shed: number;
  /** Calls that ended. */
  readonly ended: number;
  readonly inFlight: number;
  readonly queued: number;
  /** Of the calls that ended, ms; null for none, and where more than 1 % failed. */
  readonly p99Ms: number | null;
}

/** Times, and those that never came to an end. */
export class Times {
  readonly #served = new Histogram(1);
  #failed = 0;
  #inTime = 0;

  add(ms: number, ok: boolean, barMs: number): void {
    if (!ok) {
      this.#failed++;
      return;
    }
    this.#served.record(ms);
    if (ms <= barMs) this.#inTime++;
  }
  get count(): number {
    return this.#served.count + this.#failed;
  }
  get failed(): number {
    return this.#failed;
  }
  get inTime(): number {
    return this.#inTime;
  }
  /** What failed counts as longer than anything. */
  quantile(q: number): number | null {
    const rank = q * this.count;
    if (this.count === 0 || rank > this.#served.count + 1e-6) return null;
    return this.#served.quantile(Math.min(1, rank / this.#served.count));
  }
  percentiles(): Percentiles {
    return { p50: this.quantile(0.5), p95: this.quantile(0.95), p99: this.quantile(0.99) };
  }
}

type Tally = Partial<Record<RefusedFor, number>>;
const addTo = (tally: Tally, what: RefusedFor, n: number): void => {
  if (n > 0) tally[what] = (tally[what] ?? 0) + n;
};

/** Keeps the account of a run: totals, and a point for each interval. */
export class CapacityMeter {
  readonly calls = new Times();
  readonly tasks = new Times();
  readonly endedAs: Partial<Record<CallEnd, number>> = {};
  readonly agent429: Tally = {};
  readonly points: CapacityPoint[] = [];
  readonly names: readonly string[];

  readonly #enforced: EnforcedLimits;
  readonly #bars: { readonly callMs: number; readonly taskMs: number };
  readonly #stepMs: number;
  #before: ProviderCounts;
  #lately = new Times();
  #agentLately: Tally = {};
  #shedLately = 0;
  #inFlightSum = 0;
  #samples = 0;

  constructor(
    enforced: EnforcedLimits,
    bars: { readonly callMs: number; readonly taskMs: number },
    stepMs: number,
    before: ProviderCounts,
  ) {
    this.#enforced = enforced;
    this.#bars = bars;
    this.#stepMs = stepMs;
    this.#before = before;
    this.names = [
      ...enforced.limits.map((l) => l.name),
      ...(enforced.concurrency === NO_CONCURRENCY_LIMIT ? [] : [CONCURRENCY]),
    ];
  }

  /** @param refusedFor of a call that was given up for a 429 */
  call(ms: number, end: CallEnd, refusedFor: RefusedFor): void {
    const ok = end === 'ok';
    this.calls.add(ms, ok, this.#bars.callMs);
    this.#lately.add(ms, ok, Infinity);
    this.endedAs[end] = (this.endedAs[end] ?? 0) + 1;
    if (end === 'shed') this.#shedLately++;
    if (end !== 'rate-limited') return;
    addTo(this.agent429, refusedFor, 1);
    addTo(this.#agentLately, refusedFor, 1);
  }

  task(ms: number, ok: boolean): void {
    this.tasks.add(ms, ok, this.#bars.taskMs);
  }

  /** Several times an interval: requests under way are a mean over time. */
  sample(inFlight: number): void {
    this.#inFlightSum += inFlight;
    this.#samples++;
  }

  /** An interval is over. */
  close(atMs: number, now: ProviderCounts, queued: number): void {
    const { limits, concurrency } = this.#enforced;
    const before = this.#before;
    const inFlight = this.#samples === 0 ? now.inFlight : this.#inFlightSum / this.#samples;
    const wire429: Tally = {};
    for (const [axis, n] of Object.entries(now.byAxis429))
      addTo(wire429, axis as RefusedFor, n - before.byAxis429[axis as RefusedFor]);
    this.points.push({
      atS: atMs / 1_000,
      use: [
        ...limits.map((l) => {
          const charged = (now.charged[l.name] ?? 0) - (before.charged[l.name] ?? 0);
          return charged / ((l.amount * this.#stepMs) / l.perMs);
        }),
        ...(this.names.length > limits.length ? [inFlight / concurrency] : []),
      ],
      wire429,
      agent429: this.#agentLately,
      shed: this.#shedLately,
      ended: this.#lately.count,
      inFlight,
      queued,
      p99Ms: this.#lately.quantile(0.99),
    });
    this.#before = now;
    this.#lately = new Times();
    this.#agentLately = {};
    this.#shedLately = 0;
    this.#inFlightSum = 0;
    this.#samples = 0;
  }

  use(): LimitUse[] {
    const { limits, concurrency } = this.#enforced;
    // A run that was ended within a minute is judged by what there is of it.
    const perMinute = Math.min(this.points.length, Math.max(1, Math.round(60_000 / this.#stepMs)));
    return this.names.map((name, i) => {
      const shares = this.points.map((p) => p.use[i]!);
      const sum = (from: number, to: number): number =>
        shares.slice(from, to).reduce((a, b) => a + b, 0) / Math.max(1, to - from);
      let peak = 0;
      for (let k = 0; k + perMinute <= shares.length; k++) peak = Math.max(peak, sum(k, k + perMinute));
      const limit = limits[i];
      return {
        name,
        amount: limit?.amount ?? concurrency,
        perMs: limit?.perMs ?? 0,
        mean: sum(0, shares.length),
        peak,
      };
    });
  }
}
