import fc from 'fast-check';
import { expect, test } from 'vitest';
import { worstExcess } from '../../harness/endpointAuditor.ts';
import type { LimitConfig } from '../../../src/provider/meter.ts';
import { nextTickMs, stepQuota } from '../../../src/provider/quota.ts';
import type { QuotaEffect, QuotaInput } from '../../../src/provider/quotaTypes.ts';
import {
  createQuota,
  inFlightOf,
  type QuotaConfig,
  type QuotaState,
} from '../../../src/provider/quotaState.ts';

const limit = (unit: LimitConfig['unit'], perMs: number, burst: number): LimitConfig => ({
  unit,
  amount: perMs * 60_000,
  windowMs: 60_000,
  burst,
  counted: 'admitted',
});
const CONFIG: QuotaConfig = {
  limits: [limit('requests', 0.01, 2), limit('inputTokens', 10, 5_000), limit('outputTokens', 1, 500)],
  concurrency: 4,
  queueMax: 50,
  jitterMs: 40,
  lagMs: 100,
  lingerMs: 100,
  expectedMs: 800,
  longestMs: 3_000,
};
const WIDE_TOKENS: readonly LimitConfig[] = [
  CONFIG.limits[0]!,
  limit('inputTokens', 100, 50_000),
  limit('outputTokens', 100, 50_000),
];
const UNSENT = { status: 0, usage: { inputTokens: 0, outputTokens: 0 } };
const WIDE: readonly LimitConfig[] = [limit('requests', 1, 100), ...CONFIG.limits.slice(1)];

const build = (config: Partial<QuotaConfig> = {}): QuotaState => createQuota({ ...CONFIG, ...config }, 0);
const acquire = (
  state: QuotaState,
  id: number,
  nowMs: number,
  more: Partial<Extract<QuotaInput, { type: 'acquire' }>> = {},
): readonly QuotaEffect[] =>
  stepQuota(
    state,
    {
      type: 'acquire',
      id,
      holder: 1,
      flow: 'one',
      priority: 1,
      inputTokens: 100,
      outputTokens: 100,
      deadlineAtMs: nowMs + 100_000,
      ...more,
    },
    nowMs,
  );
const settle = (
  state: QuotaState,
  permit: number,
  nowMs: number,
  more: Partial<Extract<QuotaInput, { type: 'settle' }>> = {},
): readonly QuotaEffect[] =>
  stepQuota(
    state,
    {
      type: 'settle',
      permit,
      status: 200,
      usage: { inputTokens: 100, outputTokens: 100 },
      retryAfterMs: null,
      ...more,
    },
    nowMs,
  );
const gone = (effects: readonly QuotaEffect[]): number[] =>
  effects.flatMap((e) => (e.type === 'go' ? [e.id] : []));

/** Ticks as asked for until `untilMs`, and returns who went when. */
function run(state: QuotaState, fromMs: number, untilMs: number): { id: number; atMs: number }[] {
  const out: { id: number; atMs: number }[] = [];
  let now = fromMs;
  for (let at = nextTickMs(state, now); at !== null && at <= untilMs; at = nextTickMs(state, now)) {
    now = Math.max(at, now + 1e-6);
    for (const id of gone(stepQuota(state, { type: 'tick' }, now))) out.push({ id, atMs: now });
  }
  return out;
}

test('whatever is asked and however it is settled, permits never exceed pace, concurrency, or the order of arrival', () => {
  const input = fc.record({
    gapMs: fc.oneof(
      { weight: 3, arbitrary: fc.double({ min: 0, max: 300, noNaN: true }) },
      { weight: 2, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.double({ min: 0, max: 2_000, noNaN: true }) },
    ),
    kind: fc.constantFrom('acquire', 'acquire', 'settle', 'hand back', 'tick'),
    inputTokens: fc.integer({ min: 1, max: 8_000 }),
    outputTokens: fc.integer({ min: 1, max: 500 }),
    used: fc.double({ min: 0, max: 1, noNaN: true }),
    pick: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(input, { maxLength: 150 }), (inputs) => {
      const state = build();
      const costs = new Map<number, { inputTokens: number; outputTokens: number }>();
      const open: { permit: number; id: number }[] = [];
      const sent = new Map<number, { atMs: number; inputTokens: number }>();
      let now = 0;
      let lastId = -1;
      inputs.forEach((step, id) => {
        now += step.gapMs;
        let effects: readonly QuotaEffect[];
        if (step.kind === 'acquire') {
          costs.set(id, step);
          effects = acquire(state, id, now, {
            inputTokens: step.inputTokens,
            outputTokens: step.outputTokens,
          });
        } else if (step.kind === 'settle' && open.length > 0) {
          const [done] = open.splice(step.pick % open.length, 1);
          const cost = costs.get(done!.id)!;
          const usage = {
            inputTokens: cost.inputTokens,
            outputTokens: Math.floor(cost.outputTokens * step.used),
          };
          effects = settle(state, done!.permit, now, { usage });
        } else if (step.kind === 'hand back' && open.length > 0) {
          const [unsent] = open.splice(step.pick % open.length, 1);
          sent.delete(unsent!.id);
          effects = settle(state, unsent!.permit, now, UNSENT);
        } else effects = stepQuota(state, { type: 'tick' }, now);
        for (const effect of effects) {
          if (effect.type !== 'go') continue;
          expect(effect.id).toBeGreaterThan(lastId);
          lastId = effect.id;
          open.push({ permit: effect.permit, id: effect.id });
          sent.set(effect.id, { atMs: now, inputTokens: costs.get(effect.id)!.inputTokens });
        }
        expect(open.length).toBeLessThanOrEqual(CONFIG.concurrency);
        expect(inFlightOf(state)).toBe(open.length);
      });
      if (sent.size === 0) return;
      const requests = [...sent.values()].map(({ atMs }) => ({ atMs, amount: 1 }));
      const prompts = [...sent.values()].map(({ atMs, inputTokens }) => ({ atMs, amount: inputTokens }));
      expect(worstExcess(requests, { perMinute: 600, burst: 2 })).toBeLessThanOrEqual(1e-6);
      // A prompt above the burst goes when the bucket is full, on credit.
      const largest = Math.max(5_000, ...prompts.map((p) => p.amount));
      expect(worstExcess(prompts, { perMinute: 600_000, burst: largest })).toBeLessThanOrEqual(1e-6);
    }),
  );
});

test('whenever permits are handed back, singly or in waves, those that were used never exceed the pace', () => {
  const step = fc.record({
    gapMs: fc.constantFrom(0, 0, 1, 40, 250, 900),
    kind: fc.constantFrom('ask', 'hand back', 'change'),
    times: fc.integer({ min: 1, max: 12 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const state = build({
        limits: [limit('requests', 0.01, 5), ...WIDE_TOKENS.slice(1)],
        concurrency: 100,
      });
      const sentAtMs = new Map<number, number>();
      let now = 0;
      let id = 0;
      const note = (effects: readonly QuotaEffect[]): void => {
        for (const effect of effects) if (effect.type === 'go') sentAtMs.set(effect.permit, now);
      };
      /** The oldest that is out turns out not to have been sent. */
      const handBack = (): void => {
        const [permit] = sentAtMs.keys();
        if (permit === undefined || !state.permits.has(permit)) return;
        sentAtMs.delete(permit);
        note(settle(state, permit, now, UNSENT));
      };
      for (const { gapMs, kind, times } of steps) {
        now += gapMs;
        for (let i = 0; i < times; i++) {
          if (kind !== 'ask') handBack();
          if (kind !== 'hand back') note(acquire(state, id++, now));
        }
      }
      const sent = [...sentAtMs.values()].map((atMs) => ({ atMs, amount: 1 }));
      if (sent.length > 0) expect(worstExcess(sent, { perMinute: 600, burst: 5 })).toBeLessThanOrEqual(1e-6);
    }),
  );
});

test('a queue is served at the pace, as soon as it allows', () => {
  const state = build({ concurrency: 1_000 });
  for (let id = 0; id < 12; id++) acquire(state, id, 0);
  const times = run(state, 0, 10_000).map((g) => Math.round(g.atMs));
  // Two go at once, the others every 100 ms; output tokens, 5 bursts' worth, allow 5 at once and 10 a second.
  expect(times).toEqual([100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
});

test('what was reserved and not used is given back: the next one goes at once', () => {
  const state = build({ limits: WIDE, concurrency: 100 });
  expect(gone(acquire(state, 1, 0, { outputTokens: 500 }))).toEqual([1]);
  expect(gone(acquire(state, 2, 0, { outputTokens: 300 }))).toEqual([]);
  expect(gone(settle(state, 1, 10, { usage: { inputTokens: 100, outputTokens: 100 } }))).toEqual([2]);
});

test('a permit handed back unused costs nothing at all', () => {
  const state = build();
  acquire(state, 1, 0);
  acquire(state, 2, 0);
  expect(gone(acquire(state, 3, 0))).toEqual([]);
  expect(gone(settle(state, 1, 0, UNSENT))).toEqual([3]);
});

test('permits handed back after the pace has made up for them do not let a second burst through', () => {
  const state = build({ limits: WIDE_TOKENS, concurrency: 100 });
  expect(gone([...acquire(state, 1, 0), ...acquire(state, 2, 0)])).toEqual([1, 2]);
  // The bucket is full again, and its burst goes.
  expect(gone([...acquire(state, 3, 800), ...acquire(state, 4, 800)])).toEqual([3, 4]);
  expect(gone([...settle(state, 1, 800, UNSENT), ...settle(state, 2, 800, UNSENT)])).toEqual([]);
  acquire(state, 5, 800);
  acquire(state, 6, 800);
  expect(run(state, 800, 2_000)).toEqual([
    { id: 5, atMs: 900 },
    { id: 6, atMs: 1_000 },
  ]);
});

test('a prompt that was longer than estimated is charged in full, however long nothing was asked before', () => {
  const state = build({ limits: WIDE, concurrency: 100 });
  acquire(state, 1, 0, { inputTokens: 100 });
  settle(state, 1, 60_000, { usage: { inputTokens: 5_100, outputTokens: 10 } });
  // The burst is used up by what came on top: the next prompt of 2,000 waits for 2,000 tokens' time.
  expect(gone(acquire(state, 2, 60_000, { inputTokens: 2_000 }))).toEqual([]);
  expect(run(state, 60_000, 70_000)).toEqual([{ id: 2, atMs: 60_200 }]);
});

test('a request that was cut off keeps its place for as long as the endpoint may still be at it', () => {
  const state = build({ concurrency: 1 });
  acquire(state, 1, 0);
  acquire(state, 2, 0);
  expect(gone(settle(state, 1, 1_000, { status: 0, usage: null }))).toEqual([]);
  expect(inFlightOf(state)).toBe(1);
  expect(run(state, 1_000, 10_000)).toEqual([{ id: 2, atMs: 1_100 }]);
});

test('what cannot meet its deadline is shed at once, in a sentence; what could not be known then, as soon as it is', () => {
  const state = build({ concurrency: 1 });
  acquire(state, 1, 0);
  const [first] = acquire(state, 2, 0, { deadlineAtMs: 1_000 });
  expect(first).toMatchObject({
    type: 'shed',
    id: 2,
    message: expect.stringContaining('past its deadline in 1.0 s'),
  });
  expect(acquire(state, 3, 0, { deadlineAtMs: 2_000 })).toEqual([]);
  // Nobody settles: at 1,200 ms the answer of the third could no longer come in time.
  const at = nextTickMs(state, 0)!;
  expect(at).toBeLessThan(1_210);
  expect(stepQuota(state, { type: 'tick' }, at)).toMatchObject([{ type: 'shed', id: 3 }]);
});

test('with nothing under way a request is tried however slow the past was', () => {
  const state = build();
  acquire(state, 1, 0);
  for (let i = 0; i < 200; i++) {
    settle(state, i + 1, 20_000 * (i + 1));
    expect(
      gone(acquire(state, i + 2, 20_000 * (i + 1), { deadlineAtMs: 20_000 * (i + 1) + 5_000 })),
    ).toHaveLength(1);
  }
});

test("a dead holder's permits come back, but only when their requests must have ended; its waiting requests are dropped", () => {
  const state = build({ concurrency: 2 });
  acquire(state, 1, 0, { holder: 7 });
  acquire(state, 2, 0, { holder: 8 });
  acquire(state, 3, 0, { holder: 7 });
  acquire(state, 4, 0, { holder: 8 });
  expect(stepQuota(state, { type: 'release-holder', holder: 7 }, 500)).toEqual([]);
  expect(inFlightOf(state)).toBe(2);
  expect(settle(state, 1, 600)).toEqual([]);
  expect(run(state, 500, 10_000)).toEqual([{ id: 4, atMs: 3_100 }]);
});

test('a permit that nobody settles or releases is taken back after its deadline', () => {
  const state = build({ concurrency: 1 });
  acquire(state, 1, 0, { deadlineAtMs: 5_000 });
  acquire(state, 2, 0, { deadlineAtMs: 50_000 });
  expect(run(state, 0, 50_000)).toEqual([{ id: 2, atMs: 5_200 }]);
});

test('a 429 that comes all the same stops everything until the endpoint said to come back', () => {
  const state = build();
  acquire(state, 1, 0);
  settle(state, 1, 1_000, { status: 429, usage: null, retryAfterMs: 3_000 });
  expect(gone(acquire(state, 2, 1_000))).toEqual([]);
  expect(run(state, 1_000, 10_000)).toEqual([{ id: 2, atMs: 4_000 }]);
});

test('a full queue refuses in a sentence', () => {
  const state = build({ queueMax: 2, concurrency: 1 });
  for (let id = 0; id < 3; id++) acquire(state, id, 0);
  expect(acquire(state, 9, 0)).toMatchObject([
    { type: 'shed', id: 9, message: expect.stringContaining('2 requests wait') },
  ]);
});
