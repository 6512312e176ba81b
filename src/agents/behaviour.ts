import type { Message } from '../bus/wire.ts';
import type { AgentId } from '../kernel/ids.ts';
import type { Env } from '../kernel/env.ts';
import type { AgentMemory } from '../memory/agentMemoryTypes.ts';
import type { DirectoryPort } from './contract.ts';
import type { MemoryDraft } from '../memory/record.ts';
import type { ModelPort } from '../provider/port.ts';

/**
 * Everything that dealing with one message brings about. Effects are gathered and committed together with the fact that
 * the message was dealt with; `commitNow` lets what was gathered so far go ahead, for a conversation inside a turn.
 * After a crash the message is dealt with again from the start; what had been committed stays and is not undone.
 */
export interface Turn {
  /** Sends to an agent, or to the gate. Goes out once it is committed. */
  send(to: string, kind: string, body: unknown): void;
  remember(draft: MemoryDraft): void;
  /** Remembers what says anew what memory `seq` of this agent said: recall prefers it from then on. */
  supersede(seq: number, draft: MemoryDraft): void;
  /** Removes memories of this agent, by number, from recall at once and from crash memory with the same commit. */
  forget(seqs: readonly number[]): void;
  /** Notes that memories were of use, by number. */
  recalled(seqs: readonly number[]): void;
  commitNow(): void;
}

/** What an agent has around it. */
export interface AgentContext {
  readonly id: AgentId;
  readonly env: Env;
  readonly memory: AgentMemory;
  readonly directory: DirectoryPort;
  readonly model: ModelPort;
  /** Reports how long one access to rush memory took, in ms. */
  readonly timeRush: (ms: number) => void;
}

/** What an agent does. One instance per agent and incarnation; its own variables do not survive a crash, its memory does. */
export interface Behaviour {
  /** Deals with one message; the message counts as dealt with when the promise settles. A throw ends it as a dead letter. */
  receive(message: Message, turn: Turn): void | Promise<void>;
}
