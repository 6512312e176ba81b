import { describe, expect, test } from 'vitest';
import type { Conductor } from '../../src/fleet/plan.ts';
import { drawFaultPlan } from '../../src/faults/faultPlan.ts';
import { groveChaos } from '../harness/groveChaos.ts';
import { runGrove } from '../harness/groveRun.ts';
import { madeCorpus } from '../harness/madeCorpus.ts';
import { scenarioFrom } from '../harness/shippedScenario.ts';

const corpus = madeCorpus(12, 6);
const SEEDS = Array.from({ length: 24 }, (_, i) => `grove ${i + 1}`);

describe('a whole grove loses no message and no memory, whatever breaks', () => {
  test.each(SEEDS)('seed %s', async (seed) => {
    const { violations, facts } = await runGrove(scenarioFrom(groveChaos, seed), corpus);
    expect(violations).toEqual([]);
    expect(facts['answered']).toBeGreaterThan(0);
  });
});

describe('a whole grove is decided by its seed', () => {
  test('the same one has the same events at the same times', async () => {
    const once = await runGrove(scenarioFrom(groveChaos, 'twice'), corpus);
    const again = await runGrove(scenarioFrom(groveChaos, 'twice'), corpus);
    expect(again).toEqual(once);
  });

  test('after power cuts it goes on from crash memory, with its messages and memories', async () => {
    const scenario = scenarioFrom({ ...groveChaos, faults: {} }, 'dark');
    const calm = drawFaultPlan(scenario, 4, scenario.durationS * 1_000);
    const faults = [4_000, 4_200, 9_000, 14_000].map(
      (atMs) => ({ atMs, type: 'power cut', downMs: 500 }) as const,
    );
    const { violations, facts } = await runGrove(scenario, corpus, { ...calm, faults });
    expect(violations).toEqual([]);
    const liar = await runGrove(scenario, corpus, { ...calm, faults }, { disk: { liesMs: 1_000 } });
    expect(liar.violations.join()).toMatch(/is gone|never accepted|memories were lost/);
    // The second cut fell into the darkness of the first.
    expect(facts['lives']).toBe(4);
    expect(facts['answered']).toBeGreaterThan(20);
  });

  test('without faults every question is answered and its source is found', async () => {
    const calm = { ...groveChaos, faults: {} };
    const { violations, facts } = await runGrove(scenarioFrom(calm, 'calm'), corpus);
    expect(violations).toEqual([]);
    expect(facts).toMatchObject({ failed: 0, recoveries: 0, wire429: 0, answered: facts['questions'] });
    expect(facts['found']).toBeGreaterThan(0.9);
  });

  test.each([1_000, 3_000])(
    'a node that stands still for %i ms while the last ones come up does not keep the grove from starting',
    async (forMs) => {
      const scenario = { ...groveChaos, durationS: 5, faults: {}, fleet: { spawnWave: 1 } };
      let caught = false;
      const { violations, facts } = await runGrove(
        scenarioFrom(scenario, 'straggler'),
        corpus,
        undefined,
        {},
        ({ conductor, world: { clock } }) => {
          const look = (): void => {
            const [first, ...others] = conductor.snapshot().nodes;
            if (first?.state !== 'up') {
              clock.at(clock.nowMs + 1, look);
              return;
            }
            caught = others.some((node) => node.state !== 'up');
            expect(conductor.inject({ type: 'pause', node: 1, forMs })).toBeNull();
          };
          clock.at(1, look);
        },
      );
      expect(caught).toBe(true);
      expect(violations).toEqual([]);
      expect(facts['answered']).toBeGreaterThan(5);
    },
  );

  test.each([
    { limit: 0, documents: 12 },
    { limit: 5, documents: 5 },
    { limit: 50, documents: 12 },
  ])(
    'of 12 documents its agents share $documents when agents.documents is $limit',
    async ({ limit, documents }) => {
      const agents = { ...groveChaos.agents, documents: limit };
      const scenario = scenarioFrom({ ...groveChaos, agents, durationS: 3, faults: {} }, 'few documents');
      let conductor: Conductor | undefined;
      const { violations, facts } = await runGrove(scenario, corpus, undefined, {}, (grove) => {
        conductor = grove.conductor;
      });
      expect(violations).toEqual([]);
      expect(facts['answered']).toBeGreaterThan(0);
      expect(conductor!.snapshot().corpus.documents).toBe(documents);
      const told = conductor!.story().map((line) => line.text);
      expect(told.join('\n')).toMatch(new RegExp(`are up after .*, with ${6 * documents} memories`));
    },
  );

  test('prompts keep to their budget, and what answers is still in them', async () => {
    const read = async (promptTokens: number): Promise<{ tokens: number[]; found: number }> => {
      const scenario = { ...groveChaos, durationS: 8, faults: {}, memory: { promptTokens } };
      const tokens: number[] = [];
      let details: () => string[] = () => [];
      const { violations, facts } = await runGrove(
        scenarioFrom(scenario, 'budget'),
        corpus,
        undefined,
        {},
        (grove) => {
          details = () =>
            grove.conductor.snapshot().interactions.flatMap((i) => i.legs.map((leg) => leg.detail));
        },
      );
      expect(violations).toEqual([]);
      for (const detail of details()) {
        const count = /^(\d+) tokens in/.exec(detail)?.[1];
        if (count !== undefined) tokens.push(Number(count));
      }
      expect(tokens.length).toBeGreaterThan(5);
      return { tokens, found: facts['found']! };
    };
    const free = await read(0);
    const bound = await read(130);
    expect(Math.max(...free.tokens)).toBeGreaterThan(130);
    expect(Math.max(...bound.tokens)).toBeLessThanOrEqual(130);
    expect(bound.found).toBeGreaterThan(0.9);
  });
});
