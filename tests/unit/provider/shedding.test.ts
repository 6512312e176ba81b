import { expect, test } from 'vitest';
import { CROWD_QUOTA } from '../../harness/crowd.ts';
import { EventLoop } from '../../harness/eventLoop.ts';
import { createRng } from '../../../src/kernel/rng.ts';
import { nextTickMs, stepQuota } from '../../../src/provider/quota.ts';
import type { QuotaInput } from '../../../src/provider/quotaTypes.ts';
import { createQuota } from '../../../src/provider/quotaState.ts';

interface Asked {
  readonly agent: number;
  readonly deadlineAtMs: number;
  readonly inputTokens: number;
  readonly probe: boolean;
}

/** Poisson arrivals at `load` times the capacity with 2 s each; every other that is shed at once is queued again without a deadline, to see when it would have been answered. */
function overload(seed: string, load: number, agents: number) {
  const deadlineMs = 2_000;
  const loop = new EventLoop();
  const rng = createRng(seed);
  const quota = createQuota({ ...CROWD_QUOTA, expectedMs: 700 }, 0);
  const asked = new Map<number, Asked>();
  const seen = { asked: 0, inTime: 0, late: 0, shedAtOnce: 0, shedLater: 0, probes: 0, right: 0 };
  let nextId = 1;
  let tickAtMs = Infinity;
  const acquire = (a: Asked): void => {
    const id = nextId++;
    asked.set(id, a);
    const before = loop.now;
    step({
      type: 'acquire',
      id,
      holder: 1,
      flow: `a${a.agent}`,
      priority: 1,
      inputTokens: a.inputTokens,
      outputTokens: 100,
      deadlineAtMs: a.probe ? Infinity : a.deadlineAtMs,
    });
    expect(loop.now).toBe(before);
  };
  function step(input: QuotaInput): void {
    for (const effect of stepQuota(quota, input, loop.now)) {
      if (effect.type === 'shed') {
        const a = asked.get(effect.id)!;
        asked.delete(effect.id);
        if (input.type !== 'acquire') seen.shedLater++;
        else if (++seen.shedAtOnce % 2 === 0) {
          seen.probes++;
          loop.in(0, () => acquire({ ...a, probe: true }));
        }
      }
      if (effect.type !== 'go') continue;
      const a = asked.get(effect.id)!;
      asked.delete(effect.id);
      loop.in(rng.logNormal(Math.log(650), 0.35), () => {
        const made = loop.now <= a.deadlineAtMs;
        if (a.probe) seen.right += made ? 0 : 1;
        else if (made) seen.inTime++;
        else seen.late++;
        const usage = { inputTokens: a.inputTokens, outputTokens: 50 };
        step({ type: 'settle', permit: effect.permit, status: 200, usage, retryAfterMs: null });
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
  const arrive = (): void => {
    seen.asked++;
    const inputTokens = Math.round(Math.min(4_000, rng.logNormal(Math.log(450), 0.5)));
    acquire({ agent: rng.int(agents), deadlineAtMs: loop.now + deadlineMs, inputTokens, probe: false });
    loop.in(rng.exponential(51 / load), arrive);
  };
  arrive();
  loop.run(300_000);
  return seen;
}

for (const agents of [1, 20])
  test(`${agents === 1 ? 'one agent' : `${agents} agents`}: what is shed at once could indeed not have been answered in time, and what is sent mostly is`, () => {
    for (const load of [1.2, 1.6]) {
      const s = overload('shed', load, agents);
      const precision = s.right / s.probes;
      const inTime = s.inTime / (s.inTime + s.late);
      console.log(
        `${agents} agents, load ${load}: ${s.shedAtOnce} of ${s.asked} shed at once, ${(100 * precision).toFixed(1)} % of ${s.probes} sampled rightly; ${s.shedLater} later; ${(100 * inTime).toFixed(1)} % of those sent in time`,
      );
      expect(s.probes).toBeGreaterThan(20);
      // A service time is a matter of chance: at the edge of the deadline half of them would have made it.
      expect(precision).toBeGreaterThan(0.55);
      expect(inTime).toBeGreaterThan(0.55);
      if (agents === 1) expect(s.shedAtOnce).toBeGreaterThan(s.shedLater);
    }
  });

test('below capacity next to nothing is shed', () => {
  const s = overload('calm', 0.7, 20);
  expect(s.shedAtOnce + s.shedLater).toBeLessThan(s.asked * 0.02);
});
