import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UsageWindow } from '../../../src/provider/usageWindow.ts';

const step = fc.record({
  gapMs: fc.integer({ min: 0, max: 4_000 }),
  amount: fc.integer({ min: 0, max: 10 }),
  inFlight: fc.integer({ min: 0, max: 20 }),
  waiting: fc.boolean(),
});

test('the window says what a full record of everything says of the same span', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 5_000 }), fc.array(step, { maxLength: 120 }), (startMs, steps) => {
      const window = new UsageWindow(startMs);
      const charges: { atMs: number; amount: number }[] = [];
      const states = [{ atMs: startMs, inFlight: 0, waiting: false }];
      let now = startMs;
      for (const s of steps) {
        now += s.gapMs;
        window.charge('requests', s.amount, now);
        window.observe(s.inFlight, s.waiting, now);
        charges.push({ atMs: now, amount: s.amount });
        states.push({ atMs: now, inFlight: s.inFlight, waiting: s.waiting });
      }
      now += 700;
      const read = window.read(now);
      const fromMs = now - read.spanMs;
      expect(read.spanMs).toBeLessThan(61_000);
      expect(read.spanMs).toBeGreaterThanOrEqual(Math.min(60_000, now - startMs));
      const charged = charges.filter((c) => c.atMs >= fromMs).reduce((sum, c) => sum + c.amount, 0);
      expect(read.charged.requests).toBe(charged);
      let inFlightMs = 0;
      let waitingMs = 0;
      states.forEach((state, i) => {
        const end = states[i + 1]?.atMs ?? now;
        const ms = Math.max(0, end - Math.max(fromMs, state.atMs));
        inFlightMs += ms * state.inFlight;
        if (state.waiting) waitingMs += ms;
      });
      expect(read.inFlight).toBeCloseTo(inFlightMs / read.spanMs, 6);
      expect(read.waiting).toBeCloseTo(waitingMs / read.spanMs, 6);
    }),
  );
});

test('what lies more than a minute back is forgotten, however long nothing was asked', () => {
  const window = new UsageWindow(0);
  window.charge('inputTokens', 500, 10);
  window.observe(4, true, 10);
  const late = window.read(10_000_000);
  expect(late.charged.inputTokens).toBe(0);
  expect(late.inFlight).toBeCloseTo(4, 6);
  expect(late.waiting).toBeCloseTo(1, 6);
});
