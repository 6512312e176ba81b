import { tick, type HlcState } from '../bus/hlc.ts';
import type { Message } from '../bus/wire.ts';
import type { Env } from '../kernel/env.ts';
import { stamped, type Draft } from './turn.ts';

/**
 * What a node sends itself at level `memory`. That is no link: nothing is lost, doubled or overtaken on the way, and the
 * clock that stamped a message is the receiver's too. What is sent in a turn is handed on at its end, in that order.
 */
export class OwnMail {
  readonly #env: Env;
  readonly #hlc: HlcState;
  readonly #handOn: (message: Message) => void;
  #queue: Message[] = [];
  /** When the turn began in which the queue was empty last. */
  #turnMs = 0;
  #closed = false;
  /** Sent and not dealt with. */
  inHand = 0;

  constructor(env: Env, hlc: HlcState, handOn: (message: Message) => void) {
    this.#env = env;
    this.#hlc = hlc;
    this.#handOn = handOn;
  }

  send(draft: Draft): void {
    if (this.#queue.length === 0) {
      this.#turnMs = this.#env.now();
      this.#env.defer(this.#take);
    }
    this.inHand++;
    this.#queue.push(stamped(draft, tick(this.#hlc, this.#turnMs)));
  }

  readonly #take = (): void => {
    const due = this.#queue;
    this.#queue = [];
    let i = 0;
    try {
      while (i < due.length && !this.#closed) this.#handOn(due[i++]!);
    } finally {
      // An error in one of them does not take the others with it.
      if (i < due.length && !this.#closed) {
        if (this.#queue.length === 0) this.#env.defer(this.#take);
        this.#queue = [...due.slice(i), ...this.#queue];
      }
    }
  };

  close(): void {
    this.#closed = true;
  }
}
