import type { Threshold } from './judgePage.ts';
import type { ProbeResult } from './probe.ts';

/** One figure over the repeats. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** One run; its report's judgements of `page.*` were made from `page`. */
export interface PerfRun extends ProbeResult {
  /** Uncaught errors of the page. */
  readonly errors: readonly string[];
}

export interface PerfResult {
  readonly scenario: {
    readonly durationS?: number;
    readonly name?: string;
    readonly thresholds?: readonly Threshold[];
  };
  readonly build: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly browser: string };
  /** Whether every judgement of every run holds and nothing threw. */
  readonly pass: boolean;
  /** Every number of the vital signs, start-up, derived signs and page, by its path. */
  readonly summary: Readonly<Record<string, Spread>>;
  readonly runs: readonly PerfRun[];
}
