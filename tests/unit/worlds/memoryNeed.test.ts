import { expect, test } from 'vitest';
import { agentOptions } from '../../../src/agents/options.ts';
import { memoryNeed, TAB_BYTES, tooBigForTab } from '../../../src/worlds/virtual/memoryNeed.ts';

const grove = (count: number, pool: number) => ({ agents: { ...agentOptions.fallback!(), count, pool } });

test('a tab takes as many agents as the panel says, and refuses more with how much they would need and what to do', () => {
  expect(tooBigForTab(grove(35_000, 8))).toBeNull();
  expect(tooBigForTab(grove(2_700, 0))).toBeNull();
  expect(tooBigForTab(grove(100_000, 8))).toMatch(
    /about 2\.6 GB .* 100,000 agents on 8 nodes.*npm run virtual/,
  );
  expect(tooBigForTab(grove(4_000, 0))).toMatch(/4,000 nodes.*fewer nodes/);
});

test('what was measured is not estimated lower', () => {
  const measuredMb: [count: number, pool: number, mb: number][] = [
    [600, 0, 106],
    [4_000, 8, 230],
    [30_000, 8, 663],
  ];
  for (const [count, pool, mb] of measuredMb)
    expect(memoryNeed(grove(count, pool))).toBeGreaterThan(mb * 1e6);
  expect(memoryNeed(grove(1_000, 4))).toBeLessThan(TAB_BYTES / 4);
});
