import type { MemoryOptions } from './options.ts';
import type { MemoryDraft } from './record.ts';
import { analyse } from './text.ts';

const MONTHS = 'january february march april may june july august september october november december'.split(
  ' ',
);

/** What a record is indexed under: its text, its speaker, the year and month of its date, its ring. */
export function termsOf(record: MemoryDraft, textTerms: readonly string[] | undefined): string[] {
  const [, year, month] = /^(\d{1,6})(?:-(\d\d))?/.exec(record.date) ?? [];
  const terms = textTerms ? [...textTerms] : analyse(record.text);
  terms.push(...analyse(record.speaker));
  if (year !== undefined) terms.push(year);
  const name = month === undefined ? undefined : MONTHS[Number(month) - 1];
  if (name !== undefined) terms.push(...analyse(name));
  if (record.ring !== year) terms.push(...analyse(record.ring));
  return terms;
}

/** The label of the growth ring that a memory belongs to. */
export function ringLabel({ date, ring }: MemoryDraft, epoch: MemoryOptions['epoch']): string {
  const length = epoch === 'year' ? 4 : 10;
  return epoch === 'source' || date.length < length ? ring : date.slice(0, length);
}
