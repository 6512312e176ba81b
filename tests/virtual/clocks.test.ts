import { expect, test } from 'vitest';
import { runRelay } from '../harness/relayRun.ts';
import { scenarioFrom } from '../harness/shippedScenario.ts';

/** Jumps of so many minutes add up to more than the protocol bears where nothing holds them. */
test('clocks that jump ahead again and again never part cause and effect: every stamp is followed', async () => {
  const scenario = scenarioFrom({
    seed: 'clocks that jump for long',
    durationS: 500,
    agents: { count: 3, pool: 3 },
    load: { questionsPerS: 0.5 },
    faults: { on: 'relay', clockJumpsPerMin: 60, clockDriftMax: 0.05 },
  });
  const { violations, facts } = await runRelay(scenario);
  expect(violations).toEqual([]);
  expect(facts['stamped']).toBeGreaterThan(2_000);
  expect(facts['clockRefused']).toBe(0);
});
