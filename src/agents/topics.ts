import { nodeId, type NodeId } from '../kernel/ids.ts';
import { hash32 } from '../kernel/rng.ts';
import type { Level, Message } from '../bus/wire.ts';
import { subscribersOf, type NodeEntry, type NodeState } from './nodeLog.ts';

const TOPIC = 'topic/';

/** The address of a topic on the bus: what is sent there reaches all who subscribed. */
export const topicAddress = (topic: string): string => TOPIC + topic;
export const isTopic = (address: string): boolean => address.startsWith(TOPIC);
export const topicOf = (address: string): string => address.slice(TOPIC.length);

/** Messages to a topic that change who hears it. */
export const SUBSCRIBE = 'topic/subscribe';
export const UNSUBSCRIBE = 'topic/unsubscribe';

/** The node where a topic lives, the same for all: one of 1 to `nodes`. */
export const topicHome = (address: string, nodes: number): NodeId => nodeId(1 + (hash32(address) % nodes));

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
}
