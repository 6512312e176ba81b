import type { Env } from '../kernel/env.ts';
import type { JournalEntry } from '../memory/journal.ts';
import { carryOutWishes, noWishes } from '../memory/memoryTurn.ts';
import { agentLogEntry } from './agentLog.ts';
import type { AgentLogs } from './agentLogs.ts';
import type { Resident } from './nodeTypes.ts';

export interface IdleBooks {
  readonly agentLogs: AgentLogs;
  /** Commits what was planted, before anything else of that agent. */
  save(resident: Resident): void;
  append(entries: readonly [], more: readonly JournalEntry[], done: () => void): void;
}

/**
 * Lets memories consolidate that no turn touches: one agent at a time, each about once in `consolidateMs`, so that a
 * node of many agents never does all of them in one go. A memory of which nothing is due writes nothing.
 */
export function consolidateWhenIdle(
  env: Env,
  residents: readonly Resident[],
  consolidateMs: number,
  books: IdleBooks,
  isClosed: () => boolean,
): void {
  const agents = residents.filter((r) => r.memory !== null && r.id !== 'gate');
  if (agents.length === 0) return;
  const everyMs = consolidateMs / agents.length;
  let next = 0;
  function tick(): void {
    if (isClosed()) return;
    const resident = agents[next++ % agents.length]!;
    const { id, memory } = resident;
    if (memory && id !== 'gate' && books.agentLogs.mayConsolidate(id)) {
      const { log } = carryOutWishes(memory, noWishes(), env.now(), true);
      if (log.length > 0) {
        books.save(resident);
        books.agentLogs.note(id, log.length);
        books.append(
          [],
          log.map((entry) => agentLogEntry(id, entry)),
          () => undefined,
        );
        books.agentLogs.checkpoint(resident, false);
      }
    }
    env.setTimer(everyMs, tick);
  }
  // Nodes start together: each begins at a moment of its own.
  env.setTimer(consolidateMs + env.random('consolidate').next() * everyMs, tick);
}
