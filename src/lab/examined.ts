import type { Exams } from './exams.ts';
import type { Grove } from './grove.ts';
import { judge } from './judge.ts';
import type { Report, VitalSigns } from './report.ts';

/**
 * A grove whose vital sign *memory accuracy* is that of the last exam, once one has been taken; the self-test then stands
 * beside it under its own name. An exam is of the memory of this build, not of what this grove remembers, and its names say so.
 */
export function examined(grove: Grove, exams: Exams): Grove {
  const signs = (own: VitalSigns): VitalSigns =>
    exams.last === null ? own : { ...own, memory: exams.last.sign, selfTest: own.memory };
  const inReport = (report: Report): Report => {
    if (exams.last === null) return report;
    const vitalSigns = signs(report.vitalSigns);
    const thresholds = (report.scenario as { thresholds?: Parameters<typeof judge>[0] } | null)?.thresholds;
    return {
      ...report,
      vitalSigns,
      judgements: judge(thresholds ?? [], { ...report, vitalSigns }, report.derived),
      exam: exams.last,
    };
  };
  return {
    ...grove,
    async snapshot() {
      const taken = await grove.snapshot();
      return { ...taken, vitalSigns: signs(taken.vitalSigns) };
    },
    stop: async () => inReport(await grove.stop()),
    report: async () => inReport(await grove.report()),
    metrics: async () => (await grove.metrics()) + exams.metrics(),
  };
}
