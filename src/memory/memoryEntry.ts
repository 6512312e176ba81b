import type { MemoryDraft, MemoryRecord } from './record.ts';

/** A record without its text, which lies in the arena. */
export type Entry = Omit<MemoryRecord, 'text'>;

/** What is left of a memory that is no more. */
export const BLANK = { kind: 'exchange', speaker: '', date: '', ring: '', source: '', atMs: 0 } as const;

/** Heap cost of an entry beside its strings. */
const ENTRY_BYTES = 96;

/** What an entry takes beside its text. */
export const ownBytes = (record: MemoryDraft): number => ENTRY_BYTES + 2 * record.source.length;
