import { assert } from '../kernel/assert.ts';
import type { AgentId } from '../kernel/ids.ts';
import type { AgentMemory } from '../memory/agentMemoryTypes.ts';
import type { JournalEntry } from '../memory/journal.ts';
import type { MemoryEvent } from '../memory/memoryEvent.ts';
import { agentOwner } from './nodeLog.ts';

/** Entries of an agent's log in crash memory. */
export type AgentEntry =
  | MemoryEvent
  /** The agent's share of the corpus of that name is in: it need not be planted again. */
  | readonly ['planted', string];

/** Rebuilds a memory from its log; returns the corpus whose share is in, or null. Throws AssertionError if the log has a hole. */
export function replayAgentLog(memory: AgentMemory, texts: readonly string[]): string | null {
  let planted: string | null = null;
  for (const text of texts) {
    const entry = JSON.parse(text) as AgentEntry;
    if (entry[0] === 'planted') {
      planted = entry[1];
      continue;
    }
    const r = memory.replay(entry);
    assert(r.ok, 'a log held more than the budget of the memory that wrote it');
  }
  return planted;
}

/** The log that stands for all that was logged so far: replayed, it gives the same memory. */
export function agentCheckpoint(memory: AgentMemory, planted: string | null): string[] {
  const entries: AgentEntry[] = memory.checkpoint();
  if (planted !== null) entries.push(['planted', planted]);
  return entries.map((entry) => JSON.stringify(entry));
}

/** Entries in an agent's log before it is replaced by a checkpoint, at least; a big memory waits until it has doubled. */
const CHECKPOINT_ENTRIES = 1_000;
/** Whether a log with so many entries since its last checkpoint is worth one: its writing is paid for by what it saves. */
export const wantsCheckpoint = (memory: AgentMemory, entries: number): boolean =>
  entries > Math.max(CHECKPOINT_ENTRIES, memory.size);

/** An entry on its way into the journal. */
export const agentLogEntry = (id: AgentId, entry: AgentEntry): JournalEntry => ({
  owner: agentOwner(id),
  text: JSON.stringify(entry),
});

/** How entries begin that have a memory's number. */
const NUMBERED = /^\["(?:memory|kept|gone)",/;

/** The number of the memory that a committed text of an agent's log holds, or held before it was forgotten; 0 when it is about none. */
export function committedSeq(text: string): number {
  if (!NUMBERED.test(text)) return 0;
  const entry = JSON.parse(text) as Extract<MemoryEvent, readonly ['memory' | 'kept' | 'gone', ...unknown[]]>;
  return entry[0] === 'gone' ? entry[1] : entry[1].seq;
}
