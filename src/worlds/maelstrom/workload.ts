import type { Cluster } from './cluster.ts';
import { ERROR, errorBody, type Body } from './protocol.ts';

/** Answers a request, once, now or later. */
export type Reply = (body: Body) => void;

/** One of Maelstrom's workloads on a node. */
export interface Workload {
  /** Deals with a request of a client; false when it is none of this workload's. */
  ask(request: Body, reply: Reply): boolean;
  /** A message of another node; kinds of other workloads pass by. */
  hear(from: string, kind: string, body: unknown): void;
}

export type CreateWorkload = (cluster: Cluster) => Workload;

export const malformed = (text: string): Body => errorBody(ERROR.malformedRequest, text);

export const noRoom = (): Body =>
  errorBody(
    ERROR.temporarilyUnavailable,
    'Too much waits for nodes that cannot be reached; try again later.',
  );
