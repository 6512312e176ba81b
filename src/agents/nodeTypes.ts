import type { DeadLetter } from '../bus/deadLetters.ts';
import type { EndpointStats } from '../bus/endpointTypes.ts';
import type { LinkReducers } from '../bus/link.ts';
import type { BusOptions } from '../bus/options.ts';
import type { AgentId, Incarnation, NodeId } from '../kernel/ids.ts';
import type { AgentMemory } from '../memory/agentMemoryTypes.ts';
import type { JournalEntry, JournalError } from '../memory/journal.ts';
import type { AgentLogStart } from './agentLogs.ts';
import type { BusReport, NodeCounters } from './busReport.ts';
import type { Behaviour, SendOptions, Turn } from './behaviour.ts';

/** One agent as its node holds it. */
export interface Resident {
  readonly id: AgentId | 'gate';
  readonly behaviour: Behaviour;
  /** Null for the gate, which remembers nothing. */
  readonly memory: AgentMemory | null;
  /** What was just planted and is not in crash memory yet: committed soon, and before anything else of this agent. */
  readonly unsaved?: () => readonly JournalEntry[];
  readonly log?: AgentLogStart;
}

export interface NodeConfig {
  readonly grove: string;
  readonly self: NodeId;
  readonly inc: Incarnation;
  readonly bus: BusOptions;
  /** The least time between two consolidations of an agent's memory; none when left out. */
  readonly consolidateMs?: number;
  /** Which node hosts an address; undefined when none does. */
  readonly nodeOf: (address: string) => NodeId | undefined;
  /** The reducers of its links, for tests that bring others. */
  readonly link?: LinkReducers;
  /** An agent forgot or superseded what came from these sources. */
  readonly onChanged?: (sources: readonly string[]) => void;
  /** Crash memory said no: the node must end, and its supervisor decide. */
  readonly onFailure: (error: JournalError) => void;
  /** A message could not be dealt with and is a dead letter, or a memory found no room. */
  readonly onPoison: (what: string) => void;
}

/** A running host of agents. */
export interface Node {
  readonly counters: NodeCounters;
  readonly bus: EndpointStats;
  /** Messages accepted and not yet dealt with. */
  readonly inbox: number;
  readonly unsettled: number;
  /** Per agent: the highest memory number that crash memory acknowledged. */
  readonly ackedSeq: ReadonlyMap<AgentId, number>;
  /** All counts at this moment, as plain data. */
  report(): BusReport;
  /** What could not be dealt with: every one is counted, the newest are kept. */
  readonly deadLetters: { readonly count: number; list(): readonly DeadLetter[] };
  /** Sends as an agent, outside of dealing with a message: the gate's way to put questions. False when the link is full. */
  send(from: string, to: string, kind: string, body: unknown, options?: SendOptions): boolean;
  /** A turn as of a message to `agent` that has been dealt with: requests, subscriptions and publications from outside. */
  turnOf(agent: string): Turn;
  /** Messages to each peer since the last call. */
  takeTraffic(): Map<NodeId, number>;
  peerRestarted(peer: NodeId, inc: Incarnation): void;
  /** Gives up a peer: what waits for it ends among the dead letters. */
  abandon(peer: NodeId, reason: string): void;
  close(): void;
}
