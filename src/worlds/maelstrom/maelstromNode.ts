import type { Env } from '../../kernel/env.ts';
import { createBroadcast } from './broadcast.ts';
import { joinCluster, type ClusterConfig, type ClusterLink } from './cluster.ts';
import { createCounter } from './counter.ts';
import { createEcho } from './echo.ts';
import { createLogs } from './logs.ts';
import { ERROR, errorBody, readEnvelope, type Body } from './protocol.ts';
import { createUniqueIds } from './uniqueIds.ts';
import { malformed, type CreateWorkload, type Reply, type Workload } from './workload.ts';

export interface MaelstromNodeConfig {
  /** Higher for each start of a node of that name. */
  readonly incarnation: number;
  /** Takes a line, without its end, to Maelstrom. */
  readonly write: (line: string) => void;
  /** Hears what is no message of the protocol. */
  readonly complain: (what: string) => void;
  /** In the order in which they are asked. */
  readonly workloads?: readonly CreateWorkload[];
  readonly connect?: ClusterConfig['connect'];
}

/** A node of a Maelstrom test. */
export interface MaelstromNode {
  /** One line of its input. */
  hear(line: string): void;
  close(): void;
}

/** All of Maelstrom's workloads that a node knows. The counter is last: it takes every `read` that is nobody else's. */
const allWorkloads = (incarnation: number): CreateWorkload[] => [
  createEcho,
  createUniqueIds(incarnation),
  createBroadcast,
  createLogs(),
  createCounter,
];

/** A node that waits for `init` and then serves every workload it knows, over the bus. */
export function createMaelstromNode(env: Env, config: MaelstromNodeConfig): MaelstromNode {
  let self = '';
  let link: ClusterLink | null = null;
  let workloads: Workload[] = [];
  let lastId = 0;

  const write = (dest: string, body: Body): void =>
    config.write(JSON.stringify({ src: self, dest, body: { ...body, msg_id: ++lastId } }));

  function init(body: Body): Body {
    const id = body['node_id'];
    const ids = body['node_ids'];
    if (
      typeof id !== 'string' ||
      !Array.isArray(ids) ||
      !ids.every((n) => typeof n === 'string') ||
      !ids.includes(id)
    )
      return malformed('init needs a node_id, and node_ids with it');
    if (link !== null) return id === self ? { type: 'init_ok' } : malformed(`this node is ${self} already`);
    self = id;
    link = joinCluster(env, {
      self,
      nodes: ids,
      incarnation: config.incarnation,
      post: write,
      onMessage(from, kind, message) {
        for (const workload of workloads) workload.hear(from, kind, message);
      },
      ...(config.connect && { connect: config.connect }),
    });
    const { cluster } = link;
    workloads = (config.workloads ?? allWorkloads(config.incarnation)).map((create) => create(cluster));
    return { type: 'init_ok' };
  }

  function ask(body: Body, reply: Reply): void {
    if (body.type === 'init') return reply(init(body));
    if (link === null) return reply(errorBody(ERROR.temporarilyUnavailable, 'This node waits for init.'));
    try {
      if (workloads.some((workload) => workload.ask(body, reply))) return;
      reply(errorBody(ERROR.notSupported, `There is no request ${body.type} here.`));
    } catch (e) {
      reply(errorBody(ERROR.crash, e instanceof Error ? e.message : String(e)));
    }
  }

  return {
    hear(line) {
      if (line.trim() === '') return;
      const envelope = readEnvelope(line);
      if (envelope === null) {
        config.complain(`no message of the protocol: ${line.slice(0, 200)}`);
        return;
      }
      const { src, body } = envelope;
      if (body.type === 'frame') {
        link?.hearFrame(body);
        return;
      }
      // Nothing is ever asked of others by this protocol, so an answer is a stray.
      if (body.in_reply_to !== undefined) return;
      const { msg_id: id } = body;
      ask(body, (answer) => write(src, id === undefined ? answer : { ...answer, in_reply_to: id }));
    },
    close: () => link?.close(),
  };
}
