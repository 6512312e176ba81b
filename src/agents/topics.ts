import type { Level, Message } from '../bus/wire.ts';
import { SUBSCRIBE, topicOf, UNSUBSCRIBE } from './topicAddress.ts';
import type { Draft, TurnHost } from './turn.ts';
import { subscribersOf, type NodeEntry, type NodeState } from './nodeLog.ts';

/**
 * Who hears the topics whose home is this node. Subscriptions of level `durable` lie in the node's log and outlive both
 * sides; those of level `memory` last as long as this incarnation.
 */
export class Topics {
  readonly #state: NodeState;
  readonly #passing = new Map<string, Set<string>>();

  constructor(state: NodeState) {
    this.#state = state;
  }

  /** Takes a message that changes who hears; returns what is to be committed, or null when it is none. */
  change(message: Message, level: Level): readonly NodeEntry[] | null {
    const topic = topicOf(message.to);
    const { from, kind } = message;
    if (kind !== SUBSCRIBE && kind !== UNSUBSCRIBE) return null;
    if (level === 'durable') return [[kind === SUBSCRIBE ? 'subscribe' : 'unsubscribe', topic, from]];
    const set = this.#passing.get(topic) ?? new Set();
    this.#passing.set(topic, set);
    if (kind === SUBSCRIBE) set.add(from);
    else set.delete(from);
    return [];
  }

  /** Who is to get a publication, and at which level: the lower of the publication's and the subscription's. */
  audience(topic: string, level: Level): readonly (readonly [string, Level])[] {
    const durable = subscribersOf(this.#state, topic);
    const passing = [...(this.#passing.get(topic) ?? [])].filter((address) => !durable.has(address));
    return [
      ...[...durable].map((address) => [address, level] as const),
      ...passing.map((address) => [address, 'memory'] as const),
    ];
  }

  /**
   * Sends a publication to all who hear its topic: at level `memory` as there is room, then hands the durable copies, for
   * which room was taken and given back, to `done`. As any slow turn, it stays in hand while one of its hearers has no room,
   * and so slows its publisher.
   */
  publish(message: Message, level: Level, host: TurnHost, done: (durable: readonly Draft[]) => void): void {
    const topic = topicOf(message.to);
    const { from, kind, body, deadlineAtMs } = message;
    const late = deadlineAtMs === undefined ? {} : { deadlineAtMs };
    const passing: Draft[] = [];
    const durable: Draft[] = [];
    for (const [to, at] of this.audience(topic, level))
      (at === 'durable' ? durable : passing).push({ from, to, kind, body, topic, ...late });
    let ready = 0;
    const go = (): void => {
      if (host.isClosed()) return;
      for (let next = passing[0]; next; next = passing[0]) {
        if (!host.sendNow(next)) return host.room.when(next.to, 'memory', go);
        passing.shift();
      }
      for (; ready < durable.length; ready++) {
        const { to } = durable[ready]!;
        if (!host.room.reserve(to)) return host.room.when(to, 'durable', go);
      }
      host.room.release(durable);
      done(durable);
    };
    go();
  }
}
