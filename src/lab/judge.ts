import type { Threshold } from '../scenario/scenario.ts';
import type { GroveSnapshot } from './grove.ts';
import type { Judgement, Report } from './report.ts';

/** Figures that follow from the report's others. */
export function derivedSigns(
  snapshot: Pick<GroveSnapshot, 'recoveries' | 'kills'>,
  progress: { readonly answered: number; readonly failed: number },
): Record<string, number> {
  const ms = snapshot.recoveries.map((r) => r.ms).sort((a, b) => a - b);
  const middle = ms.length / 2;
  const medianRecoveryMs =
    ms.length === 0
      ? 0
      : (ms[Math.floor(middle)]! + ms[Math.ceil(middle) - (ms.length % 2 === 0 ? 0 : 1)]!) / 2;
  return {
    recoveries: ms.length,
    kills: snapshot.kills,
    unrecovered: Math.max(0, snapshot.kills - ms.length),
    medianRecoveryMs,
    slowestRecoveryMs: ms.at(-1) ?? 0,
    answered: progress.answered,
    failed: progress.failed,
  };
}

const COMPARE: Record<Threshold['is'], (value: number, bar: number) => boolean> = {
  '<': (v, b) => v < b,
  '<=': (v, b) => v <= b,
  '=': (v, b) => v === b,
  '>=': (v, b) => v >= b,
  '>': (v, b) => v > b,
};

/** Holds each threshold against the report. A sign that does not exist, or has not been measured, fails. */
export function judge(
  thresholds: readonly Threshold[],
  report: Pick<Report, 'vitalSigns' | 'startUp'>,
  derived: Readonly<Record<string, number>>,
): Judgement[] {
  const signs = { ...report.vitalSigns, startUp: report.startUp, derived } as Record<string, unknown>;
  return thresholds.map(({ sign, is, bar }) => {
    const found = sign
      .split('.')
      .reduce<unknown>(
        (at, key) =>
          typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined,
        signs,
      );
    const value = typeof found === 'number' && Number.isFinite(found) ? found : null;
    return {
      claim: `${sign} ${is} ${bar}`,
      value: value ?? -1,
      pass: value !== null && COMPARE[is](value, bar),
    };
  });
}
