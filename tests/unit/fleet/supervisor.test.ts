import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fleetOptions, type FleetOptions } from '../../../src/fleet/options.ts';
import { nodeCount, placeAgents, regionOf } from '../../../src/fleet/placement.ts';
import { createSupervisor, supervise, type SupervisorEffect } from '../../../src/fleet/supervisor.ts';

const options: FleetOptions = {
  ...fleetOptions.fallback!(),
  spawnWave: 2,
  restartsPerMin: 3,
  heartbeatMs: 100,
  silentMs: 1_000,
};
const types = (effects: readonly SupervisorEffect[]): string[] => effects.map((e) => `${e.type} ${e.node}`);

function upWith(nodes: number): ReturnType<typeof createSupervisor> {
  const state = createSupervisor();
  for (let node = 1; node <= nodes; node++) supervise(state, { type: 'add', node, inc: 1 }, 0, options);
  for (let node = 1; node <= nodes; node++) supervise(state, { type: 'ready', node, inc: 1 }, 1, options);
  return state;
}

describe('the supervisor', () => {
  it('starts nodes in waves: the next when one is up', () => {
    const state = createSupervisor();
    const spawned: string[] = [];
    for (let node = 1; node <= 4; node++)
      spawned.push(...types(supervise(state, { type: 'add', node, inc: 1 }, 0, options)));
    expect(spawned).toEqual(['spawn 1', 'spawn 2']);
    expect(types(supervise(state, { type: 'ready', node: 1, inc: 1 }, 5, options))).toEqual(['spawn 3']);
  });

  it('gives a dead node its next incarnation and tells how long it was gone, from the moment of death', () => {
    const state = upWith(1);
    expect(supervise(state, { type: 'died', node: 1, inc: 1, atMs: 90 }, 100, options)).toEqual([
      { type: 'spawn', node: 1, inc: 2, again: true },
    ]);
    expect(supervise(state, { type: 'ready', node: 1, inc: 2 }, 190, options)).toEqual([
      { type: 'recovered', node: 1, inc: 2, ms: 100 },
    ]);
  });

  it('ignores news of incarnations that are not the current one', () => {
    const state = upWith(1);
    supervise(state, { type: 'died', node: 1, inc: 1 }, 100, options);
    expect(supervise(state, { type: 'died', node: 1, inc: 1 }, 101, options)).toEqual([]);
    expect(supervise(state, { type: 'ready', node: 1, inc: 1 }, 102, options)).toEqual([]);
    expect(state.nodes.get(1)).toMatchObject({ type: 'spawning', inc: 2 });
  });

  it('suspects a silent node, and ends and restarts it when the silence lasts', () => {
    const state = upWith(1);
    supervise(state, { type: 'beat', node: 1, inc: 1 }, 1_000, options);
    expect(supervise(state, { type: 'tick' }, 1_200, options)).toEqual([]);
    expect(supervise(state, { type: 'tick' }, 1_500, options)).toEqual([
      { type: 'suspect', node: 1, silentMs: 500 },
    ]);
    expect(types(supervise(state, { type: 'tick' }, 2_100, options))).toEqual(['terminate 1', 'spawn 1']);
  });

  it('hears a beat as a sign of life', () => {
    const state = upWith(1);
    supervise(state, { type: 'tick' }, 900, options);
    supervise(state, { type: 'beat', node: 1, inc: 1 }, 950, options);
    expect(supervise(state, { type: 'tick' }, 1_900, options)).toEqual([
      { type: 'suspect', node: 1, silentMs: 950 },
    ]);
  });

  it('gives a node up that dies more often than allowed within a minute, and no other', () => {
    const state = upWith(2);
    for (let inc = 1; inc <= 3; inc++) {
      expect(types(supervise(state, { type: 'died', node: 1, inc }, inc * 100, options))).toEqual([
        'spawn 1',
      ]);
      supervise(state, { type: 'ready', node: 1, inc: inc + 1 }, inc * 100 + 50, options);
    }
    expect(types(supervise(state, { type: 'died', node: 1, inc: 4 }, 500, options))).toEqual(['give up 1']);
    expect(state.nodes.get(2)).toMatchObject({ type: 'up' });
  });

  it('forgets restarts after a minute', () => {
    const state = upWith(1);
    for (let inc = 1; inc <= 20; inc++) {
      expect(types(supervise(state, { type: 'died', node: 1, inc }, inc * 30_000, options))).toEqual([
        'spawn 1',
      ]);
      supervise(state, { type: 'ready', node: 1, inc: inc + 1 }, inc * 30_000 + 50, options);
    }
  });
});

describe('placement', () => {
  it('puts every agent on a node, in runs that differ by at most one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 0, max: 64 }), (agents, pool) => {
        const nodes = nodeCount(agents, pool);
        const placed = placeAgents(agents, nodes);
        const counts = new Map<number, number>();
        for (const node of placed) counts.set(node, (counts.get(node) ?? 0) + 1);
        expect([...counts.keys()]).toEqual(Array.from({ length: nodes }, (_, i) => i + 1));
        expect(Math.max(...counts.values()) - Math.min(...counts.values())).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('spreads nodes over all regions when there are enough', () => {
    const regions = ['a', 'b', 'c'];
    expect([1, 2, 3, 4, 5, 6].map((n) => regionOf(n, 6, regions))).toEqual(['a', 'a', 'b', 'b', 'c', 'c']);
    expect(regionOf(0, 6, regions)).toBe('a');
    expect(regionOf(1, 1, regions)).toBe('a');
  });
});
