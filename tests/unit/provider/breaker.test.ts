import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  BREAKER_CLOSED,
  BREAKER_DEFAULTS,
  stepBreaker,
  type BreakerState,
} from '../../../src/provider/breaker.ts';

const ask = { type: 'ask', giveUpMs: 10_000 } as const;

function opened(): BreakerState {
  let state: BreakerState = BREAKER_CLOSED;
  for (let i = 0; i < BREAKER_DEFAULTS.minimum; i++) state = stepBreaker(state, { type: 'failed' }, 0).state;
  return state;
}

test('it stays closed while failures are rarer than its ratio, and opens when they are not', () => {
  let state: BreakerState = BREAKER_CLOSED;
  for (let i = 0; i < 100; i++) {
    state = stepBreaker(state, { type: i % 2 === 0 ? 'failed' : 'succeeded' }, i).state;
    expect(state.type).toBe('closed');
  }
  expect(opened().type).toBe('open');
});

test('open, it lets nothing through and says when to ask again; then exactly one probe', () => {
  const state = opened();
  const denied = stepBreaker(state, ask, 100);
  expect(denied).toMatchObject({ allowed: false, retryAtMs: BREAKER_DEFAULTS.openMs });
  const probe = stepBreaker(denied.state, ask, BREAKER_DEFAULTS.openMs);
  expect(probe.allowed).toBe(true);
  expect(stepBreaker(probe.state, ask, BREAKER_DEFAULTS.openMs + 1).allowed).toBe(false);
  expect(stepBreaker(probe.state, { type: 'succeeded' }, 900).state).toEqual(BREAKER_CLOSED);
  const again = stepBreaker(probe.state, { type: 'failed' }, 900).state;
  expect(again).toEqual({
    type: 'open',
    untilMs: 900 + 2 * BREAKER_DEFAULTS.openMs,
    openMs: 2 * BREAKER_DEFAULTS.openMs,
  });
});

test('a probe that is never told of does not lock it for ever, and one that proves nothing gives way to the next', () => {
  const probe = stepBreaker(opened(), ask, 500);
  expect(stepBreaker(probe.state, ask, ask.giveUpMs).allowed).toBe(true);
  const moot = stepBreaker(probe.state, { type: 'inconclusive' }, 600);
  expect(stepBreaker(moot.state, ask, 600).allowed).toBe(true);
});

test('whatever happens, it asks for a bounded wait, and a success after that wait closes it', () => {
  const inputs = fc.array(fc.constantFrom('ask', 'succeeded', 'failed', 'inconclusive'), { maxLength: 80 });
  fc.assert(
    fc.property(inputs, (kinds) => {
      let state: BreakerState = BREAKER_CLOSED;
      let now = 0;
      for (const kind of kinds) {
        now += 50;
        const step = stepBreaker(
          state,
          kind === 'ask' ? { type: 'ask', giveUpMs: now + 1_000 } : { type: kind },
          now,
        );
        state = step.state;
        if (!step.allowed) expect(step.retryAtMs - now).toBeLessThanOrEqual(BREAKER_DEFAULTS.openMsMax);
      }
      now += BREAKER_DEFAULTS.openMsMax + 1_000;
      const probe = stepBreaker(state, { type: 'ask', giveUpMs: now + 1_000 }, now);
      expect(probe.allowed).toBe(true);
      expect(stepBreaker(probe.state, { type: 'succeeded' }, now).state.type).toBe('closed');
    }),
  );
});
