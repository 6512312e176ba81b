import { describe, expect, inject, test, vi } from 'vitest';
import { createVirtualWorld } from '../../src/worlds/virtual/virtualWorld.ts';
import { hashRuns } from '../harness/hashRuns.ts';

const { busChaos, hashes } = inject('nodeHashes');

describe('this browser and Node run the same virtual world, event for event', () => {
  test.each(Object.entries(hashRuns))('%s', async (name, run) => {
    expect(await run(busChaos)).toBe(hashes[name]);
  });

  test('also where a browser has no scheduler', async () => {
    vi.stubGlobal('scheduler', undefined);
    try {
      const name = 'a whole grove in chaos';
      expect(await hashRuns[name]!(busChaos)).toBe(hashes[name]);
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

test('messages get their turn while a virtual world runs', async () => {
  const world = createVirtualWorld({ seed: 'turns' });
  const { port1, port2 } = new MessageChannel();
  let heardAtMs = Infinity;
  port1.onmessage = () => (heardAtMs = world.clock.nowMs);
  for (let ms = 1; ms <= 2_000; ms++) world.clock.at(ms, () => world.wake());
  world.clock.at(10, () => port2.postMessage(0));
  await world.run(2_000);
  expect(heardAtMs).toBeLessThan(1_000);
});
