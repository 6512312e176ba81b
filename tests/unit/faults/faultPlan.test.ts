import { describe, expect, it } from 'vitest';
import { drawFaultPlan, type FaultPlan } from '../../../src/faults/faultPlan.ts';
import { scenarioFrom } from '../../harness/shippedScenario.ts';

const HOUR_MS = 3_600_000;

/** How far any two clocks are apart at most, looked at each second and right after every fault. */
function apartMs(plan: FaultPlan, durationMs: number): number {
  const right = plan.clockRates.map((rate) => ({ ms: 0, rate, atMs: 0 }));
  let clocks = right.map((c) => ({ ...c }));
  let most = 0;
  const look = (atMs: number): void => {
    for (const c of clocks) {
      c.ms += (atMs - c.atMs) * c.rate;
      c.atMs = atMs;
    }
    const all = clocks.map((c) => c.ms);
    most = Math.max(most, Math.max(...all) - Math.min(...all));
  };
  let looked = 0;
  for (const fault of [...plan.faults, { atMs: durationMs, type: 'end' as const }]) {
    for (; looked < fault.atMs; looked += 1_000) look(looked);
    look(fault.atMs);
    if (fault.type === 'clock') {
      const clock = clocks[fault.node]!;
      clock.ms += fault.jumpMs;
      clock.rate = fault.rate;
    }
    if (fault.type === 'power cut') clocks = right.map((c) => ({ ...c, ms: fault.atMs, atMs: fault.atMs }));
    look(fault.atMs);
    looked = fault.atMs;
  }
  return most;
}

describe('a fault plan drawn from a seed', () => {
  const scenario = (seed: string, bus = {}) =>
    scenarioFrom({
      seed,
      bus,
      faults: { clockJumpsPerMin: 30, clockDriftMax: 0.05, powerCutsPerMin: 0.05, killsPerMin: 1 },
    });

  it.each(['one', 'two', 'three'])('keeps clocks within what the protocol bears for hours: %s', (seed) => {
    const plan = drawFaultPlan(scenario(seed), 5, 3 * HOUR_MS);
    const apart = apartMs(plan, 3 * HOUR_MS);
    expect(apart).toBeLessThan(60_000);
    // They do go wrong, and far.
    expect(apart).toBeGreaterThan(20_000);
    expect(plan.faults.some((f) => f.type === 'clock' && f.jumpMs > 5_000)).toBe(true);
    expect(plan.faults.map((f) => f.atMs)).toEqual(plan.faults.map((f) => f.atMs).sort((a, b) => a - b));
  });

  it('follows a smaller bound', () => {
    const plan = drawFaultPlan(scenario('one', { clockDriftMs: 5_000 }), 5, HOUR_MS);
    expect(apartMs(plan, HOUR_MS)).toBeLessThan(5_000);
  });
});
