import { createCapacityControl } from '../../src/lab/capacityControl.ts';
import { capacityLinkOf } from '../../src/lab/capacityLink.ts';
import { reportMarkdown } from '../../src/lab/capacityMarkdown.ts';
import type { CapacityReport } from '../../src/lab/capacityReport.ts';
import { keepsBar, verdictOf } from '../../src/lab/capacityVerdict.ts';

/** What the command line of studies prints and judges. */
export interface Study {
  readonly report: CapacityReport;
  readonly lines: readonly string[];
  readonly markdown: string;
  readonly link: string;
  /** The first policy keeps the plan's bar. */
  readonly kept: boolean;
}

/** Runs a study; throws an Error with the sentences when the plan is none. */
export async function runStudy(
  plan: unknown,
  build: string,
  page: string,
  progress: (share: number, doing: string) => void = () => undefined,
): Promise<Study> {
  const end = await createCapacityControl().study(plan, build, progress);
  if (end.type !== 'done') throw new Error(end.type === 'refused' ? end.sentences.join('\n') : 'cancelled');
  const { report } = end;
  const link = capacityLinkOf({ plan: report.plan, build }, page);
  return {
    report,
    lines: verdictOf(report),
    markdown: reportMarkdown(report, link),
    link,
    kept: keepsBar(report.outcomes[0]!),
  };
}
