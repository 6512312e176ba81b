declare const brand: unique symbol;

/** `Base`, told apart from other uses of `Base` by the compiler only. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };

/** A host of agents: a small whole number, stable over restarts. 0 is the gate, the conductor's own endpoint. */
export type NodeId = Brand<number, 'NodeId'>;
/** One agent, e.g. `a017`; stable over restarts and moves between nodes. */
export type AgentId = Brand<string, 'AgentId'>;
/** A group of nodes with a latency to the others. */
export type RegionId = Brand<string, 'RegionId'>;
/** How many times a node has been started, from 1. Frames of a lower incarnation are refused. */
export type Incarnation = Brand<number, 'Incarnation'>;
/** One question's way through the grove, from its intended send time to its answer. */
export type InteractionId = Brand<string, 'InteractionId'>;

export const nodeId = (n: number): NodeId => n as NodeId;
export const regionId = (s: string): RegionId => s as RegionId;
export const incarnation = (n: number): Incarnation => n as Incarnation;
export const interactionId = (s: string): InteractionId => s as InteractionId;
/** The agent's id for its index (from 0): `a000`, `a001`, ... */
export const agentId = (index: number): AgentId => `a${String(index).padStart(3, '0')}` as AgentId;

/** The conductor's endpoint on the bus: where questions enter and answers leave. */
export const GATE: NodeId = nodeId(0);
