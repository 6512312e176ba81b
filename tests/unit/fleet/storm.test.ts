import { describe, expect, it } from 'vitest';
import { createStorm } from '../../../src/fleet/storm.ts';
import type { LinkFaults } from '../../../src/fleet/ports.ts';
import { leftOut, liveStorm, worstWeather } from '../../../src/worlds/live/livePlan.ts';
import { scenarioFrom } from '../../harness/shippedScenario.ts';
import { createTestEnv } from '../../harness/testEnv.ts';

function stage() {
  const env = createTestEnv();
  const done: string[] = [];
  const linksOf = (node: number): LinkFaults => ({
    disturb: () => undefined,
    cut: (from, forMs) => void done.push(`${node} cut from ${from.join(' ')} for ${forMs}`),
    blow: (forMs) => void done.push(`${node} blows for ${forMs}`),
  });
  const storm = createStorm(3, {
    now: () => env.now(),
    after: (ms, fn) => void env.setTimer(ms, fn),
    links: () => [0, 1, 2].map((node) => [node, linksOf(node)] as const),
    inject: (fault) => void done.push(`${env.now()} ${fault.type}`),
  });
  return { env, done, storm, linksOf };
}

describe('a storm', () => {
  it('is over every link at once, and over that of a host that starts meanwhile for the rest of it', async () => {
    const { env, done, storm, linksOf } = stage();
    storm.begin({ forMs: 1_000, faults: [{ atMs: 300, fault: { type: 'kill', node: 2 } }] });
    await env.advance(400);
    storm.join(3, linksOf(3));
    await env.advance(700);
    storm.join(1, linksOf(1));
    expect(done).toEqual([
      '0 blows for 1000',
      '1 blows for 1000',
      '2 blows for 1000',
      '300 kill',
      '3 blows for 600',
    ]);
  });

  it('cuts both ways, and a host that starts during a partition is on its side of it', async () => {
    const { env, done, storm, linksOf } = stage();
    storm.cut([1, 3], 500);
    await env.advance(200);
    storm.join(3, linksOf(3));
    await env.advance(400);
    storm.join(3, linksOf(3));
    expect(done).toEqual([
      '0 cut from 1 3 for 500',
      '1 cut from 0 2 for 500',
      '2 cut from 1 3 for 500',
      '3 cut from 0 2 for 300',
    ]);
  });
});

describe('the faults of a live grove', () => {
  const scenario = scenarioFrom({
    seed: 'live',
    durationS: 60,
    faults: {
      lossMax: 0.3,
      killsPerMin: 20,
      pausesPerMin: 10,
      partitionsPerMin: 5,
      powerCutsPerMin: 5,
      tornWrites: true,
    },
  });

  it('are drawn from the seed, in order, within the run, without what only virtual time can do', () => {
    const { forMs, faults } = liveStorm(scenario, 10);
    expect(forMs).toBe(60_000);
    expect(new Set(faults.map((f) => f.fault.type))).toEqual(new Set(['kill', 'pause', 'partition']));
    expect(faults.length).toBeGreaterThan(15);
    expect(faults.map((f) => f.atMs)).toEqual(faults.map((f) => f.atMs).sort((a, b) => a - b));
    expect(liveStorm(scenario, 10)).toEqual(liveStorm(scenario, 10));
    expect(liveStorm({ ...scenario, seed: 'other' }, 10)).not.toEqual(liveStorm(scenario, 10));
    expect(leftOut(scenario.faults)).toEqual(['power cuts']);
  });

  it('have the weather that the scenario allows at most, and none without', () => {
    expect(worstWeather(scenario.faults)).toMatchObject({
      loss: 0.3,
      duplication: 0,
      reordering: 0,
      reorderMs: 0,
    });
    expect(leftOut(scenarioFrom({}).faults)).toEqual([]);
  });
});
