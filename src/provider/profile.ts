import { ln } from '../kernel/maths.ts';
import type { Rng } from '../kernel/rng.ts';
import type { ProviderOptions } from './options.ts';

/** A mixture of log-normals, cut to [min, max]; weights add up to 1. */
export interface LengthMixture {
  readonly parts: readonly { readonly weight: number; readonly lnMean: number; readonly lnSd: number }[];
  readonly min: number;
  readonly max: number;
}

/** A kind of model endpoint as dated data: its latencies and the lengths of what passes through it. Times in ms. */
export interface Profile {
  readonly name: string;
  /** The model's name in a request's body. */
  readonly model: string;
  /** ISO date of the figures. */
  readonly asOf: string;
  /** Where each figure comes from, with the licence of data it was fitted to. */
  readonly sources: readonly string[];
  /** The longest prompt it takes. */
  readonly contextTokens: number;
  /** The longest answer it gives. */
  readonly maxOutputTokens: number;
  /** Time to the first token of a short prompt, log-normal, cut off at `maxMs`. */
  readonly firstToken: { readonly medianMs: number; readonly sigma: number; readonly maxMs: number };
  /** Added to the first token's time for each token of the prompt. */
  readonly perPromptTokenMs: number;
  /** Speed of one answer: log-normal over answers, never below `minPerS`. */
  readonly speed: { readonly tokensPerS: number; readonly sigma: number; readonly minPerS: number };
  readonly promptTokens: LengthMixture;
  readonly outputTokens: LengthMixture;
}

const SMALL_FAST: Profile = {
  name: 'small-fast',
  model: 'small-fast',
  asOf: '2026-11-23',
  sources: [
    'Lengths: fitted by expectation maximisation to the conversation trace of the Azure LLM inference dataset 2023 (Azure/AzurePublicDataset, CC-BY 4.0).',
    'Time to first token and speed: an assumption, of the order that small hosted models show; no measurement of a named product. Replace them by your own.',
  ],
  contextTokens: 16_384,
  maxOutputTokens: 4_096,
  firstToken: { medianMs: 250, sigma: 0.35, maxMs: 1_200 },
  perPromptTokenMs: 0.02,
  speed: { tokensPerS: 200, sigma: 0.08, minPerS: 140 },
  promptTokens: {
    parts: [
      { weight: 0.6328, lnMean: 6.272, lnSd: 1.006 },
      { weight: 0.2911, lnMean: 6.977, lnSd: 0.058 },
      { weight: 0.0761, lnMean: 8.315, lnSd: 0.03 },
    ],
    min: 1,
    max: 14_050,
  },
  outputTokens: {
    parts: [
      { weight: 0.1365, lnMean: 4.22, lnSd: 0.96 },
      { weight: 0.5375, lnMean: 4.603, lnSd: 0.408 },
      { weight: 0.0538, lnMean: 6.228, lnSd: 0.138 },
      { weight: 0.2722, lnMean: 6.002, lnSd: 0.045 },
    ],
    min: 1,
    max: 1_000,
  },
};

/** The profile of that name. */
export function profileOf(name: ProviderOptions['profile']): Profile {
  return { 'small-fast': SMALL_FAST }[name];
}

function drawLength(rng: Rng, mixture: LengthMixture): number {
  let u = rng.next();
  let part = mixture.parts[0]!;
  for (part of mixture.parts) {
    if (u < part.weight) break;
    u -= part.weight;
  }
  const length = Math.round(rng.logNormal(part.lnMean, part.lnSd));
  return Math.min(mixture.max, Math.max(mixture.min, length));
}

/** Tokens of a prompt, as the trace has them. */
export function drawPromptTokens(rng: Rng, profile: Profile): number {
  return drawLength(rng, profile.promptTokens);
}

/** Tokens of an answer that nothing cuts short, as the trace has them. */
export function drawOutputTokens(rng: Rng, profile: Profile): number {
  return drawLength(rng, profile.outputTokens);
}

/** Milliseconds from a request's arrival at the model to its first token. */
export function drawFirstTokenMs(rng: Rng, profile: Profile, inputTokens: number): number {
  const { medianMs, sigma, maxMs } = profile.firstToken;
  return Math.min(maxMs, rng.logNormal(ln(medianMs), sigma)) + inputTokens * profile.perPromptTokenMs;
}

/** Milliseconds between two tokens of one answer. */
export function drawTokenGapMs(rng: Rng, profile: Profile): number {
  const { tokensPerS, sigma, minPerS } = profile.speed;
  return 1000 / Math.max(minPerS, rng.logNormal(ln(tokensPerS), sigma));
}

/** The longest that an undisturbed model takes for a request of that size, ms. */
export function longestServiceMs(profile: Profile, inputTokens: number, outputTokens: number): number {
  return (
    profile.firstToken.maxMs +
    inputTokens * profile.perPromptTokenMs +
    (outputTokens * 1000) / profile.speed.minPerS
  );
}
