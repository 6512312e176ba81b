import type { Threshold } from '../scenario/scenario.ts';
import type { GroveSnapshot } from './grove.ts';
import type { Judgement, Recovery, Report } from './report.ts';

/** Figures that follow from the report's others; what was not measured is not there. */
export function derivedSigns(
  recoveries: readonly Recovery[],
  kills: number,
  { questions, errands }: Pick<GroveSnapshot, 'questions' | 'errands'>,
): Record<string, number> {
  const ms = recoveries.map((r) => r.ms).sort((a, b) => a - b);
  return {
    recoveries: ms.length,
    kills,
    unrecovered: Math.max(0, kills - ms.length),
    ...(ms.length > 0 && {
      medianRecoveryMs: (ms[(ms.length - 1) >> 1]! + ms[ms.length >> 1]!) / 2,
      slowestRecoveryMs: ms.at(-1)!,
    }),
    ...questions,
    ...(errands.put > 0 && {
      errandsPut: errands.put,
      errandsHome: errands.home,
      errandsAway: errands.away,
      errandsTwice: errands.twice,
    }),
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
    const value = typeof found === 'number' && Number.isFinite(found) && measured(signs, sign) ? found : null;
    const of = nameOf(signs, sign);
    return {
      claim: `${sign} ${is} ${bar}`,
      ...(of !== null && { of }),
      value,
      pass: value !== null && COMPARE[is](value, bar),
    };
  });
}

/** What the figure of a sign is called that has several; null for others. */
function nameOf(signs: Readonly<Record<string, unknown>>, sign: string): string | null {
  const section = signs[sign.split('.')[0]!] as {
    readonly metric?: string;
    readonly dataset?: string;
  } | null;
  return section?.metric === undefined ? null : `${section.metric}, ${section.dataset ?? ''}`;
}

/** Whether the section of that sign rests on any samples or queries, where it counts them. */
function measured(signs: Readonly<Record<string, unknown>>, sign: string): boolean {
  const [head = '', key = ''] = sign.split('.');
  const section = signs[head] as { readonly samples?: number; readonly queries?: number } | null | undefined;
  return key === 'samples' || key === 'queries' || (section?.samples !== 0 && section?.queries !== 0);
}
