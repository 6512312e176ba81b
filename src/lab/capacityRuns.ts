import type { CapacityPlan, PolicyType } from './capacityPlan.ts';
import { Cancelled, runCapacity, type CapacityOutcome, type RunChoice } from './capacityRun.ts';

/** One run of a study, as plain data. */
export interface CapacityJob {
  readonly plan: CapacityPlan;
  readonly policy: PolicyType;
  readonly choice: RunChoice;
}

/** Runs one job. Rejects with `Cancelled`. */
export type RunJob = (job: CapacityJob, progress: (share: number) => void) => Promise<CapacityOutcome>;

export type RunEnd =
  { readonly type: 'done'; readonly outcome: CapacityOutcome } | { readonly type: 'cancelled' };

/** Runs, one at a time, as a worker lends them to another. */
export interface CapacityRuns {
  /** Rejects only for a defect. */
  run(job: CapacityJob, progress: (share: number) => void): Promise<RunEnd>;
  /** The run that is under way. */
  cancel(): void;
}

export function createCapacityRuns(): CapacityRuns {
  let current = { cancelled: false };
  return {
    async run({ plan, policy, choice }, progress) {
      const mine = (current = { cancelled: false });
      try {
        const watch = { progress, cancelled: () => mine.cancelled };
        return { type: 'done', outcome: await runCapacity(plan, policy, watch, choice) };
      } catch (error) {
        if (error instanceof Cancelled) return { type: 'cancelled' };
        throw error;
      }
    },
    cancel() {
      current.cancelled = true;
    },
  };
}

/**
 * Gives each job to the first of `runs` that is free, in the order in which they come. A run's outcome depends on nothing
 * but its job, so how many share the work changes nothing else than the time it takes.
 */
export function sharedAmong(runs: readonly CapacityRuns[], cancelled: () => boolean): RunJob {
  const free = [...runs];
  const waiting: ((one: CapacityRuns) => void)[] = [];
  return async (job, progress) => {
    const one = free.shift() ?? (await new Promise<CapacityRuns>((resolve) => void waiting.push(resolve)));
    try {
      if (cancelled()) throw new Cancelled('The study was cancelled.');
      const end = await one.run(job, progress);
      if (end.type === 'cancelled') throw new Cancelled('The study was cancelled.');
      return end.outcome;
    } finally {
      const next = waiting.shift();
      if (next === undefined) free.push(one);
      else next(one);
    }
  };
}
