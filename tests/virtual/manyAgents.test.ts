import { expect, test } from 'vitest';
import { runGrove } from '../harness/groveRun.ts';
import { madeCorpus } from '../harness/madeCorpus.ts';
import { scenarioFrom } from '../harness/shippedScenario.ts';

test('20,000 agents, most of which hold nothing, share eight nodes, and every question is answered', async () => {
  const scenario = scenarioFrom(
    { durationS: 2, agents: { count: 20_000, pool: 8 }, load: { questionsPerS: 10 } },
    'many',
  );
  const { violations, facts } = await runGrove(scenario, madeCorpus(40, 10));
  expect(violations).toEqual([]);
  expect(facts).toMatchObject({ agents: 20_000, nodes: 8, failed: 0, answered: facts['questions'] });
  expect(facts['answered']).toBeGreaterThan(5);
});
