import { DEAD_REASONS, type DeadReason } from '../bus/deadLetters.ts';
import type { Message } from '../bus/wire.ts';
import type { CancelTimer, Env } from '../kernel/env.ts';
import type { NodeId } from '../kernel/ids.ts';
import type { Schema } from '../kernel/schema.ts';

/** A kind of request: what is asked and what is replied. Both are checked on arrival, so that a reply has its type. */
export interface RequestType<Q, R> {
  readonly kind: string;
  readonly body: Schema<Q>;
  readonly reply: Schema<R>;
}

/** How a request ended. */
export type Outcome<R> =
  | { readonly type: 'reply'; readonly body: R }
  | { readonly type: 'timeout' }
  | { readonly type: 'cancelled' }
  | { readonly type: 'full' }
  | { readonly type: 'dead letter'; readonly reason: DeadReason; readonly detail: string };

/** The reply in place of one: the request ended among the dead letters. */
export const DEAD_REPLY = 'request/dead';
/** Whoever asked does not wait any more. */
export const CANCEL = 'request/cancel';

export interface DeadReply {
  readonly reason: DeadReason;
  readonly detail: string;
}

interface Waiting {
  readonly to: NodeId | undefined;
  readonly deadlineAtMs: number;
  /** Takes the reply. */
  readonly hear: (message: Message) => void;
  readonly fail: (dead: DeadReply) => void;
  readonly refuse: () => void;
}

/**
 * Requests of one incarnation of a node that wait for their reply. Their names hold node and incarnation, so that the
 * reply to an attempt of an earlier incarnation finds nobody.
 */
export class Requests {
  readonly #env: Env;
  readonly #prefix: string;
  readonly #waiting = new Map<string, Waiting>();
  #n = 0;
  /** Replies that came when nobody waited any more. */
  stale = 0;
  cancelled = 0;

  constructor(env: Env, node: number, incarnation: number) {
    this.#env = env;
    this.#prefix = `${node}.${incarnation}.`;
  }

  /**
   * Opens a request; `done` is called once.
   * @param cancel tells the other side that nobody waits
   */
  open<Q, R>(
    type: RequestType<Q, R>,
    to: NodeId | undefined,
    timeoutMs: number,
    cancel: (name: string) => void,
    done: (outcome: Outcome<R>) => void,
  ): { readonly name: string; readonly cancel: CancelTimer } {
    const name = `${this.#prefix}${++this.#n}`;
    const end = (outcome: Outcome<R>): void => {
      if (!this.#waiting.delete(name)) return;
      stopTimer();
      done(outcome);
    };
    const stopTimer = this.#env.setTimer(timeoutMs, () => end({ type: 'timeout' }));
    this.#waiting.set(name, {
      to,
      deadlineAtMs: this.#env.now() + timeoutMs,
      // The call that opened it has to come back first.
      refuse: () => this.#env.defer(() => end({ type: 'full' })),
      hear(message) {
        const r = type.reply.parse(message.body);
        if (r.ok) end({ type: 'reply', body: r.value });
        else
          end({
            type: 'dead letter',
            reason: 'malformed',
            detail: `the reply to a ${type.kind} has another shape than agreed`,
          });
      },
      fail: (dead) => end({ type: 'dead letter', ...dead }),
    });
    return {
      name,
      cancel: () => {
        if (!this.#waiting.has(name)) return;
        this.cancelled++;
        cancel(name);
        end({ type: 'cancelled' });
      },
    };
  }

  /** Opened so far, and of those without an end. */
  get opened(): number {
    return this.#n;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** A reply came. Returns whether somebody waited for it. */
  hear(message: Message): boolean {
    const waiting = this.#waiting.get(message.reply ?? '');
    if (!waiting) {
      this.stale++;
      return false;
    }
    if (message.kind === DEAD_REPLY) waiting.fail(readDeadReply(message.body));
    else waiting.hear(message);
    return true;
  }

  /** The request of that name ended among the dead letters. */
  fail(name: string, dead: DeadReply): void {
    this.#waiting.get(name)?.fail(dead);
  }

  /** The link takes no more: the request was not sent. */
  full(name: string): void {
    this.#waiting.get(name)?.refuse();
  }

  deadlineOf(name: string): number {
    return this.#waiting.get(name)?.deadlineAtMs ?? Infinity;
  }

  /** A node was given up: nothing of it will be replied. */
  abandon(node: NodeId, dead: DeadReply): void {
    for (const waiting of [...this.#waiting.values()]) if (waiting.to === node) waiting.fail(dead);
  }
}

function readDeadReply(body: unknown): DeadReply {
  const { reason, detail } = (body ?? {}) as Record<string, unknown>;
  return {
    reason: DEAD_REASONS.find((known) => known === reason) ?? 'malformed',
    detail: typeof detail === 'string' ? detail : '',
  };
}
