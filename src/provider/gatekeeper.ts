import { exp } from '../kernel/maths.ts';
import type { Rng } from '../kernel/rng.ts';
import type { Failure } from './dialect.ts';
import { createLimiter, type Limiter } from './limiter.ts';
import type { EnforcedLimit, EnforcedLimits } from './limits.ts';
import type { Profile } from './profile.ts';
import type { PromptTokens } from './promptCache.ts';

/** What a call would be charged. */
export interface CallSize {
  readonly prompt: PromptTokens;
  /** Tokens of the prompt as the endpoint estimates them on arrival; corrected at the end. */
  readonly estimate: number;
  readonly maxTokens: number;
  readonly project: string;
  readonly arrivedMs: number;
}

/** Projects with limits of their own, at most: any beyond share one. */
const PROJECTS_MAX = 100;

/** Decides at the door of an endpoint who comes in, and keeps the accounts of its limits. */
export interface Gatekeeper {
  /** Why the call is refused, or null: then it has been charged. */
  admit(size: CallSize, nowMs: number): Failure | null;
  /** Output tokens were made. */
  produced(size: CallSize, tokens: number, nowMs: number): void;
  /** The call ended, having made so many tokens in all. */
  settle(size: CallSize, outputTokens: number, nowMs: number): void;
  limitersOf(project: string): readonly Limiter[];
  readonly inFlight: number;
  /** By the limit's name: all that was charged, corrections included. */
  readonly charged: Readonly<Record<string, number>>;
}

const promptCost = (limit: EnforcedLimit, { prompt, estimate }: CallSize): number =>
  limit.cachedFree ? Math.max(0, estimate - prompt.read) : estimate;

/** What must be free, and what is charged on arrival. */
function onArrival(
  limit: EnforcedLimit,
  size: CallSize,
): { readonly needs: number; readonly charges: number } {
  const prompt = promptCost(limit, size);
  const same = (n: number) => ({ needs: n, charges: n });
  switch (limit.unit) {
    case 'requests':
      return same(1);
    case 'inputTokens':
      return same(prompt);
    case 'outputTokens':
      return limit.counted === 'produced' ? { needs: 1, charges: 0 } : same(size.maxTokens);
    case 'totalTokens':
      return same(limit.counted === 'larger' ? Math.max(size.maxTokens, prompt) : prompt + size.maxTokens);
  }
}

/** What the end corrects. */
function atTheEnd(limit: EnforcedLimit, size: CallSize, outputTokens: number): number {
  const { prompt, estimate } = size;
  const actual = prompt.fresh + prompt.written + (limit.cachedFree ? 0 : prompt.read);
  const promptGap = actual - (limit.cachedFree ? Math.max(0, estimate - prompt.read) : estimate);
  switch (limit.unit) {
    case 'requests':
      return 0;
    case 'inputTokens':
      return promptGap;
    case 'outputTokens':
      return limit.counted === 'produced' ? 0 : outputTokens - size.maxTokens;
    case 'totalTokens':
      return limit.counted === 'larger' ? 0 : promptGap + outputTokens - size.maxTokens;
  }
}

export function createGatekeeper(enforced: EnforcedLimits, startMs: number): Gatekeeper {
  const { profile, limits, concurrency } = enforced;
  const ofAll = limits.filter((l) => l.scope === 'organisation').map((l) => createLimiter(l, startMs));
  const projects = new Map<string, readonly Limiter[]>();
  const ramp = profile.acceleration === null ? null : new Ramp(profile.acceleration, startMs);
  const charged: Record<string, number> = Object.fromEntries(limits.map((l) => [l.name, 0]));
  let inFlight = 0;

  function charge(limiter: Limiter, cost: number, nowMs: number): void {
    limiter.charge(cost, nowMs);
    charged[limiter.limit.name]! += cost;
  }

  function limitersOf(project: string): readonly Limiter[] {
    const name = projects.has(project) || projects.size < PROJECTS_MAX ? project : '';
    let own = projects.get(name);
    if (own === undefined) {
      own = limits.filter((l) => l.scope === 'project').map((l) => createLimiter(l, startMs));
      projects.set(name, own);
    }
    return own.length === 0 ? ofAll : [...ofAll, ...own];
  }

  function refuse(limiters: readonly Limiter[], nowMs: number, failure: Failure): Failure {
    if (profile.refusedCount)
      for (const limiter of limiters) if (limiter.limit.unit === 'requests') charge(limiter, 1, nowMs);
    return failure;
  }

  return {
    admit(size, nowMs) {
      const limiters = limitersOf(size.project);
      if (inFlight >= concurrency)
        return refuse(limiters, nowMs, {
          type: 'limit',
          limit: null,
          used: inFlight,
          cost: 1,
          waitMs: 1_000,
        });
      for (const limiter of limiters) {
        const { limit } = limiter;
        const { needs } = onArrival(limit, size);
        if (limiter.allows(needs, nowMs)) continue;
        const used = limit.amount - limiter.remaining(nowMs);
        const waitMs = limiter.waitMs(needs, nowMs);
        return refuse(limiters, nowMs, { type: 'limit', limit, used, cost: needs, waitMs });
      }
      const tooFastMs = ramp?.ask(nowMs) ?? 0;
      if (tooFastMs > 0) return refuse(limiters, nowMs, { type: 'acceleration', waitMs: tooFastMs });
      for (const limiter of limiters) charge(limiter, onArrival(limiter.limit, size).charges, nowMs);
      inFlight++;
      return null;
    },
    produced(size, tokens, nowMs) {
      for (const limiter of limitersOf(size.project))
        if (limiter.limit.counted === 'produced') charge(limiter, tokens, nowMs);
    },
    settle(size, outputTokens, nowMs) {
      inFlight--;
      for (const limiter of limitersOf(size.project)) {
        const more = atTheEnd(limiter.limit, size, outputTokens);
        if (more === 0) continue;
        limiter.correct(more, size.arrivedMs, nowMs);
        charged[limiter.limit.name]! += more;
      }
    },
    limitersOf,
    charged,
    get inFlight() {
      return inFlight;
    },
  };
}

/** The acceleration limit: two exponential averages of the rate of requests, a quick one and a slow one. */
class Ramp {
  readonly #config: NonNullable<Profile['acceleration']>;
  #quickPerMs = 0;
  #slowPerMs = 0;
  #atMs: number;

  constructor(config: NonNullable<Profile['acceleration']>, startMs: number) {
    this.#config = config;
    this.#atMs = startMs;
  }

  /** A request that would be let in otherwise: 0 when it may come, else how long to wait. */
  ask(nowMs: number): number {
    const { floorPerMin, factor, baselineMs, recentMs } = this.#config;
    const gap = Math.max(0, nowMs - this.#atMs);
    this.#atMs = nowMs;
    this.#quickPerMs *= exp(-gap / recentMs);
    this.#slowPerMs *= exp(-gap / baselineMs);
    const allowedPerMs = Math.max(floorPerMin / 60_000, factor * this.#slowPerMs);
    if (this.#quickPerMs + 1 / recentMs > allowedPerMs) return recentMs;
    this.#quickPerMs += 1 / recentMs;
    this.#slowPerMs += 1 / baselineMs;
    return 0;
  }
}

/** Times in which the whole fleet is overloaded: a Poisson process of its own. */
export class Overloads {
  readonly #rng: Rng;
  readonly #gapMs: number;
  readonly #lastsMs: number;
  #fromMs: number;

  constructor(faults: Profile['faults'], rng: Rng, startMs: number) {
    this.#rng = rng;
    this.#gapMs = faults.overloadsPerHour > 0 ? 3_600_000 / faults.overloadsPerHour : Infinity;
    this.#lastsMs = faults.overloadS * 1_000;
    this.#fromMs = this.#gapMs === Infinity ? Infinity : startMs + rng.exponential(this.#gapMs);
  }

  at(nowMs: number): boolean {
    while (nowMs >= this.#fromMs + this.#lastsMs)
      this.#fromMs += this.#lastsMs + this.#rng.exponential(this.#gapMs);
    return nowMs >= this.#fromMs;
  }
}
