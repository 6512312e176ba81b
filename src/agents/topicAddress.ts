import { nodeId, type NodeId } from '../kernel/ids.ts';
import { hash32 } from '../kernel/rng.ts';

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
