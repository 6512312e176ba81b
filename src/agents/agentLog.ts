import { assert } from '../kernel/assert.ts';
import type { AgentId } from '../kernel/ids.ts';
import type { AgentMemory } from '../memory/agentMemoryTypes.ts';
import type { JournalEntry } from '../memory/journal.ts';
import type { MemoryEvent } from '../memory/memoryEvent.ts';
import { hasHole, type HoleEntry } from './hole.ts';
import { replayHoled } from './holedMemory.ts';
import { agentOwner } from './nodeLog.ts';

/** Entries of an agent's log in crash memory. */
export type AgentEntry =
  | MemoryEvent
  /** The agent's share of the corpus of that name is in: it need not be planted again. */
  | readonly ['planted', string]
  | HoleEntry;

/** What came of replaying an agent's log. */
export interface AgentReplay {
  /** The corpus whose share is in; null when none is. */
  readonly planted: string | null;
  /** A part of the log was lost in crash memory: the memory is what could be had, and wants a checkpoint. */
  readonly holed: boolean;
}

/**
 * Rebuilds a memory from its log. Throws AssertionError for a log with entries missing where crash memory noted no hole:
 * that is no damage but a mistake.
 */
export function replayAgentLog(memory: AgentMemory, texts: readonly string[]): AgentReplay {
  const holed = hasHole(texts);
  const left: MemoryEvent[] = [];
  let planted: string | null = null;
  for (const text of texts) {
    const entry = JSON.parse(text) as AgentEntry;
    if (entry[0] === 'hole') continue;
    if (entry[0] === 'planted') planted = entry[1];
    else if (holed) left.push(entry);
    else assert(memory.replay(entry).ok, 'a log held more than the budget of the memory that wrote it');
  }
  replayHoled(memory, left);
  return { planted, holed };
}

/** The log that stands for all that was logged so far: replayed, it gives the same memory. */
export function agentCheckpoint(memory: AgentMemory, planted: string | null): string[] {
  const entries: AgentEntry[] = memory.checkpoint();
  if (planted !== null) entries.push(['planted', planted]);
  return entries.map((entry) => JSON.stringify(entry));
}

/** Entries that a checkpoint must save at least. */
const CHECKPOINT_ENTRIES = 1_000;
/**
 * Whether a log of so many entries is worth replacing by a checkpoint, which has about one for each memory: its writing is
 * paid for by what it saves. A log that was just planted, or replaced, is as short as it can be.
 */
export const wantsCheckpoint = (memory: AgentMemory, entries: number): boolean =>
  entries - memory.size > Math.max(CHECKPOINT_ENTRIES, memory.size);

/** An entry on its way into the journal. */
export const agentLogEntry = (id: AgentId, entry: AgentEntry): JournalEntry => ({
  owner: agentOwner(id),
  text: JSON.stringify(entry),
});

/** How entries begin that have a memory's number. */
const NUMBERED = /^\["(?:memory|kept|gone)",/;

const SEQ = '"seq":';

/** The number of a record where it is the last thing in the entry; 0 where it is not. No text in it can end so: its quotes are escaped. */
function lastSeq(text: string): number {
  const end = text.length - 2;
  let from = end;
  for (let c = text.charCodeAt(from - 1); c >= 48 && c <= 57; c = text.charCodeAt(from - 1)) from--;
  return text.endsWith('}]') && from < end && text.endsWith(SEQ, from) ? Number(text.slice(from, end)) : 0;
}

/** The number of the memory that a committed text of an agent's log holds, or held before it was forgotten; 0 when it is about none. */
export function committedSeq(text: string): number {
  if (!NUMBERED.test(text)) return 0;
  const last = lastSeq(text);
  if (last > 0) return last;
  const entry = JSON.parse(text) as Extract<MemoryEvent, readonly ['memory' | 'kept' | 'gone', ...unknown[]]>;
  return entry[0] === 'gone' ? entry[1] : entry[1].seq;
}
