import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHlc, hlcMs, observe, tick } from '../../../src/bus/hlc.ts';

const DRIFT_MS = 1_000;

describe('the hybrid logical clock (Kulkarni et al., 2014)', () => {
  it('follows cause and effect, and stays as close to physical time as the clocks are to each other', () => {
    const step = fc.record({
      at: fc.nat(2),
      to: fc.nat(2),
      passesMs: fc.nat(5),
    });
    const skews = fc.array(fc.nat(200), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(skews, fc.array(step, { maxLength: 200 }), (skew, steps) => {
        const clocks = skew.map(() => createHlc());
        let trueMs = 1_000;
        for (const { at, to, passesMs } of steps) {
          trueMs += passesMs;
          const sent = tick(clocks[at]!, trueMs + skew[at]!);
          const before = clocks[to]!.last;
          const heard = observe(clocks[to]!, sent, trueMs + skew[to]!, DRIFT_MS);
          expect(heard).toBeGreaterThan(sent);
          expect(heard).toBeGreaterThan(before);
          expect(hlcMs(heard)).toBeLessThanOrEqual(trueMs + Math.max(...skew));
          expect(hlcMs(heard)).toBeGreaterThanOrEqual(trueMs + skew[to]!);
        }
        expect(clocks.map((c) => c.refused)).toEqual([0, 0, 0]);
      }),
    );
  });

  it("is not dragged along by a peer's clock that jumped beyond the bound, and counts that", () => {
    const clock = createHlc();
    const jumped = tick(createHlc(), 1_000_000);
    const stamp = observe(clock, jumped, 500, DRIFT_MS);
    expect(hlcMs(stamp)).toBe(500);
    expect(clock.refused).toBe(1);
  });

  it('goes on behind what an earlier incarnation stamped, though its clock was set back', () => {
    const last = tick(createHlc(), 5_000);
    expect(tick(createHlc(last), 10)).toBeGreaterThan(last);
  });
});
