import { createEndpoint } from '../../bus/endpoint.ts';
import { createHlc, observe, tick } from '../../bus/hlc.ts';
import type { BusOptions } from '../../bus/options.ts';
import { busOptions } from '../../bus/options.ts';
import { assert } from '../../kernel/assert.ts';
import type { Env } from '../../kernel/env.ts';
import { incarnation, nodeId } from '../../kernel/ids.ts';
import { createFrameChannels } from './frameChannels.ts';
import type { Body } from './protocol.ts';

/** The nodes of one Maelstrom test, joined by the bus: what one sends another arrives once and in order, sooner or later. */
export interface Cluster {
  readonly env: Env;
  readonly self: string;
  /** Every node, this one included, in an order that all share. */
  readonly nodes: readonly string[];
  /** Whether the queues have room for another message to every node. What may be refused asks first. */
  readonly hasRoom: boolean;
  /** To another node. */
  send(to: string, kind: string, body: unknown): void;
  /** To all other nodes. */
  sendAll(kind: string, body: unknown): void;
}

/** A cluster with the door through which its frames come in. */
export interface ClusterLink {
  readonly cluster: Cluster;
  hearFrame(body: Body): void;
  close(): void;
}

export interface ClusterConfig {
  readonly self: string;
  readonly nodes: readonly string[];
  /** Higher for each start of a node of that name. */
  readonly incarnation: number;
  /** Takes a frame to a node; it may get lost. */
  readonly post: (to: string, body: Body) => void;
  readonly onMessage: (from: string, kind: string, body: unknown) => void;
  /** Joins the nodes; another one than the bus shows what the bus is good for. */
  readonly connect?: typeof createEndpoint;
}

const GROVE = 'maelstrom';
/** So many messages may wait in all before requests are refused. */
const QUEUED_MAX = 50_000;

function defaults(): BusOptions {
  const parsed = busOptions.parse({
    // Maelstrom's network takes tens of milliseconds, and every line counts in its statistics.
    resendFloorMs: 300,
    ackDelayMs: 10,
    queueMessages: 2 * QUEUED_MAX,
  });
  assert(parsed.ok, 'the options of the bus are sound');
  return parsed.value;
}

/** Joins a node to the others. */
export function joinCluster(env: Env, config: ClusterConfig): ClusterLink {
  const nodes = [...config.nodes].sort();
  const number = new Map(nodes.map((name, i) => [name, i]));
  const self = number.get(config.self);
  assert(self !== undefined, `${config.self} is one of the nodes`);
  const others = nodes.filter((name) => name !== config.self);
  const channels = createFrameChannels(
    GROVE,
    self,
    others.map((name) => number.get(name)!),
    (to, channel, frame) => config.post(nodes[to]!, { type: 'frame', channel, frame }),
  );
  const endpoint = (config.connect ?? createEndpoint)(env, channels.port, {
    grove: GROVE,
    self: nodeId(self),
    inc: incarnation(config.incarnation),
    options: defaults(),
    onMessages(from, _first, messages) {
      for (const { kind, body, hlc } of messages) {
        observe(clock, hlc, env.now(), defaults().clockDriftMs);
        config.onMessage(nodes[from]!, kind, body);
      }
    },
  });
  const clock = createHlc();
  const send = (to: string, kind: string, body: unknown): void => {
    const message = { from: config.self, to, kind, body, hlc: tick(clock, env.now()) };
    const seq = endpoint.send(nodeId(number.get(to)!), message);
    assert(seq > 0, 'there is room for what was not refused');
  };
  return {
    cluster: {
      env,
      self: config.self,
      nodes,
      get hasRoom() {
        return endpoint.unsettled() < QUEUED_MAX;
      },
      send,
      sendAll(kind, body) {
        for (const name of others) send(name, kind, body);
      },
    },
    hearFrame(body) {
      if (typeof body['channel'] === 'string') channels.hear(body['channel'], body['frame']);
    },
    close: () => endpoint.close(),
  };
}
