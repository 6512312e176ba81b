import type { Priority } from '../../src/provider/fairQueue.ts';
import { nextTickMs, stepQuota } from '../../src/provider/quota.ts';
import type { QuotaInput } from '../../src/provider/quotaTypes.ts';
import { createQuota, type QuotaConfig } from '../../src/provider/quotaState.ts';
import { EventLoop } from './eventLoop.ts';

/** One agent of a crowd. */
export interface Member {
  readonly flow: string;
  readonly priority?: Priority;
  /** Requests that it keeps under way or waiting. */
  readonly outstanding: number;
  readonly inputTokens: number;
  readonly thinkMs?: number;
}

/** A quota whose input tokens bind: 10,000 a second. */
export const CROWD_QUOTA: QuotaConfig = {
  limits: [{ unit: 'inputTokens', amount: 600_000, windowMs: 60_000, burst: 5_000, counted: 'admitted' }],
  concurrency: 1_000,
  queueMax: 10_000,
  jitterMs: 10,
  lagMs: 20,
  lingerMs: 100,
  expectedMs: 500,
  longestMs: 5_000,
};
const SERVICE_MS = 500;

/** Tokens that each member got, by a quota alone, with an endpoint that always takes half a second. */
export function runCrowd(members: readonly Member[], minutes: number): number[] {
  const loop = new EventLoop();
  const quota = createQuota(CROWD_QUOTA, 0);
  const got = members.map(() => 0);
  const waiting = new Map<number, number>();
  let nextId = 1;
  let tickAtMs = Infinity;
  const ask = (m: number): void => {
    const { flow, priority = 1, inputTokens } = members[m]!;
    const id = nextId++;
    waiting.set(id, m);
    step({
      type: 'acquire',
      id,
      holder: 1,
      flow,
      priority,
      inputTokens,
      outputTokens: 10,
      deadlineAtMs: Infinity,
    });
  };
  function step(input: QuotaInput): void {
    for (const effect of stepQuota(quota, input, loop.now)) {
      if (effect.type !== 'go') continue;
      const m = waiting.get(effect.id)!;
      const { inputTokens, thinkMs = 0 } = members[m]!;
      waiting.delete(effect.id);
      got[m]! += inputTokens;
      loop.in(SERVICE_MS, () => {
        const usage = { inputTokens, outputTokens: 10 };
        step({ type: 'settle', permit: effect.permit, status: 200, usage, retryAfterMs: null });
        loop.in(thinkMs, () => ask(m));
      });
    }
    const atMs = nextTickMs(quota, loop.now);
    if (atMs === null || (tickAtMs > loop.now && tickAtMs <= atMs)) return;
    tickAtMs = atMs;
    loop.at(atMs, () => {
      if (tickAtMs !== atMs) return;
      tickAtMs = Infinity;
      step({ type: 'tick' });
    });
  }
  for (const [m, { outstanding }] of members.entries()) for (let i = 0; i < outstanding; i++) ask(m);
  loop.run(minutes * 60_000);
  return got;
}
