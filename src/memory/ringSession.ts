import type { MemoryOptions } from './options.ts';
import type { MemoryDraft, MemoryRecord } from './record.ts';
import type { RingLife } from './ringLife.ts';

/** What a session takes its name and its end from: the last memory that is still there. */
export interface Before {
  readonly ring: string;
  readonly atMs: number;
}

const SESSION = /^session (\d+)$/;

/**
 * The ring of what is remembered at `atMs`, where sessions make the rings: that of the memory before it, or the next one
 * when more than `gapMs` have passed since, or when the clock stepped back, as it does from one visit to the next.
 */
export function sessionRing(before: Before | null, atMs: number, gapMs: number): string {
  const number = Number(SESSION.exec(before?.ring ?? '')?.[1] ?? 0);
  if (before === null || number === 0) return 'session 1';
  const passedMs = atMs - before.atMs;
  return passedMs < 0 || passedMs > gapMs ? `session ${number + 1}` : before.ring;
}

/** The draft in the session that it falls into, where sessions make the rings; as it is otherwise, and where it is archived. */
export function inSession(
  draft: MemoryDraft,
  entries: readonly Omit<MemoryRecord, 'text'>[],
  life: RingLife,
  { epoch, sessionGapMs }: MemoryOptions,
): MemoryDraft {
  if (epoch !== 'session' || draft.kind !== 'exchange') return draft;
  // Memories that are no more do not count: a log that is read again does not have their times.
  const before = entries.findLast((entry) => entry.kind === 'exchange' && life.isLive(entry.seq));
  return { ...draft, ring: sessionRing(before ?? null, draft.atMs, sessionGapMs) };
}
