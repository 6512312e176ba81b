import type { Env } from '../kernel/env.ts';

/**
 * Those whose acks wait for a frame to ride on. There is one timer for all who may wait equally long: whoever comes to
 * owe an ack meanwhile waits less.
 */
export class OwedAcks<P> {
  readonly #env: Env;
  readonly #post: (peer: P) => void;
  readonly #soon = new Set<P>();
  readonly #later = new Set<P>();

  /** @param post posts what a peer is still owed when its time has come */
  constructor(env: Env, post: (peer: P) => void) {
    this.#env = env;
    this.#post = post;
  }

  /** Within so many ms, at most. @param isAlone its message came alone, and may wait with others of that kind */
  owe(peer: P, isAlone: boolean, withinMs: number): void {
    const waiting = isAlone ? this.#later : this.#soon;
    if (waiting.has(peer) || (isAlone && this.#soon.has(peer))) return;
    waiting.add(peer);
    if (waiting.size === 1) this.#env.setTimer(withinMs, () => this.#settle(waiting));
  }

  #settle(waiting: Set<P>): void {
    for (const peer of [...waiting]) {
      this.#soon.delete(peer);
      this.#later.delete(peer);
      this.#post(peer);
    }
  }
}
