import { expect, test } from 'vitest';
import { parseCapacityPlan, type CapacityPlan } from '../../../src/lab/capacityPlan.ts';
import { runCapacity } from '../../../src/lab/capacityRun.ts';

const watch = { progress: () => undefined, cancelled: () => false };

/** The plan that a newcomer has, for a little while. */
function planOf(more: Readonly<Record<string, unknown>>): CapacityPlan {
  const plan = parseCapacityPlan({ troubles: 'none', durationS: 150, ...more });
  if (!plan.ok) throw new Error(plan.error.join('\n'));
  return plan.value;
}
const inTime = (o: { readonly tasks: number; readonly tasksInTime: number }): number =>
  o.tasksInTime / o.tasks;

test('with a third too many agents the desk has more tasks in time than naive retries, and no 429', async () => {
  // A call may take a minute, and the bar of its task is half of that: what cannot make the bar is not sent.
  const plan = planOf({ agents: 450, deadlineMs: 60_000 });
  const desk = await runCapacity(plan, 'desk', watch);
  const naive = await runCapacity(plan, 'retries', watch);
  expect(naive.wire429).toBeGreaterThan(500);
  expect({ wire: desk.wire429, agents: desk.agent429 }).toEqual({ wire: 0, agents: 0 });
  expect(inTime(desk)).toBeGreaterThan(inTime(naive));
});

test('a cold start: acceleration 429s slow the desk for seconds, not for minutes', async () => {
  const plan = planOf({ agents: 300, rampS: 0 });
  const desk = await runCapacity(plan, 'desk', watch);
  const naive = await runCapacity(plan, 'retries', watch);
  expect(Object.keys(desk.wire429By)).toEqual(['acceleration']);
  expect(desk.agent429).toBe(0);
  expect(desk.wire429).toBeLessThan(naive.wire429);
  expect(inTime(desk)).toBeGreaterThan(0.98);
  // From the second minute on nothing waits.
  expect(Math.max(...desk.points.filter((p) => p.atS > 60).map((p) => p.queued))).toBeLessThan(40);
});
