import type { Level, Message } from '../bus/wire.ts';
import type { AgentId } from '../kernel/ids.ts';
import type { CancelTimer, Env } from '../kernel/env.ts';
import type { AgentMemory } from '../memory/agentMemoryTypes.ts';
import type { DirectoryPort } from './contract.ts';
import type { MemoryDraft } from '../memory/record.ts';
import type { ModelPort } from '../provider/port.ts';
import type { Outcome, RequestType } from './requests.ts';

/**
 * Everything that dealing with one message brings about. Effects are gathered and committed together with the fact that
 * the message was dealt with; `commitNow` lets what was gathered so far go ahead, for a conversation inside a turn.
 * After a crash the message is dealt with again from the start; what had been committed stays and is not undone.
 */
export interface Turn {
  /**
   * Sends to an agent, or to the gate. Level `durable` (the default) goes out once it is committed, `memory` at once. False
   * when the link is full: nothing was taken, and `whenRoom` tells when to try again.
   */
  send(to: string, kind: string, body: unknown, options?: SendOptions): boolean;
  /** Calls back, later, once the link to `to` has room. Until then the turn's own message keeps its room: a slow agent slows its senders. */
  whenRoom(to: string, resume: () => void, level?: Level): void;
  /**
   * Asks and calls back once, later: with the reply, a timeout, the cancellation, or why the request is a dead letter (also
   * `full`, when the link takes no more). What was gathered so far is committed with it. The answer is lost with this
   * incarnation: after a crash the turn asks again, under another name.
   */
  request<Q, R>(
    type: RequestType<Q, R>,
    to: string,
    body: Q,
    options: { readonly timeoutMs: number; readonly level?: Level },
    done: (outcome: Outcome<R>) => void,
  ): CancelTimer;
  /** Replies to the request that is dealt with, at the level on which it came; false when the link is full, or it was none. */
  reply(body: unknown): boolean;
  /** Calls back when whoever asked cancels its request: nobody waits for the reply. */
  onCancel(cancelled: () => void): void;
  /** Sends to all who subscribed to the topic; in the order of publishing, for each publisher and level. */
  publish(topic: string, kind: string, body: unknown, options?: SendOptions): boolean;
  /** Hears a topic from about now on. A `durable` subscription outlives both sides; a `memory` one the home of the topic does not. */
  subscribe(topic: string, level?: Level): boolean;
  unsubscribe(topic: string, level?: Level): boolean;
  remember(draft: MemoryDraft): void;
  /** Remembers what says anew what memory `seq` of this agent said: recall prefers it from then on. */
  supersede(seq: number, draft: MemoryDraft): void;
  /** Removes memories of this agent, by number, from recall at once and from crash memory with the same commit. */
  forget(seqs: readonly number[]): void;
  /** Notes that memories were of use, by number. */
  recalled(seqs: readonly number[]): void;
  commitNow(): void;
}

export interface SendOptions {
  readonly level?: Level;
  /** On the grove's clock, ms: what is not accepted by then ends among the dead letters. */
  readonly deadlineAtMs?: number;
}

/** What an agent has around it. */
export interface AgentContext {
  readonly id: AgentId;
  readonly env: Env;
  readonly memory: AgentMemory;
  readonly directory: DirectoryPort;
  readonly model: ModelPort;
  /** Reports how long one access to rush memory took, in ms, and the rings of what it found. */
  readonly timeRush: (ms: number, zones: ReadonlySet<string>) => void;
}

/** What an agent does. One instance per agent and incarnation; its own variables do not survive a crash, its memory does. */
export interface Behaviour {
  /**
   * Deals with one message; the message counts as dealt with when the promise settles. After a throw it
   * is dealt with again, later, without what the turn had gathered; after `bus.poisonAfter` of them it is a dead letter.
   */
  receive(message: Message, turn: Turn): void | Promise<void>;
}
