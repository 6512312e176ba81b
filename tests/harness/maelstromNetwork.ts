import { createRng } from '../../src/kernel/rng.ts';
import type { CreateWorkload } from '../../src/worlds/maelstrom/workload.ts';
import {
  createMaelstromNode,
  type MaelstromNode,
  type MaelstromNodeConfig,
} from '../../src/worlds/maelstrom/maelstromNode.ts';
import { createMachineClock, createVirtualProcess } from '../../src/worlds/virtual/virtualEnv.ts';
import { createVirtualWorld } from '../../src/worlds/virtual/virtualWorld.ts';

/** A request of a client and what became of it. */
export interface Rpc {
  readonly client: string;
  readonly node: string;
  readonly request: Readonly<Record<string, unknown>> & { readonly type: string };
  /** Null: none came in time, so nobody knows. */
  readonly reply: (Readonly<Record<string, unknown>> & { readonly type: string }) | null;
  readonly invokedAtMs: number;
  readonly returnedAtMs: number;
}

export interface MaelstromWeather {
  /** Between nodes; what clients say arrives, as in Maelstrom. */
  readonly loss: number;
  readonly duplication: number;
  readonly latencyMs: number;
}

export interface MaelstromTest {
  readonly seed: string;
  readonly nodes: number;
  readonly clients: number;
  readonly durationMs: number;
  readonly weather: MaelstromWeather;
  /** A partition lasts for half of this, then there is none for as long; 0: none at all. */
  readonly partitionEveryMs: number;
  readonly workloads?: readonly CreateWorkload[];
  readonly connect?: MaelstromNodeConfig['connect'];
}

/** A client of a test: what it asks next, knowing how what it asked before went; null: nothing now. */
export type Client = (rpcs: readonly Rpc[], random: ReturnType<typeof createRng>) => Rpc['request'] | null;

const TIMEOUT_MS = 5_000;
const CLIENT_GAP_MS = 40;
const SETTLE_MS = 20_000;

/** A run that is over: all requests, and those made when the network was whole again, each of the latter to each node. */
export interface MaelstromRun {
  readonly rpcs: readonly Rpc[];
  readonly finals: readonly Rpc[];
  readonly nodes: readonly string[];
  readonly complaints: readonly string[];
  /** Lines between nodes. */
  readonly lines: number;
}

/**
 * Maelstrom's network in virtual time: nodes that read and write lines, clients that ask one thing after another, loss,
 * duplication, delay and partitions between the nodes, drawn from the seed.
 * @param client makes a client's mind; no two have one number
 * @param finals what every node is asked in the end, one after another, until it has no more
 */
export async function runMaelstrom(
  test: MaelstromTest,
  client: (serial: number) => Client,
  finals: Client,
): Promise<MaelstromRun> {
  const world = createVirtualWorld({ seed: test.seed });
  const { clock } = world;
  const rng = createRng(`${test.seed}/maelstrom`);
  const names = Array.from({ length: test.nodes }, (_, i) => `n${i + 1}`);
  const nodes = new Map<string, MaelstromNode>();
  const waiting = new Map<string, (reply: Rpc['reply']) => void>();
  const complaints: string[] = [];
  let side = new Set<string>();
  let weather = test.weather;
  let lines = 0;

  function route(line: string): void {
    const { src, dest, body } = JSON.parse(line) as {
      src: string;
      dest: string;
      body: { in_reply_to?: number };
    };
    if (dest.startsWith('c')) {
      const answer = waiting.get(`${dest}/${body.in_reply_to ?? ''}`);
      clock.at(clock.nowMs + rng.next(), () => answer?.(body as unknown as Rpc['reply']));
      return;
    }
    lines++;
    const to = nodes.get(dest);
    if (!to) complaints.push(`${src} wrote to ${dest}, which is not there`);
    if (side.has(src) !== side.has(dest) || rng.next() < weather.loss) return;
    for (let i = rng.next() < weather.duplication ? 2 : 1; i > 0; i--)
      clock.at(clock.nowMs + rng.exponential(weather.latencyMs), () => to?.hear(line));
  }

  names.forEach((name, i) => {
    const { env } = createVirtualProcess(world, i, name, createMachineClock(world, 1 + 0.01 * rng.next()));
    nodes.set(
      name,
      createMaelstromNode(env, {
        incarnation: 1,
        write: route,
        complain: (what) => void complaints.push(what),
        ...(test.workloads && { workloads: test.workloads }),
        ...(test.connect && { connect: test.connect }),
      }),
    );
  });

  let id = 0;
  function rpc(from: string, node: string, request: Rpc['request'], done: (rpc: Rpc) => void): void {
    const key = `${from}/${++id}`;
    const invokedAtMs = clock.nowMs;
    const end = (reply: Rpc['reply']): void => {
      clock.cancel(timeout);
      waiting.delete(key);
      done({ client: from, node, request, reply, invokedAtMs, returnedAtMs: reply ? clock.nowMs : Infinity });
    };
    const timeout = clock.at(clock.nowMs + TIMEOUT_MS, () => end(null));
    waiting.set(key, end);
    const line = JSON.stringify({ src: from, dest: node, body: { ...request, msg_id: id } });
    clock.at(clock.nowMs + rng.next(), () => nodes.get(node)!.hear(line));
  }

  for (const name of names)
    rpc('c0', name, { type: 'init', node_id: name, node_ids: names }, ({ reply }) => {
      if (reply?.type !== 'init_ok') complaints.push(`${name} answers init with ${JSON.stringify(reply)}`);
    });
  await world.run(10);

  const rpcs: Rpc[] = [];
  const endMs = test.durationMs;
  for (let i = 0; i < test.clients; i++) {
    let life = 0;
    const node = names[i % names.length]!;
    const own = rng.fork(`client ${i}`);
    const begin = (): void => {
      // A client whose request timed out is gone for good; another one comes in its place.
      const serial = i + test.clients * life++;
      const name = `c${serial + 1}`;
      const next = client(serial);
      const mine: Rpc[] = [];
      const step = (): void => {
        if (clock.nowMs > endMs) return;
        const request = next(mine, own);
        const again = (): void => void clock.at(clock.nowMs + own.exponential(CLIENT_GAP_MS), step);
        if (request === null) return again();
        rpc(name, node, request, (done) => {
          mine.push(done);
          rpcs.push(done);
          if (done.reply === null || done.reply['code'] === 0) begin();
          else again();
        });
      };
      clock.at(clock.nowMs + own.exponential(CLIENT_GAP_MS), step);
    };
    begin();
  }
  if (test.partitionEveryMs > 0)
    for (let atMs = 1_000; atMs < endMs; atMs += test.partitionEveryMs) {
      clock.at(atMs, () => (side = new Set(names.filter(() => rng.next() < 0.5))));
      clock.at(Math.min(endMs, atMs + test.partitionEveryMs / 2), () => (side = new Set()));
    }
  clock.at(endMs, () => (weather = { ...weather, loss: 0, duplication: 0 }));
  await world.run(endMs + SETTLE_MS);

  const last: Rpc[] = [];
  names.forEach((node, i) => {
    const mine: Rpc[] = [];
    const ask = (): void => {
      const request = finals(mine, rng);
      if (request === null) return;
      rpc(`c${900 + i}`, node, request, (done) => {
        mine.push(done);
        last.push(done);
        ask();
      });
    };
    ask();
  });
  await world.run(endMs + SETTLE_MS + 60_000);
  return { rpcs, finals: last, nodes: names, complaints, lines };
}
