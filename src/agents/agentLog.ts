import type { AgentId } from '../kernel/ids.ts';
import type { JournalEntry } from '../memory/journal.ts';
import { agentOwner } from './nodeLog.ts';
import type { AgentMemory } from '../memory/agentMemory.ts';
import type { MemoryRecord } from '../memory/record.ts';
import { assert } from '../kernel/assert.ts';

/** Entries of an agent's log in crash memory. */
export type AgentEntry =
  | readonly ['memory', MemoryRecord]
  /** Memories that were recalled, by number. */
  | readonly ['recalled', readonly number[]]
  /** Its node died while the ring of that label was growing. */
  | readonly ['scar', string]
  /** The agent's share of the corpus of that name is in: it need not be planted again. */
  | readonly ['planted', string];

/** Rebuilds a memory from its log; returns the corpus whose share is in, or null. Throws AssertionError if the log has a hole. */
export function replayAgentLog(memory: AgentMemory, texts: readonly string[]): string | null {
  let planted: string | null = null;
  for (const text of texts) {
    const entry = JSON.parse(text) as AgentEntry;
    switch (entry[0]) {
      case 'memory': {
        const r = memory.restore(entry[1]);
        assert(r.ok, 'a log held more than the budget of the memory that wrote it');
        break;
      }
      case 'recalled':
        memory.noteRecalled(entry[1]);
        break;
      case 'scar':
        memory.scar(entry[1]);
        break;
      case 'planted':
        planted = entry[1];
    }
  }
  return planted;
}

/** An entry on its way into the journal. */
export const agentLogEntry = (id: AgentId, entry: AgentEntry): JournalEntry => ({
  owner: agentOwner(id),
  text: JSON.stringify(entry),
});

const MEMORY_HEAD = '["memory",';
/** The number is the record's last key as it is written; reading the whole text would cost more than storing it. */
const SEQ_AT_END = /,"seq":(\d+)\}\]$/;

/** The number of the memory that a committed text of an agent's log holds; 0 when it holds none. */
export function committedSeq(text: string): number {
  if (!text.startsWith(MEMORY_HEAD)) return 0;
  const [, seq] = SEQ_AT_END.exec(text.slice(-24)) ?? [];
  return seq === undefined ? (JSON.parse(text) as AgentEntry & { 0: 'memory' })[1].seq : Number(seq);
}
