import type { Page } from '@playwright/test';

/** One line of a bench's table: the same thing measured several times. */
export interface BenchRow {
  readonly name: string;
  /** e.g. `ns`, `messages/s`. */
  readonly unit: string;
  /** One figure a repeat, in the order of the repeats; at least one. */
  readonly samples: readonly number[];
  /** The median divided by the median of the row of this name, which has the same unit. */
  readonly against?: string;
}

/** A figure that the bench states a bar for. */
export interface BenchTarget {
  /** What is claimed, e.g. `acked / raw at 4 nodes >= 0.7`. */
  readonly name: string;
  readonly value: number;
  readonly bar: number;
  readonly pass: boolean;
}

export interface BenchResult {
  readonly title: string;
  /** What a reader needs to know to judge the figures; one sentence a line. */
  readonly notes?: readonly string[];
  readonly rows: readonly BenchRow[];
  readonly targets: readonly BenchTarget[];
}

/** What the runner hands to a bench module's `run`. */
export interface BenchContext {
  /** Arguments after the bench's name, without `--json`: `--nodes 4` is `{ nodes: '4' }`, a bare `--quick` is `'true'`. */
  readonly args: Readonly<Record<string, string>>;
  /**
   * Builds tests/bench/NAME/<html> (TypeScript and workers included) as for production, opens it in a real Chromium and
   * resolves once it has loaded. Errors of the page fail the bench. Everything is closed when `run` has ended.
   * @param profile where the browser keeps what pages store: in memory, as for a private window (the default), or in
   * files of a fresh profile on the disk, as for a visitor
   */
  page(html: string, profile?: 'memory' | 'disk'): Promise<Page>;
  /** Says how far the bench has come. */
  log(line: string): void;
}

/** What a file tests/bench/NAME.ts exports. */
export interface BenchModule {
  run(context: BenchContext): Promise<BenchResult>;
}

/** The middle value; the mean of the middle two of an even number. Throws RangeError for none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('median: there are no values');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** A target that holds when the value is at most the bar. */
export const atMost = (name: string, value: number, bar: number): BenchTarget => ({
  name,
  value,
  bar,
  pass: value <= bar,
});

/** A target that holds when the value is at least the bar. */
export const atLeast = (name: string, value: number, bar: number): BenchTarget => ({
  name,
  value,
  bar,
  pass: value >= bar,
});
