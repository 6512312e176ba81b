import { expect, test } from 'vitest';
import { createRng } from '../../../src/kernel/rng.ts';
import {
  drawFirstTokenMs,
  drawOutputTokens,
  drawPromptTokens,
  drawTokenGapMs,
  longestServiceMs,
  profileOf,
} from '../../../src/provider/profile.ts';
import { readAzureTrace } from '../../harness/azureTrace.ts';
import { fitLogNormals } from '../../harness/logNormalFit.ts';

const profile = profileOf('small-fast');
const DRAWS = 200_000;

/** Quantiles of the Azure LLM inference trace 2023, conversations (CC-BY 4.0), 19,366 requests. */
const TRACE = {
  prompt: { 0.1: 207, 0.25: 396, 0.5: 1020, 0.75: 1189, 0.9: 2735, 0.95: 4083, 0.99: 4142 },
  output: { 0.05: 41, 0.1: 54, 0.25: 85, 0.5: 129, 0.75: 395, 0.9: 424, 0.95: 451, 0.99: 601 },
};

const draw = (fn: (i: number) => number): number[] =>
  Array.from({ length: DRAWS }, (_, i) => fn(i)).sort((a, b) => a - b);
const quantile = (sorted: readonly number[], q: number): number => sorted[Math.floor(q * sorted.length)]!;

test('the quantiles kept here are those of the trace itself, where the trace is at hand', () => {
  const trace = readAzureTrace();
  if (trace === null) {
    console.log(
      'The Azure trace is not at hand (TREERING_DATA or ../shared): its quantiles are taken on trust.',
    );
    expect(Object.keys(TRACE)).toEqual(['prompt', 'output']);
    return;
  }
  for (const side of ['prompt', 'output'] as const)
    for (const [q, want] of Object.entries(TRACE[side])) expect(quantile(trace[side], Number(q))).toBe(want);
});

test('drawn prompt lengths have the quantiles of the trace within 20 %', () => {
  const rng = createRng('prompts');
  const drawn = draw(() => drawPromptTokens(rng, profile));
  for (const [q, want] of Object.entries(TRACE.prompt))
    expect(Math.abs(quantile(drawn, Number(q)) / want - 1), `quantile ${q}`).toBeLessThan(0.2);
});

test('drawn answer lengths have the quantiles of the trace within 10 %', () => {
  const rng = createRng('answers');
  const drawn = draw(() => drawOutputTokens(rng, profile));
  for (const [q, want] of Object.entries(TRACE.output))
    expect(Math.abs(quantile(drawn, Number(q)) / want - 1), `quantile ${q}`).toBeLessThan(0.1);
});

test('with answers capped at 160 tokens the p99 of the model latency is about 1.4 s, and nothing exceeds the stated longest', () => {
  const rng = createRng('latency');
  const taken = draw(() => {
    const output = Math.min(160, drawOutputTokens(rng, profile));
    return drawFirstTokenMs(rng, profile, 1000) + output * drawTokenGapMs(rng, profile);
  });
  const p99 = quantile(taken, 0.99);
  console.log(
    `model latency with 160 tokens: p50 ${Math.round(quantile(taken, 0.5))} ms, p99 ${Math.round(p99)} ms`,
  );
  expect(p99).toBeGreaterThan(1200);
  expect(p99).toBeLessThan(1500);
  expect(taken.at(-1)).toBeLessThanOrEqual(longestServiceMs(profile, 1000, 160));
});

test('the weights of each mixture add up to 1', () => {
  for (const mixture of [profile.promptTokens, profile.outputTokens])
    expect(mixture.parts.reduce((sum, p) => sum + p.weight, 0)).toBeCloseTo(1, 3);
});

test('a fit finds the parts of a mixture that it was drawn from', () => {
  const rng = createRng('mixture');
  const lengths = draw((i) =>
    Math.max(1, Math.round(i % 4 === 0 ? rng.logNormal(7, 0.1) : rng.logNormal(4, 0.5))),
  );
  const [low, high] = fitLogNormals(lengths, 2);
  expect(low!.weight).toBeCloseTo(0.75, 1);
  expect(low!.lnMean).toBeCloseTo(4, 1);
  expect(low!.lnSd).toBeCloseTo(0.5, 1);
  expect(high!.lnMean).toBeCloseTo(7, 1);
  expect(high!.lnSd).toBeCloseTo(0.1, 1);
});
