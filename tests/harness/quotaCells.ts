import type { Rng } from '../../src/kernel/rng.ts';
import type { Axis, Delays, Limits, QuotaWorldPlan } from './quotaWorld.ts';

/** Where one limit binds. */
export interface Cell {
  readonly axis: Axis;
  readonly plan: Pick<QuotaWorldPlan, 'limits' | 'agents' | 'prompts' | 'answers' | 'estimateError'>;
  /** Requests under way that just fill the limit: what a well-tuned fixed concurrency is set to. */
  readonly places: number;
}

/** A tier that providers publish: 1,000 requests, 2 M input tokens and 400 k output tokens a minute. */
const TIER: Limits = { requests: 1_000, inputTokens: 2_000_000, outputTokens: 400_000, concurrency: 400 };

export const CELLS: readonly Cell[] = [
  {
    axis: 'requests',
    plan: {
      limits: TIER,
      agents: 60,
      prompts: { median: 400, sigma: 0.8, max: 8_000 },
      answers: { median: 60, sigma: 0.6, max: 512 },
    },
    places: 15,
  },
  {
    axis: 'inputTokens',
    plan: {
      limits: TIER,
      agents: 50,
      prompts: { median: 3_500, sigma: 0.6, max: 12_000 },
      answers: { median: 80, sigma: 0.6, max: 512 },
    },
    places: 8,
  },
  {
    axis: 'outputTokens',
    plan: {
      limits: TIER,
      agents: 120,
      prompts: { median: 800, sigma: 0.8, max: 8_000 },
      answers: { median: 700, sigma: 0.6, max: 4_096 },
    },
    places: 48,
  },
  {
    axis: 'concurrency',
    plan: {
      limits: { requests: 10_000, inputTokens: 20_000_000, outputTokens: 10_000_000, concurrency: 50 },
      agents: 90,
      prompts: { median: 800, sigma: 0.8, max: 8_000 },
      answers: { median: 700, sigma: 0.6, max: 4_096 },
    },
    places: 50,
  },
];

export interface NamedDelays {
  readonly name: string;
  readonly draw: Delays;
  readonly jitterMs: number;
  readonly maxMs: number;
}

const uniform =
  (fromMs: number, toMs: number): Delays =>
  (rng: Rng) =>
    fromMs + rng.next() * (toMs - fromMs);

/** The delays of the main table, then their far ends. */
export const DELAYS: readonly NamedDelays[] = [
  { name: '20 to 120 ms', draw: uniform(20, 120), jitterMs: 100, maxMs: 120 },
  { name: 'all 20 ms', draw: () => 20, jitterMs: 0, maxMs: 20 },
  { name: 'all 120 ms', draw: () => 120, jitterMs: 0, maxMs: 120 },
  { name: 'either 20 or 120 ms', draw: (rng) => (rng.next() < 0.5 ? 20 : 120), jitterMs: 100, maxMs: 120 },
];

/** What no written limit tells. */
export interface Trouble {
  readonly name: string;
  readonly plan: Partial<QuotaWorldPlan>;
  /** Share of the written limit that is left to use, on average. */
  readonly left: number;
}

export const TROUBLES: readonly Trouble[] = [
  {
    name: 'hidden burst of 0.2 s',
    plan: { burstS: 0.2, prompts: { median: 400, sigma: 0.8, max: 4_000 } },
    left: 1,
  },
  { name: 'acceleration above 1.5 in 10 s', plan: { acceleration: 1.5, crowdAtMs: 180_000 }, left: 1 },
  {
    name: 'others use 20 to 60 %',
    plan: { othersAt: (nowMs) => 0.4 + 0.2 * Math.sin(nowMs / 180_000) },
    left: 0.6,
  },
];
