import type { Env } from '../kernel/env.ts';
import { exp, ln } from '../kernel/maths.ts';
import type { Rng } from '../kernel/rng.ts';
import type { LengthMixture } from '../provider/profile.ts';
import type { CapacityPlan } from './capacityPlan.ts';

/** z of the 95th percentile of a normal distribution. */
const Z95 = 1.6448536;
const CHARS_PER_TOKEN = 4;
/** What the estimate adds for a message. */
const TOKENS_PER_MESSAGE = 4;
const LINE = 'plan note list step part case fact goal item rule data task text word line page ';

/** Log-normal with that median and 95th percentile, cut to [1, max]. */
export function lengthMixture(
  { median, p95 }: { readonly median: number; readonly p95: number },
  max: number,
): LengthMixture {
  const lnMean = ln(median);
  return { parts: [{ weight: 1, lnMean, lnSd: Math.max(0, (ln(p95) - lnMean) / Z95) }], min: 1, max };
}

/** The mean of that distribution, the cut aside. */
export function meanLength({ median, p95 }: { readonly median: number; readonly p95: number }): number {
  const sd = Math.max(0, (ln(p95) - ln(median)) / Z95);
  return median * exp((sd * sd) / 2);
}

/** Makes prompts of a wanted number of tokens, by the estimate that client and endpoint share. */
export class Prompts {
  readonly #plan: CapacityPlan['prompt'];
  readonly #mixture: LengthMixture;
  readonly #max: number;
  #shared = '';
  #rest = LINE;

  constructor(plan: CapacityPlan['prompt'], max: number) {
    this.#plan = plan;
    this.#max = max;
    this.#mixture = lengthMixture(plan, max);
    const chars = Math.max(0, plan.shared - TOKENS_PER_MESSAGE) * CHARS_PER_TOKEN;
    this.#shared = LINE.repeat(Math.ceil(chars / LINE.length)).slice(0, chars);
  }

  draw(rng: Rng): number {
    const { examples } = this.#plan;
    if (examples.length > 0) return rng.pick(examples);
    const { lnMean, lnSd } = this.#mixture.parts[0]!;
    return Math.min(this.#max, Math.max(1, Math.round(rng.logNormal(lnMean, lnSd))));
  }

  /** A prompt of that many tokens, the same as no other behind what all share. */
  text(tokens: number, task: number, call: number): string {
    const chars = Math.max(0, tokens - TOKENS_PER_MESSAGE) * CHARS_PER_TOKEN;
    const head = `${this.#shared.slice(0, chars)}Task ${task}, call ${call}: `;
    while (this.#rest.length < chars) this.#rest += this.#rest;
    return head.length >= chars
      ? head.slice(0, Math.max(1, chars))
      : head + this.#rest.slice(0, chars - head.length);
  }
}

/**
 * Lets tasks of all agents come, each at the moment it is due, up to `untilMs`.
 * @param task does one; resolves when it is over
 */
export function startLoad(
  env: Env,
  plan: CapacityPlan,
  agents: number,
  untilMs: number,
  task: (agent: number, lengths: Rng) => Promise<void>,
): void {
  const gapMs = 3_600_000 / plan.tasksPerHour;
  for (let agent = 0; agent < agents; agent++) {
    const arrivals = env.random(`arrivals/${agent}`);
    const lengths = env.random(`lengths/${agent}`);
    const after = (ms: number, then: () => void): void => {
      if (env.now() + ms < untilMs) env.setTimer(ms, then);
    };
    const share = (agent + 0.5) / agents;
    const beginMs = share * plan.rampS * 1_000;
    switch (plan.arrivals) {
      case 'open': {
        const next = (waitMs: number): void =>
          after(waitMs + arrivals.exponential(gapMs), () => {
            void task(agent, lengths);
            next(0);
          });
        next(beginMs);
        break;
      }
      case 'even': {
        const at = (ms: number): void =>
          after(ms, () => {
            void task(agent, lengths);
            at(gapMs);
          });
        at(beginMs + share * gapMs);
        break;
      }
      case 'closed': {
        const meanMs = plan.thinkS * 1_000;
        const think = (ms: number): void => after(ms, () => void task(agent, lengths).then(again));
        const again = (): void => think(meanMs === 0 ? 1 : arrivals.exponential(meanMs));
        // Agents that begin as one would stay in step for a while.
        think(beginMs + share * Math.max(1_000, meanMs));
        break;
      }
    }
  }
}
