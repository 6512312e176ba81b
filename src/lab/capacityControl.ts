import { parseCapacityPlan } from './capacityPlan.ts';
import type { CapacityReport } from './capacityReport.ts';
import { Cancelled } from './capacityRun.ts';
import { createCapacityRuns, type CapacityRuns } from './capacityRuns.ts';
import { runCapacityStudy } from './capacityStudy.ts';

export type StudyEnd =
  | { readonly type: 'done'; readonly report: CapacityReport }
  | { readonly type: 'cancelled' }
  | { readonly type: 'refused'; readonly sentences: readonly string[] };

/** Studies, one at a time, as a worker offers them. */
export interface CapacityControl {
  /** Rejects only for a defect. */
  study(plan: unknown, build: string, progress: (share: number, doing: string) => void): Promise<StudyEnd>;
  cancel(): void;
}

/** @param runs those who do the runs, side by side: the report is the same however many there are */
export function createCapacityControl(
  runs: readonly CapacityRuns[] = [createCapacityRuns()],
): CapacityControl {
  let current = { cancelled: false };
  return {
    async study(value, build, progress) {
      const plan = parseCapacityPlan(value);
      if (!plan.ok) return { type: 'refused', sentences: plan.error };
      const mine = (current = { cancelled: false });
      try {
        const watch = { progress, cancelled: () => mine.cancelled };
        return { type: 'done', report: await runCapacityStudy(plan.value, build, watch, runs) };
      } catch (error) {
        if (error instanceof Cancelled) return { type: 'cancelled' };
        throw error;
      }
    },
    cancel() {
      current.cancelled = true;
      for (const one of runs) one.cancel();
    },
  };
}
