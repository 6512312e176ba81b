import { expect, test } from 'vitest';
import { planOf, resize } from '../../../src/ui/state/plans.ts';

function plain() {
  const plan = planOf({});
  if (!plan.ok) throw new Error(plan.sentences.join(' '));
  return plan.scenario;
}

test('a size that fits changes nothing else of the scenario', () => {
  const base = plain();
  expect(resize(base, { agents: 1_000, pool: 4 })).toEqual({
    ok: true,
    scenario: { ...base, agents: { ...base.agents, count: 1_000, pool: 4 } },
  });
});

test.each([
  [{ agents: 200_000, pool: 4 }, 'agents.count must be a whole number from 1 to 100000, got 200000.'],
  [{ agents: 0, pool: 0 }, 'agents.count must be a whole number from 1 to 100000, got 0.'],
  [{ agents: 100, pool: 65 }, 'agents.pool must be a whole number from 0 to 64, got 65.'],
  [{ agents: 3, pool: 4 }, 'A pool of 4 workers for 3 agents would leave workers empty; ask for at most 3.'],
])('%j is refused with a sentence', (size, sentence) => {
  expect(resize(plain(), size)).toEqual({ ok: false, sentences: [sentence] });
});

test('a scenario with an unknown key is refused, and the sentence names it', () => {
  const plan = planOf({ agent: { count: 3 } });
  expect(plan.ok).toBe(false);
  if (!plan.ok) expect(plan.sentences[0]).toContain('agent is not a known key');
});
