import { expect, test } from 'vitest';
import { runGrove } from '../harness/groveRun.ts';
import { madeCorpus } from '../harness/madeCorpus.ts';
import { scenarioFrom } from '../harness/shippedScenario.ts';

test('20,000 agents, each with a passage of its own, share eight nodes: every question is answered, and nine in ten find their source', async () => {
  const scenario = scenarioFrom(
    { durationS: 2, agents: { count: 20_000, pool: 8 }, load: { questionsPerS: 20 } },
    'many',
  );
  const { violations, facts } = await runGrove(scenario, madeCorpus(2_000, 10));
  expect(violations).toEqual([]);
  expect(facts).toMatchObject({ agents: 20_000, nodes: 8, failed: 0, answered: facts['questions'] });
  expect(facts['answered']).toBeGreaterThan(20);
  expect(facts['found']).toBeGreaterThanOrEqual(0.9);
}, 120_000);
