import { describe, expect, test } from 'vitest';
import busChaos from '../../public/scenarios/bus-chaos.json';
import { runRelay } from '../harness/relayRun.ts';
import { sabotages } from '../harness/sabotage.ts';
import { scenarioFrom } from '../harness/shippedScenario.ts';

const SEEDS = Array.from({ length: 40 }, (_, i) => `bus-chaos ${i + 1}`);
/**
 * Seeds that once failed, both by the onlookers' fault: in 2474 all that was under way waited for a disk stalled at the very
 * end, and the run ended too early; in 3343 a failure was noted just before the power went, and nobody heard of that commit.
 */
const FAILED_ONCE = ['bus-chaos-2474', 'bus-chaos-3343', 'bus-chaos-5414'];
/** A sabotage must be noticed within so many seeds. */
const NOTICED_WITHIN = 20;
/** Power fails more often here, for what only that brings to light. */
const dark = { ...busChaos, faults: { ...busChaos.faults, powerCutsPerMin: 12 } };

describe('durable nodes lose, double and misorder nothing, whatever breaks', () => {
  test.each([...SEEDS, ...FAILED_ONCE])('seed %s', async (seed) => {
    const { violations, facts } = await runRelay(scenarioFrom(busChaos, seed));
    expect(violations).toEqual([]);
    // Every message that was sent has its stamp, and so was held against its causes.
    expect(facts['stamped']).toBe(facts['sent']);
    expect(facts['stamped']).toBeGreaterThan(100);
  });
});

test('torn segments are known by their checksums: a disk that tears transactions costs nothing that was acked', async () => {
  for (const seed of SEEDS.slice(0, 6)) {
    const torn = { disk: { tears: true, delayMs: 20 } };
    const { violations } = await runRelay(scenarioFrom(dark, seed), undefined, torn);
    expect(violations, seed).toEqual([]);
  }
});

describe('a run is decided by its seed', () => {
  test('the same one has the same events at the same times', async () => {
    const once = await runRelay(scenarioFrom(busChaos, 'twice'));
    const again = await runRelay(scenarioFrom(busChaos, 'twice'));
    expect(again).toEqual(once);
  });

  test('another one has others', async () => {
    const one = await runRelay(scenarioFrom(busChaos, 'one'));
    const other = await runRelay(scenarioFrom(busChaos, 'other'));
    expect(other.hash).not.toBe(one.hash);
  });
});

describe(`within ${NOTICED_WITHIN} seeds the checkers notice`, () => {
  test.each(Object.entries(sabotages))('%s', async (_name, sabotage) => {
    let noticed = 0;
    for (const seed of SEEDS.slice(0, NOTICED_WITHIN)) {
      const { violations } = await runRelay(scenarioFrom(dark, seed), undefined, sabotage);
      if (violations.length > 0) noticed++;
      if (noticed > 0) break;
    }
    expect(noticed).toBeGreaterThan(0);
  });
});
