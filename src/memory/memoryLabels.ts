import type { MemoryOptions } from './options.ts';
import type { MemoryDraft } from './record.ts';

/** The label of the growth ring that a memory belongs to. */
export function ringLabel({ date, ring }: MemoryDraft, epoch: MemoryOptions['epoch']): string {
  const length = epoch === 'year' ? 4 : 10;
  return epoch === 'source' || epoch === 'session' || date.length < length ? ring : date.slice(0, length);
}
