import type { CancelTimer, Env } from '../kernel/env.ts';
import { Track } from './balancer.ts';
import { BREAKER_CLOSED, stepBreaker, type BreakerInput, type BreakerState } from './breaker.ts';
import { nextTickMs, stepQuota } from './quota.ts';
import type { QuotaEffect, QuotaInput } from './quotaTypes.ts';
import { createQuota, inFlightOf, type QuotaConfig, type QuotaState } from './quotaState.ts';

/** One endpoint, or one key: its quota, what is known of its speed, and whether it is well. */
export class Target {
  readonly index: number;
  readonly quota: QuotaState;
  readonly track: Track;
  private readonly env: Env;
  private readonly onEffect: (target: Target, effect: QuotaEffect) => void;
  private breaker: BreakerState = BREAKER_CLOSED;
  private cancelTick: CancelTimer | null = null;
  private tickAtMs = Infinity;

  constructor(
    env: Env,
    index: number,
    config: QuotaConfig,
    onEffect: (target: Target, effect: QuotaEffect) => void,
  ) {
    this.env = env;
    this.index = index;
    this.quota = createQuota(config, env.now());
    this.track = new Track(config.expectedMs);
    this.onEffect = onEffect;
  }

  /** What a request sent now may expect; what waits here counts as under way. */
  get score(): number {
    return this.track.ewmaMs * (inFlightOf(this.quota) + this.quota.queue.size + 1);
  }

  /** Its breaker is closed, or it is time for a probe. */
  get well(): boolean {
    const { breaker } = this;
    if (breaker.type === 'closed') return true;
    return this.env.now() >= (breaker.type === 'open' ? breaker.untilMs : breaker.probeUntilMs);
  }

  tell(input: BreakerInput): void {
    this.breaker = stepBreaker(this.breaker, input, this.env.now()).state;
  }

  step(input: QuotaInput): void {
    const { env, quota } = this;
    for (const effect of stepQuota(quota, input, env.now())) this.onEffect(this, effect);
    const atMs = nextTickMs(quota, env.now());
    if (atMs === this.tickAtMs) return;
    this.cancelTick?.();
    this.cancelTick = null;
    this.tickAtMs = atMs ?? Infinity;
    if (atMs !== null)
      this.cancelTick = env.setTimer(Math.max(0, atMs - env.now()), () => {
        this.cancelTick = null;
        this.tickAtMs = Infinity;
        this.step({ type: 'tick' });
      });
  }
}
