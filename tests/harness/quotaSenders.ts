import type { Rng } from '../../src/kernel/rng.ts';
import type { LimitConfig } from '../../src/provider/meter.ts';
import { nextTickMs, stepQuota } from '../../src/provider/quota.ts';
import type { QuotaInput } from '../../src/provider/quotaTypes.ts';
import { createQuota, type QuotaConfig, type QuotaState } from '../../src/provider/quotaState.ts';
import type { EventLoop } from './eventLoop.ts';
import { RATE_AXES, type Limits, type Sender } from './quotaWorld.ts';

/** What the client believes of the endpoint. */
export interface Believed {
  readonly limits: Limits;
  readonly jitterMs: number;
  readonly delayMsMax: number;
}

/** The quota itself, one coordinator for all agents. */
export function quotaSender(
  believed: Believed,
  change: (config: QuotaConfig) => QuotaConfig = (c) => c,
  sabotage: (quota: QuotaState) => void = () => undefined,
): (loop: EventLoop) => Sender {
  return (loop) => {
    const limits = RATE_AXES.map((unit): LimitConfig => ({
      unit,
      amount: believed.limits[unit],
      windowMs: 60_000,
      burst: believed.limits[unit] / 120,
      counted: unit === 'outputTokens' ? 'produced' : 'admitted',
    }));
    const config = change({
      limits,
      concurrency: believed.limits.concurrency,
      queueMax: 100_000,
      jitterMs: believed.jitterMs,
      lagMs: Math.max(100, 2 * believed.jitterMs),
      lingerMs: believed.delayMsMax + 250,
      expectedMs: 2_000,
      longestMs: 60_000,
    });
    const quota = createQuota(config, 0);
    const waiting = new Map<number, (permit: number) => void>();
    let nextId = 1;
    let tickAtMs = Infinity;
    /** The last refusal was for a rise. */
    let rise = false;
    sabotage(quota);
    const step = (input: QuotaInput): void => {
      for (const effect of stepQuota(quota, input, loop.now))
        if (effect.type === 'go') {
          const go = waiting.get(effect.id)!;
          waiting.delete(effect.id);
          go(effect.permit);
        }
      const atMs = nextTickMs(quota, loop.now);
      if (atMs === null || (tickAtMs > loop.now && tickAtMs <= atMs)) return;
      tickAtMs = atMs;
      loop.at(atMs, () => {
        if (tickAtMs !== atMs) return;
        tickAtMs = Infinity;
        step({ type: 'tick' });
      });
    };
    return {
      acquire(agent, inputTokens, outputTokens, go) {
        const id = nextId++;
        waiting.set(id, go);
        step({
          type: 'acquire',
          id,
          holder: 1,
          flow: `a${agent}`,
          priority: 1,
          inputTokens,
          outputTokens,
          deadlineAtMs: Infinity,
        });
      },
      progress: (permit, outputTokens) => step({ type: 'progress', permit, outputTokens }),
      settle(permit, outcome) {
        const { status, inputTokens, outputTokens, retryAfterMs, over, remaining } = outcome;
        rise = over === 'acceleration';
        step({
          type: 'settle',
          permit,
          status,
          usage: status === 200 ? { inputTokens, outputTokens } : null,
          retryAfterMs: status === 429 ? retryAfterMs : null,
          told: RATE_AXES.map((unit) => ({
            unit,
            limit: believed.limits[unit],
            remaining: remaining[unit],
          })),
          ...(over === null ? {} : { over }),
        });
      },
      // As the client does: what a rise was refused waits as it was told, anything else asks the quota, which knows better.
      backoffMs: (_attempt, retryAfterMs) => (rise ? retryAfterMs : 0),
    };
  };
}

const exponential = (rng: Rng, attempt: number): number =>
  rng.next() * Math.min(8_000, 500 * 2 ** (attempt - 1));

/** Sends at once and retries with exponential backoff and full jitter, as SDKs do by default, but never gives up. */
export const naiveRetries = (_loop: EventLoop, rng: Rng): Sender => ({
  acquire: (_agent, _input, _output, go) => go(0),
  progress: () => undefined,
  settle: () => undefined,
  backoffMs: (attempt) => exponential(rng, attempt),
});

/** A semaphore of `places`, retries as above. */
export const fixedConcurrency =
  (places: number) =>
  (_loop: EventLoop, rng: Rng): Sender => {
    let free = places;
    const queue: ((permit: number) => void)[] = [];
    let head = 0;
    return {
      acquire(_agent, _input, _output, go) {
        if (free > 0) {
          free--;
          go(0);
        } else queue.push(go);
      },
      progress: () => undefined,
      settle() {
        const next = queue[head];
        if (next === undefined) free++;
        else {
          head++;
          next(0);
        }
      },
      backoffMs: (attempt) => exponential(rng, attempt),
    };
  };

/** A fixed-rate pacer with a semaphore, as `bottleneck` is set up: each job holds the line for its worst share of a limit, `max_tokens` included, since the answer's length is not known. */
export const fixedRate =
  (limits: Limits) =>
  (loop: EventLoop, rng: Rng): Sender => {
    let freeAtMs = 0;
    let places = limits.concurrency;
    const queue: { holdMs: number; go: (permit: number) => void }[] = [];
    let head = 0;
    let waking = false;
    const pump = (): void => {
      for (;;) {
        const job = queue[head];
        if (job === undefined || places < 1) return;
        if (freeAtMs > loop.now) {
          if (waking) return;
          waking = true;
          loop.at(freeAtMs, () => {
            waking = false;
            pump();
          });
          return;
        }
        head++;
        places--;
        freeAtMs = loop.now + job.holdMs;
        job.go(0);
      }
    };
    return {
      acquire(_agent, input, output, go) {
        const holdMs =
          60_000 * Math.max(1 / limits.requests, input / limits.inputTokens, output / limits.outputTokens);
        queue.push({ holdMs, go });
        pump();
      },
      progress: () => undefined,
      settle() {
        places++;
        pump();
      },
      backoffMs: (attempt) => exponential(rng, attempt),
    };
  };
