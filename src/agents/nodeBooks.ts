import type { Env } from '../kernel/env.ts';
import type { AgentId, NodeId } from '../kernel/ids.ts';
import type { JournalEntry, JournalError, JournalPort } from '../memory/journal.ts';
import { createAgentLogs, type AgentLogs } from './agentLogs.ts';
import { consolidateWhenIdle } from './idleConsolidation.ts';
import { applyEntry, checkpointOf, nodeOwner, type NodeEntry, type NodeState } from './nodeLog.ts';
import type { NodeCounters } from './busReport.ts';
import type { NodeConfig, Resident } from './nodeTypes.ts';

/** Entries in a node's log before it is replaced by a checkpoint. */
const CHECKPOINT_ENTRIES = 2_000;
/**
 * What was planted is committed this long after the start, give or take: all nodes start together, so each waits until
 * the rush is over and then takes a moment of its own.
 */
const SAVE_AFTER_MS = 3_000;
const SAVE_SPREAD_MS = 5_000;
/** How long a note that messages were settled may wait for an append to ride on. */
const TRIM_DELAY_MS = 500;

/** What a node writes down: its own log, and that its agents' memories are in crash memory. */
export interface NodeBooks {
  readonly agentLogs: AgentLogs;
  /** Per agent: the highest memory number that crash memory acknowledged. */
  readonly ackedSeq: ReadonlyMap<AgentId, number>;
  readonly memoriesAcked: number;
  /** Folds and appends in one step, so that the order of the log is the order of what happened. */
  append(entries: readonly NodeEntry[], more: readonly JournalEntry[], done: () => void): void;
  /** Commits what was planted. Until then it can be planted again, and nothing of it counts as acknowledged. */
  save(resident: Resident): void;
  noteAcked(id: AgentId, seq: number, records: number): void;
  /** A peer settled everything below `below`: noted with the next append, or soon. */
  settled(to: NodeId, below: number): void;
  /** What a peer settled and is not noted yet: everything below; 0 for nothing. */
  settledBy(to: NodeId): number;
  takeTrims(): NodeEntry[];
  close(): void;
}

/** A node's own counts at its start. */
export const noCounts = (): Omit<NodeCounters, 'full' | 'memoriesAcked'> => ({
  accepted: 0,
  dealt: 0,
  deadLettered: 0,
  failures: 0,
  poisoned: 0,
  expired: 0,
  staleReplies: 0,
  memorySent: 0,
  memoryReceived: 0,
  clockRefused: 0,
  redelivered: 0,
});

export function createNodeBooks(
  env: Env,
  journal: JournalPort,
  config: NodeConfig,
  state: NodeState,
  residents: readonly Resident[],
  fail: (error: JournalError) => void,
): NodeBooks {
  const owner = nodeOwner(config.self);
  const ackedSeq = new Map<AgentId, number>();
  const trims = new Map<NodeId, number>();
  const unsaved = new Map<Resident, () => readonly JournalEntry[]>();
  let memoriesAcked = 0;
  let entriesSinceCheckpoint = 0;
  let trimTimer = false;
  let closed = false;

  const agentLogs = createAgentLogs(env, journal, config.consolidateMs, residents, (e) => {
    if (!closed) fail(e);
  });
  for (const r of residents) {
    if (!r.memory || r.id === 'gate') continue;
    if (r.unsaved) unsaved.set(r, r.unsaved);
    else ackedSeq.set(r.id, r.memory.size);
  }
  if (unsaved.size > 0)
    env.setTimer(SAVE_AFTER_MS + env.random('save').next() * SAVE_SPREAD_MS, () => {
      for (const r of [...unsaved.keys()]) save(r);
    });

  function save(resident: Resident): void {
    const entries = unsaved.get(resident);
    if (!entries || closed) return;
    unsaved.delete(resident);
    const seq = resident.memory!.size;
    const saved = entries();
    agentLogs.note(resident.id, saved.length);
    append([], saved, () => noteAcked(resident.id as AgentId, seq, seq));
  }

  function noteAcked(id: AgentId, seq: number, records: number): void {
    memoriesAcked += records;
    ackedSeq.set(id, seq);
  }

  function append(entries: readonly NodeEntry[], more: readonly JournalEntry[], done: () => void): void {
    for (const entry of entries) applyEntry(state, entry);
    entriesSinceCheckpoint += entries.length;
    journal.append([...entries.map((e) => ({ owner, text: JSON.stringify(e) })), ...more], (r) => {
      if (closed) return;
      if (r.ok) done();
      else fail(r.error);
    });
    if (entriesSinceCheckpoint > CHECKPOINT_ENTRIES) {
      entriesSinceCheckpoint = 0;
      journal.checkpoint(owner, [JSON.stringify(checkpointOf(state))], (r) => {
        if (!r.ok && !closed) fail(r.error);
      });
    }
  }

  function takeTrims(): NodeEntry[] {
    const entries = [...trims].map(([to, below]): NodeEntry => ['trim', to, below]);
    trims.clear();
    return entries;
  }

  if (config.consolidateMs !== undefined)
    consolidateWhenIdle(env, residents, config.consolidateMs, { agentLogs, save, append }, () => closed);

  return {
    agentLogs,
    ackedSeq,
    get memoriesAcked() {
      return memoriesAcked;
    },
    append,
    save,
    noteAcked,
    settled(to, below) {
      trims.set(to, below);
      if (trimTimer) return;
      trimTimer = true;
      env.setTimer(TRIM_DELAY_MS, () => {
        trimTimer = false;
        if (!closed && trims.size > 0) append(takeTrims(), [], () => undefined);
      });
    },
    settledBy: (to) => trims.get(to) ?? 0,
    takeTrims,
    close() {
      closed = true;
    },
  };
}
