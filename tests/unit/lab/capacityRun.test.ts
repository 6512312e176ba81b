import { describe, expect, test } from 'vitest';
import { checkCapacityPlan, type CapacityPlan, type PolicyType } from '../../../src/lab/capacityPlan.ts';
import { Cancelled, runCapacity, type CapacityOutcome } from '../../../src/lab/capacityRun.ts';
import { findKnee } from '../../../src/lab/capacityStudy.ts';
import { bindingOf, keepsBar } from '../../../src/lab/capacityVerdict.ts';

const watch = { progress: () => undefined, cancelled: () => false };
const PLENTY = { requests: 600_000, inputTokens: 900_000_000, outputTokens: 90_000_000, concurrency: 50_000 };
const TASKS_PER_HOUR = 360;
const SPAN_S = 120;
const INPUT = 200;
const OUTPUT = 60;

/** Calls of one size at even gaps from the first moment on, and limits that nothing reaches but where `limits` says so. */
function planOf(limits: Partial<typeof PLENTY>, more: Readonly<Record<string, unknown>> = {}): CapacityPlan {
  const plan = checkCapacityPlan({
    seed: 'closed form',
    profile: 'custom',
    limits: { ...PLENTY, enforcement: 'sliding', ...limits },
    arrivals: 'even',
    rampS: 0,
    tasksPerHour: TASKS_PER_HOUR,
    callsPerTask: 1,
    prompt: { median: INPUT, p95: INPUT },
    output: { median: OUTPUT, p95: OUTPUT },
    maxTokens: 64,
    durationS: SPAN_S,
    slo: { taskMs: 4_000, callMs: 4_000 },
    deadlineMs: 30_000,
    ...more,
  });
  if (!plan.ok) throw new Error(JSON.stringify(plan.error));
  return plan.value;
}

const run = (plan: CapacityPlan, policy: PolicyType, agents: number): Promise<CapacityOutcome> =>
  runCapacity(plan, policy, watch, { agents, places: 10_000 });

/** An answer's mean time at the endpoint: the profile's log-normal first token and speed, by their means. */
const SERVICE_S =
  (250 * Math.exp(0.35 ** 2 / 2) + INPUT * 0.02 + (OUTPUT * 1_000 * Math.exp(0.08 ** 2 / 2)) / 200) / 1_000;
const CALLS_PER_S = TASKS_PER_HOUR / 3_600;

/** A limit of each axis that just bears 60 agents, by division. */
const AGENTS = 60;
const perMin = AGENTS * CALLS_PER_S * 60;
const axes = [
  ['requests/min', { requests: perMin }],
  ['input tokens/min', { inputTokens: perMin * INPUT }],
  ['output tokens/min', { outputTokens: perMin * OUTPUT }],
] as const;

describe.each(axes)('where %s bind', (name, limits) => {
  test.each(['desk', 'retries', 'fixed'] as const)(
    'half the load uses half of it, and nothing is refused: %s',
    async (policy) => {
      const o = await run(planOf(limits), policy, AGENTS / 2);
      expect({ wire: o.wire429, agents: o.agent429, late: o.tasks - o.tasksInTime }).toEqual({
        wire: 0,
        agents: 0,
        late: 0,
      });
      expect(o.tasks).toBe((AGENTS / 2) * CALLS_PER_S * SPAN_S);
      const use = o.use.find((u) => u.name === name)!;
      expect(use.mean).toBeGreaterThan(0.48);
      expect(use.mean).toBeLessThan(0.51);
      expect(keepsBar(o)).toBe(true);
    },
  );

  test('half as much again breaks the bar, and it is named; retries are refused, the desk is not', async () => {
    const plan = planOf(limits);
    const [naive, desk] = [await run(plan, 'retries', AGENTS * 1.5), await run(plan, 'desk', AGENTS * 1.5)];
    for (const o of [naive, desk]) {
      expect(keepsBar(o)).toBe(false);
      expect(bindingOf(o).name).toBe(name);
    }
    expect(naive.wire429).toBeGreaterThan(100);
    expect(naive.agent429).toBeGreaterThan(0);
    expect({ wire: desk.wire429, agents: desk.agent429 }).toEqual({ wire: 0, agents: 0 });
    expect(desk.use.find((u) => u.name === name)!.mean).toBeGreaterThan(0.9);
  });
});

test('requests under way bind where Little’s law says so', async () => {
  const concurrency = 12;
  const agents = concurrency / (SERVICE_S * CALLS_PER_S);
  const plan = planOf({ concurrency });
  const half = await run(plan, 'desk', Math.round(agents / 2));
  const use = half.use.find((u) => u.name === 'concurrency')!.mean;
  expect(use).toBeGreaterThan(0.47);
  expect(use).toBeLessThan(0.53);
  expect(half.wire429).toBe(0);
  const over = await run(plan, 'desk', Math.round(agents * 1.5));
  expect(bindingOf(over)).toMatchObject({ type: 'limit', name: 'concurrency' });
  expect(over.wire429).toBe(0);
  expect(bindingOf(await run(plan, 'retries', Math.round(agents * 1.5)))).toMatchObject({
    type: 'refusal',
    name: 'concurrency',
  });
});

test('a bar below the model’s own time is broken by the model, not by a limit', async () => {
  const o = await run(planOf({}, { slo: { taskMs: 400, callMs: 400 } }), 'desk', 10);
  expect(keepsBar(o)).toBe(false);
  expect(bindingOf(o).type).toBe('model');
});

test('the knee is where division has it, to one step of the search', async () => {
  // Long enough for three in a hundred too many to be seen in the waits.
  const plan = planOf({ requests: perMin }, { durationS: 300, slo: { taskMs: 2_500, callMs: 2_500 } });
  const knee = await findKnee(plan, 'desk', 0, watch);
  expect(knee.agents).toBeLessThanOrEqual(AGENTS);
  expect(knee.agents).toBeGreaterThanOrEqual(AGENTS * 0.95);
  expect(knee.breaksAt! - knee.agents).toBeLessThanOrEqual(Math.max(1, 0.03 * knee.agents));
  expect(knee.binding).toMatchObject({ type: 'limit', name: 'requests/min' });
});

test('times count from the moment a call was due, whatever it waited for', async () => {
  // One place, and a call every 0.57 s that takes longer: the n-th waits for all before it.
  // The bar is far off, so that nothing is shed for it.
  const plan = planOf({ concurrency: 1 }, { deadlineMs: 600_000, slo: { taskMs: 600_000, callMs: 600_000 } });
  const o = await run(plan, 'desk', 35);
  const behindS = SPAN_S * (35 * CALLS_PER_S * (SERVICE_S + 0.06) - 1);
  expect(o.taskMs.p99! / 1_000).toBeGreaterThan(behindS * 0.9);
  expect(o.taskMs.p99! / 1_000).toBeLessThan(behindS * 1.15);
});

test('what fails counts as late: with one in ten refused, no percentile above the 90th is a time', async () => {
  const o = await run(planOf({ requests: perMin }, { retriesMax: 0 }), 'retries', Math.round(AGENTS * 1.15));
  expect(o.agent429 / o.calls).toBeGreaterThan(0.05);
  expect(o.agent429).toBe(o.wire429);
  expect(o.callMs.p50).toBeGreaterThan(0);
  expect(o.callMs.p99).toBeNull();
  const sum = (of: 'wire429' | 'agent429'): number =>
    o.points.reduce((n, p) => n + Object.values(p[of]).reduce((a, b) => a + b, 0), 0);
  expect(sum('wire429')).toBe(o.wire429);
});

test('the same plan and seed give the same outcome, another seed another one', async () => {
  const open = (seed: string): CapacityPlan => planOf({}, { arrivals: 'open', seed, durationS: 60 });
  const [a, b, c] = [
    await run(open('a'), 'desk', 20),
    await run(open('a'), 'desk', 20),
    await run(open('c'), 'desk', 20),
  ];
  expect(b).toEqual(a);
  expect(c.hash).not.toBe(a.hash);
});

test.each(['desk', 'retries', 'fixed'] as const)(
  'following promises only where one can have been resolved changes nothing: %s',
  async (policy) => {
    const plan = planOf(
      { requests: perMin },
      { arrivals: 'open', durationS: 60, callsPerTask: 2, fanOut: 2, deadlineMs: 6_000, troubles: 'profile' },
    );
    const choice = { agents: AGENTS / 2, places: 15 };
    const quick = await runCapacity(plan, policy, watch, choice);
    expect(await runCapacity(plan, policy, watch, { ...choice, always: true })).toEqual(quick);
    expect(quick.tasksFailed).toBeGreaterThan(0);
  },
);

test('in a closed loop a slow endpoint slows the agents down instead of queueing without end', async () => {
  const plan = planOf(
    { concurrency: 5 },
    { arrivals: 'closed', thinkS: 1, slo: { taskMs: 30_000, callMs: 30_000 } },
  );
  const o = await run(plan, 'desk', 40);
  // 5 places, each served again after the service and its round trip.
  const most = (5 * SPAN_S) / SERVICE_S;
  expect(o.tasks).toBeLessThan(most * 1.02);
  expect(o.tasks).toBeGreaterThan(most * 0.8);
  expect(o.taskMs.p99!).toBeLessThan(20_000);
});

test('what is cancelled ends with Cancelled', async () => {
  const run = runCapacity(planOf({}), 'desk', { progress: () => undefined, cancelled: () => true });
  await expect(run).rejects.toBeInstanceOf(Cancelled);
});
