import { describe, expect, test } from 'vitest';
import { drawFaultPlan } from '../../src/faults/faultPlan.ts';
import { look, recordConductor, type ConductorHistory, type Look } from '../harness/conductorHistory.ts';
import { groveChaos } from '../harness/groveChaos.ts';
import { runGrove } from '../harness/groveRun.ts';
import { madeCorpus } from '../harness/madeCorpus.ts';
import { scenarioFrom } from '../harness/shippedScenario.ts';

const corpus = madeCorpus(12, 6);
const chaos = { ...groveChaos, faults: { ...groveChaos.faults, powerCutsPerMin: 6 } };

async function watch(seed: string, history: ConductorHistory): Promise<readonly string[]> {
  const scenario = scenarioFrom(chaos, seed);
  const endMs = scenario.durationS * 1_000;
  const plan = drawFaultPlan(scenario, 4, endMs);
  const { violations } = await runGrove(scenario, corpus, plan, { session: history.session }, (grove) =>
    history.attach(grove, plan, endMs),
  );
  return violations;
}

describe('what clients of the conductor and holders of logs see is linearizable', () => {
  test.each([1, 2, 3, 80].map((i) => (i === 80 ? 'fuzz 80' : `conductor ${i}`)))('seed %s', async (seed) => {
    const history = recordConductor();
    expect(await watch(seed, history)).toEqual([]);
    expect(history.violations()).toEqual([]);
    expect(history.operations).toBeGreaterThan(300);
  });
});

describe('it is noticed', () => {
  const within = async (make: () => ConductorHistory): Promise<string> => {
    for (let i = 1; i <= 12; i++) {
      const history = make();
      await watch(`conductor ${i}`, history);
      const found = history.violations();
      if (found.length > 0) return found.join('\n');
    }
    return '';
  };

  test('when clients see where a node was a second ago', async () => {
    const found = await within(() => {
      const seen = new Map<number, { atMs: number; view: ReturnType<Look> }>();
      return recordConductor(undefined, (grove, node) => {
        const { nowMs } = grove.world.clock;
        const known = seen.get(node);
        if (known && nowMs - known.atMs < 1_000) return known.view;
        const view = look(grove, node);
        seen.set(node, { atMs: nowMs, view });
        return view;
      });
    });
    expect(found).toMatch(/node \d is not linearizable/);
  });

  test('when two incarnations of a node hold its logs at a time', async () => {
    expect(await within(() => recordConductor(() => 1))).toMatch(/(node|agent)\/\w+ is not linearizable/);
  });
});
