import type { AgentMemory } from './agentMemoryTypes.ts';
import type { MemoryEvent } from './memoryEvent.ts';
import type { MemoryDraft, MemoryRecord } from './record.ts';

/** What dealing with a message wants done to the agent's memory. */
export interface MemoryWishes {
  /** To remember, each with the number of the memory that it supersedes (0 for none). */
  readonly drafts: { readonly draft: MemoryDraft; readonly supersedes: number }[];
  readonly recalled: number[];
  readonly forgotten: number[];
}

export const noWishes = (): MemoryWishes => ({ drafts: [], recalled: [], forgotten: [] });
export const isIdle = ({ drafts, recalled, forgotten }: MemoryWishes): boolean =>
  drafts.length + recalled.length + forgotten.length === 0;

/** What was done, for the log, in order. */
export interface WishesDone {
  readonly log: readonly MemoryEvent[];
  readonly records: readonly MemoryRecord[];
  /** Why a draft found no room; null when all did. */
  readonly refused: string | null;
}

/** Does to a memory what a turn wants, and lets it consolidate where `consolidate` says so; tells what to log. */
export function carryOutWishes(
  memory: AgentMemory,
  { drafts, recalled, forgotten }: MemoryWishes,
  nowMs: number,
  consolidate: boolean,
): WishesDone {
  const log: MemoryEvent[] = [];
  const records: MemoryRecord[] = [];
  let refused: string | null = null;
  const logMoves = (): void => {
    const moves = memory.takeMoves();
    if (moves.length > 0) log.push(['moved', moves]);
  };
  logMoves();
  if (recalled.length > 0) {
    log.push(['recalled', recalled, nowMs]);
    memory.noteRecalled(recalled, nowMs);
    logMoves();
  }
  for (const { draft, supersedes } of drafts) {
    const r = memory.remember(draft);
    logMoves();
    if (!r.ok) {
      refused = r.error.message;
      continue;
    }
    records.push(r.value);
    log.push(['memory', r.value]);
    if (supersedes > 0 && memory.supersede(supersedes, r.value.seq))
      log.push(['superseded', supersedes, r.value.seq]);
  }
  const gone = forgotten.flatMap((seq) => memory.forget(seq));
  if (gone.length > 0) log.push(['forgotten', gone]);
  if (consolidate) {
    memory.consolidate(nowMs);
    logMoves();
  }
  return { log, records, refused };
}
