import { describe, expect, inject, test, vi } from 'vitest';
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
