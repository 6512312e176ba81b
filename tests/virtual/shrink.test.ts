import { expect, test } from 'vitest';
import busChaos from '../../public/scenarios/bus-chaos.json';
import { relayCaseOf, runRelay } from '../harness/relayRun.ts';
import { sabotages } from '../harness/sabotage.ts';
import { scenarioFrom } from '../harness/shippedScenario.ts';
import { describeCase, shrink } from '../harness/shrink.ts';

test('a failing run shrinks to one fault or two on few nodes, and still fails', async () => {
  const scenario = scenarioFrom({ ...busChaos, durationS: 12 }, 'x');
  const sabotage = sabotages['no note of what was dealt with']!;
  const whole = relayCaseOf(scenario);
  const fails = async (c: typeof whole): Promise<boolean> =>
    (await runRelay(scenario, c, sabotage)).violations.length > 0;
  expect(await fails(whole)).toBe(true);
  expect(whole.plan.faults.length).toBeGreaterThan(10);

  const { smallest } = await shrink(whole, fails);
  expect(await fails(smallest)).toBe(true);
  expect(smallest.plan.faults.length).toBeLessThanOrEqual(2);
  expect(smallest.nodes).toBeLessThan(whole.nodes);
  expect(smallest.putMs).toBeLessThan(whole.putMs);
  expect(describeCase(smallest)).toContain('kill');
  // What is left is needed: without sabotage the same case holds.
  expect((await runRelay(scenario, smallest)).violations).toEqual([]);
}, 90_000);
