import fc from 'fast-check';
import { expect, test } from 'vitest';
import { capacityFromUrl, capacityLinkOf } from '../../../src/lab/capacityLink.ts';
import { lengthMixture, meanLength, Prompts } from '../../../src/lab/capacityLoad.ts';
import {
  checkCapacityPlan,
  parseCapacityPlan,
  POLICIES,
  type CapacityPlan,
} from '../../../src/lab/capacityPlan.ts';
import { PROFILES, tokensOfText } from '../../../src/lab/capacityProfiles.ts';
import { createRng } from '../../../src/kernel/rng.ts';

const page = 'https://example.org/treering/';
const plan = (given: unknown): CapacityPlan => {
  const parsed = parseCapacityPlan(given);
  if (!parsed.ok) throw new Error(parsed.error.join('; '));
  return parsed.value;
};
const refusals = (given: unknown): readonly string[] => {
  const parsed = parseCapacityPlan(given);
  return parsed.ok ? [] : parsed.error;
};

test('every key has a default, and unknown ones are refused', () => {
  expect(plan({}).policies).toEqual([...POLICIES]);
  expect(refusals({ agent: 3 })).toEqual([expect.stringContaining('agent is not a known key')]);
});

test.each([
  [{ agents: 0 }, 'agents must be a whole number from 1'],
  [{ prompt: { median: 500, p95: 400 } }, 'prompt.p95 must not be below the median, 500, got 400'],
  [{ output: { median: 500, p95: 400 } }, 'output.p95 must not be below the median, 500, got 400'],
  [{ maxTokens: 50_000 }, 'maxTokens must be at most 8192, the profile’s longest answer'],
  [{ profile: 'custom', prompt: { median: 20_000, p95: 20_000 } }, 'prompt.median must be at most'],
  [{ profile: 'custom', prompt: { examples: [90_000] } }, 'prompt.examples[0] must be at most'],
  [{ prompt: { shared: 2_000 } }, 'prompt.shared must not be above the prompt’s own length, 1000'],
  [{ deadlineMs: 1_000 }, 'deadlineMs must not be below the bar of a call, 12000'],
  [{ policies: ['desk', 'desk'] }, 'policies must not name one twice'],
  [{ policies: [] }, 'policies must be an array of 1 to 3 items'],
  [{ durationS: 60 }, 'rampS must be at most half of the time simulated, 30'],
  [{ agents: 100_000, tasksPerHour: 1_000 }, 'agents with these tasks must make at most 3000000 calls'],
])('%j is refused with path, rule and value', (given, sentence) => {
  const said = refusals(given).map((s) => s.replaceAll("'", '’'));
  expect(said.some((s) => s.startsWith(sentence))).toBe(true);
});

test('profiles say their date and sources, and their limits are those that are enforced', () => {
  for (const { asOf, sources, limits } of PROFILES) {
    expect(asOf).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(sources.length).toBeGreaterThan(0);
    expect(limits.length).toBeGreaterThan(0);
  }
  expect(PROFILES.find((p) => p.name === 'anthropic-1000')!.limits).toEqual([
    { name: 'requests/min', amount: 1_000 },
    { name: 'input tokens/min', amount: 2_000_000 },
    { name: 'output tokens/min', amount: 400_000 },
  ]);
});

const plans = fc
  .record({
    seed: fc.string({ minLength: 1, maxLength: 20 }),
    profile: fc.constantFrom(...PROFILES.map((p) => p.name)),
    agents: fc.integer({ min: 1, max: 500 }),
    arrivals: fc.constantFrom('open', 'even', 'closed'),
    prompt: fc.record({
      median: fc.integer({ min: 10, max: 900 }),
      p95: fc.integer({ min: 900, max: 9_000 }),
      shared: fc.integer({ min: 0, max: 10 }),
    }),
    thinkS: fc.integer({ min: 1, max: 100 }),
    policies: fc.shuffledSubarray([...POLICIES], { minLength: 1 }),
    prices: fc.option(
      fc.record({ input: fc.nat(9), cachedInput: fc.nat(9), cacheWrite: fc.nat(9), output: fc.nat(9) }),
      { nil: undefined },
    ),
  })
  .map((given) => plan(given));

test('a link brings the very study back; with any letter of it changed it is refused', () => {
  fc.assert(
    fc.property(plans, fc.nat(), (given, at) => {
      const link = capacityLinkOf({ plan: given, build: '0.1.0+abc' }, `${page}#scenario=x`);
      expect(capacityFromUrl(link)).toEqual({ ok: true, value: { plan: given, build: '0.1.0+abc' } });
      const from = link.indexOf('#desk=') + '#desk=1.'.length;
      const i = from + (at % (link.length - from));
      const damaged = link.slice(0, i) + (link[i] === 'x' ? 'y' : 'x') + link.slice(i + 1);
      expect(capacityFromUrl(damaged)?.ok).toBe(false);
    }),
    { numRuns: 60 },
  );
});

test('a link cut short, of a newer format or with a plan that is none is refused with its reason', () => {
  const link = capacityLinkOf({ plan: plan({ agents: 7 }), build: 'b' }, page);
  const said = (url: string): string => {
    const read = capacityFromUrl(url);
    return read === null || read.ok ? '' : read.error.join(' ');
  };
  expect(said(link.slice(0, -3))).toContain('The link is damaged');
  expect(said(link.replace('#desk=1', '#desk=2'))).toContain('made by a newer Treering');
  expect(capacityFromUrl(page)).toBeNull();
  expect(capacityFromUrl(`${page}#desk`)).toBeNull();
  // As a build that knows other bounds would have made it.
  const other = capacityLinkOf({ plan: { ...plan({}), agents: -5 }, build: 'b' }, page);
  expect(said(other)).toBe('agents must be a whole number from 1 to 100000, got -5.');
});

test('prompts have the tokens that were drawn, begin alike as far as they share, and are no two the same', () => {
  const prompts = new Prompts(plan({ prompt: { median: 300, p95: 900, shared: 100 } }).prompt, 4_000);
  const rng = createRng('prompts');
  const drawn = Array.from({ length: 4_001 }, () => prompts.draw(rng)).sort((a, b) => a - b);
  expect(drawn[2_000]! / 300).toBeGreaterThan(0.95);
  expect(drawn[2_000]! / 300).toBeLessThan(1.05);
  expect(drawn[3_800]! / 900).toBeGreaterThan(0.9);
  expect(drawn[3_800]! / 900).toBeLessThan(1.1);
  for (const tokens of [150, 301, 3_000]) expect(tokensOfText(prompts.text(tokens, 1, 2))).toBe(tokens);
  const [a, b] = [prompts.text(500, 1, 0), prompts.text(500, 2, 0)];
  expect(a.slice(0, 384)).toBe(b.slice(0, 384));
  expect(a).not.toBe(b);
});

test('the mean of a log-normal by median and 95th percentile is that of many draws', () => {
  const spec = { median: 1_000, p95: 4_000 };
  const { parts } = lengthMixture(spec, 1e9);
  const rng = createRng('mean');
  let sum = 0;
  for (let i = 0; i < 40_000; i++) sum += rng.logNormal(parts[0]!.lnMean, parts[0]!.lnSd);
  expect(sum / 40_000 / meanLength(spec)).toBeGreaterThan(0.97);
  expect(sum / 40_000 / meanLength(spec)).toBeLessThan(1.03);
  expect(meanLength({ median: 50, p95: 50 })).toBe(50);
});

test('examples take the place of the lengths, each as often', () => {
  const prompts = new Prompts(plan({ prompt: { examples: [40, 700] } }).prompt, 4_000);
  const rng = createRng('examples');
  const drawn = Array.from({ length: 1_000 }, () => prompts.draw(rng));
  expect(new Set(drawn)).toEqual(new Set([40, 700]));
  expect(drawn.filter((n) => n === 40).length).toBeGreaterThan(420);
  expect(checkCapacityPlan({ prompt: { examples: [0] } }).ok).toBe(false);
});
