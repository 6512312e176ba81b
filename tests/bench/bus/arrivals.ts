import type { Message } from '../../../src/bus/wire.ts';
import type { Env } from '../../../src/kernel/env.ts';
import type { PeerTask } from './plan.ts';

/** Body of a paced message: when it was sent, on the grove's clock, and what fills it up. */
export interface Stamped {
  readonly atMs: number;
  readonly pad: string;
}

/** The first fifth of each link's messages is not counted. */
export const COUNTED = 0.8;

/** How long paced messages were under way, in ms. */
export class Arrivals {
  readonly oneWayMs: number[] = [];
  readonly #env: Env;
  readonly #task: PeerTask;
  /** By peer: paced messages that came. */
  readonly #came = new Map<number, number>();

  constructor(task: PeerTask, env: Env) {
    this.#task = task;
    this.#env = env;
  }

  note(peer: number, messages: readonly Message[]): void {
    if (this.#task.perS === 0) return;
    const nowMs = this.#env.now();
    let came = this.#came.get(peer) ?? 0;
    for (const { kind, body } of messages) {
      if (kind !== 'paced') continue;
      if (++came > (1 - COUNTED) * this.#task.messages) this.oneWayMs.push(nowMs - (body as Stamped).atMs);
    }
    this.#came.set(peer, came);
  }
}
