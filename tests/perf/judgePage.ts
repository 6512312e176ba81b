import type { Judgement, Report } from '../../src/lab/report.ts';
import type { PageFacts } from './probe.ts';

/** A threshold as a scenario states it. */
export interface Threshold {
  readonly sign: string;
  readonly is: string;
  readonly bar: number;
}

/** Whether the value lies on the right side of the bar. Throws on a comparison that no scenario may state. */
function holds(value: number, is: string, bar: number): boolean {
  if (is === '=') return value === bar;
  if (is === '<') return value < bar;
  if (is === '<=') return value <= bar;
  if (is === '>') return value > bar;
  if (is === '>=') return value >= bar;
  throw new RangeError(`is must be one of < <= = >= >, got ${is}`);
}

/** A sign of the page, e.g. `page.frameP95Ms`; null where it does not exist or no frame was seen. */
function pageSign(sign: string, page: PageFacts): number | null {
  const found: unknown = page[sign.slice('page.'.length) as keyof PageFacts];
  // Without frames the page was not seen to run: an absence of long tasks then says nothing.
  return typeof found === 'number' && Number.isFinite(found) && page.frames > 0 ? found : null;
}

/**
 * The report's judgements, with those of `page.*` made anew from what was measured from outside: a page cannot judge its
 * own smoothness, since it does not see the tasks that hold it up. They come last, in the order of the thresholds.
 */
export function judgePage(
  thresholds: readonly Threshold[],
  { judgements }: Pick<Report, 'judgements'>,
  page: PageFacts,
): Judgement[] {
  return [
    ...judgements.filter((j) => !j.claim.startsWith('page.')),
    ...thresholds
      .filter(({ sign }) => sign.startsWith('page.'))
      .map(({ sign, is, bar }) => {
        const value = pageSign(sign, page);
        return { claim: `${sign} ${is} ${bar}`, value, pass: value !== null && holds(value, is, bar) };
      }),
  ];
}
