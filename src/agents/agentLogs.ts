import type { Env } from '../kernel/env.ts';
import type { AgentMemory } from '../memory/agentMemoryTypes.ts';
import type { JournalError, JournalPort } from '../memory/journal.ts';
import { agentCheckpoint, wantsCheckpoint } from './agentLog.ts';
import { agentOwner } from './nodeLog.ts';

/** Where an agent's log stands when its node comes up. */
export interface AgentLogStart {
  readonly entries: number;
  /** The corpus whose share is in; null for none. */
  readonly planted: string | null;
}

/** An agent of the node, as far as its log goes. */
export interface LoggedAgent {
  readonly id: string;
  readonly memory: AgentMemory | null;
  readonly log?: AgentLogStart;
}

/** Keeps the logs of a node's agents short, and their consolidations apart in time. */
export interface AgentLogs {
  /** So many entries of the agent were handed to the journal. */
  note(id: string, entries: number): void;
  /** Whether the agent's memory may consolidate now; if so it counts as done. */
  mayConsolidate(id: string): boolean;
  /**
   * Replaces the agent's log by a checkpoint when it has grown enough, or at once. To be called in the same turn as the
   * append of what the memory did last: the journal keeps their order, so nothing is lost whenever the node dies.
   */
  checkpoint(agent: LoggedAgent, atOnce: boolean): void;
}

/** @param consolidateMs the least time between two consolidations of an agent; none takes place when undefined */
export function createAgentLogs(
  env: Env,
  journal: JournalPort,
  consolidateMs: number | undefined,
  agents: readonly LoggedAgent[],
  onFailure: (error: JournalError) => void,
): AgentLogs {
  const entriesOf = new Map(agents.map(({ id, log }) => [id, log?.entries ?? 0]));
  const consolidatedMs = new Map<string, number>();
  return {
    note: (id, entries) => void entriesOf.set(id, (entriesOf.get(id) ?? 0) + entries),
    mayConsolidate(id) {
      if (consolidateMs === undefined) return false;
      const now = env.now();
      if (now - (consolidatedMs.get(id) ?? 0) < consolidateMs) return false;
      consolidatedMs.set(id, now);
      return true;
    },
    checkpoint({ id, memory, log }, atOnce) {
      if (!memory || !(atOnce || wantsCheckpoint(memory, entriesOf.get(id) ?? 0))) return;
      const texts = agentCheckpoint(memory, log?.planted ?? null);
      entriesOf.set(id, texts.length);
      journal.checkpoint(agentOwner(id), texts, (r) => {
        if (!r.ok) onFailure(r.error);
      });
    },
  };
}
