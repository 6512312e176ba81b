import { describe, expect, inject, test } from 'vitest';
import { hashRuns } from '../harness/hashRuns.ts';

const { busChaos, hashes } = inject('nodeHashes');

describe('this browser and Node run the same virtual world, event for event', () => {
  test.each(Object.entries(hashRuns))('%s', async (name, run) => {
    expect(await run(busChaos)).toBe(hashes[name]);
  });
});
