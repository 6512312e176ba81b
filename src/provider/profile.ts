import { exp, ln } from '../kernel/maths.ts';
import type { Rng } from '../kernel/rng.ts';
import type { Unit } from './meter.ts';
import type { ProfileName } from './options.ts';
import anthropic1000 from './profiles/anthropic-1000.json';
import anthropic5000 from './profiles/anthropic-5000.json';
import custom from './profiles/custom.json';
import groqLike from './profiles/groq-like.json';
import openaiLike from './profiles/openai-like.json';
import smallFast from './profiles/small-fast.json';

/** A mixture of log-normals, cut to [min, max]; weights add up to 1. */
export interface LengthMixture {
  readonly parts: readonly { readonly weight: number; readonly lnMean: number; readonly lnSd: number }[];
  readonly min: number;
  readonly max: number;
}

/** How one limit is enforced. */
export interface ProfileLimit {
  readonly unit: Unit;
  readonly amount: number;
  readonly perMs: number;
  /** Continuous refill, any span of `perMs`, or spans that begin at multiples of `perMs`. */
  readonly enforcement: 'bucket' | 'sliding' | 'fixed';
  /** A bucket holds what refills in this time. */
  readonly burstMs: number;
  /**
   * `admitted`: charged on arrival and corrected at the end. `reserved`: output at `max_tokens` on arrival, settled with
   * what was made. `produced`: output as it is made; refused while nothing is left. `larger`: the larger of `max_tokens`
   * and the prompt's estimate, never corrected.
   */
  readonly counted: 'admitted' | 'reserved' | 'produced' | 'larger';
  /** Prompt tokens read from the prompt cache are not charged. */
  readonly cachedFree: boolean;
  readonly scope: 'organisation' | 'project';
}

/** A kind of model endpoint as dated data: its limits, its latencies and the lengths of what passes through it. Times in ms. */
export interface Profile {
  readonly name: string;
  /** For people. */
  readonly title: string;
  readonly vendor: 'custom' | 'anthropic-like' | 'openai-like' | 'groq-like';
  /** Which requests it takes and how it answers. */
  readonly dialect: 'openai' | 'anthropic';
  /** Which headers tell of its limits. `strict`: OpenAI's names, input and output apart. */
  readonly headers: 'strict' | 'anthropic' | 'openai' | 'groq';
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
  /** Added to the first token's time for each token of the prompt that is not in the prompt cache. */
  readonly perPromptTokenMs: number;
  /** Speed of one answer: log-normal over answers, never below `minPerS`. */
  readonly speed: { readonly tokensPerS: number; readonly sigma: number; readonly minPerS: number };
  /** At so many requests under way everything takes twice as long; null: load changes nothing. */
  readonly loadKnee: number | null;
  /** The true count of a prompt's tokens is within this share of the estimate from its characters. */
  readonly tokenSpread: number;
  readonly promptTokens: LengthMixture;
  readonly outputTokens: LengthMixture;
  readonly limits: readonly ProfileLimit[];
  /** Requests under way; 0 for no such limit. */
  readonly concurrency: number;
  /**
   * What buckets really hold, as shares of what `burstMs` says, from and to: each endpoint draws its own, and nothing tells
   * it. null: just that.
   */
  readonly hiddenBurst: { readonly from: number; readonly to: number } | null;
  /** A refused request counts against the limits of requests. */
  readonly refusedCount: boolean;
  /**
   * Refuses sharp ramps: requests of the last `recentMs`, as a rate, may be `factor` times those of `baselineMs` before,
   * and `floorPerMin` in any case.
   */
  readonly acceleration: {
    readonly floorPerMin: number;
    readonly factor: number;
    readonly baselineMs: number;
    readonly recentMs: number;
  } | null;
  /** Prefixes of prompts that were read before: all of them, or those that a request marks. */
  readonly promptCache: {
    readonly automatic: boolean;
    readonly minTokens: number;
    readonly ttlMs: number;
  } | null;
  /** Dollars for a million tokens. */
  readonly pricesPerMTok: {
    readonly input: number;
    readonly cachedInput: number;
    readonly cacheWrite: number;
    readonly output: number;
  };
  readonly faults: {
    /** Times an hour, on average, that the whole fleet is overloaded, and for how long. */
    readonly overloadsPerHour: number;
    readonly overloadS: number;
    /** Shares of requests: that fail, whose stream ends in an error, stalls for `stallMs`, is cut off. */
    readonly failing: number;
    readonly streamError: number;
    readonly stall: number;
    readonly stallMs: number;
    readonly cut: number;
  };
}

const PROFILES: Readonly<Record<ProfileName, unknown>> = {
  'small-fast': smallFast,
  'anthropic-1000': anthropic1000,
  'anthropic-5000': anthropic5000,
  'openai-like': openaiLike,
  'groq-like': groqLike,
  custom,
};

/** The profile of that name. */
export function profileOf(name: ProfileName): Profile {
  return PROFILES[name] as Profile;
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

/** Tokens of an ordinary answer: the mean of the parts' medians. */
export function typicalOutputTokens({ outputTokens }: Profile): number {
  return outputTokens.parts.reduce((sum, { weight, lnMean }) => sum + weight * exp(lnMean), 0);
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
