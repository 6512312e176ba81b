import { busOptions } from '../../../src/bus/options.ts';
import type { PeerNews, PeerTask } from './peer.worker.ts';

/** One measurement; rates in messages/s over all nodes. */
export interface BusRun {
  readonly receivedPerS: number;
  readonly ackedPerS: number;
  readonly resends: number;
}
export interface BusPlan {
  readonly kind: 'raw' | 'bus';
  readonly nodes: number;
  /** Other nodes that each node sends to. */
  readonly fanOut: number;
  readonly messages: number;
  readonly bytes: number;
}

let runs = 0;

async function run(plan: BusPlan): Promise<BusRun> {
  const grove = `bench-${++runs}`;
  const peersOf = (self: number): number[] =>
    Array.from({ length: plan.fanOut }, (_, i) => ((self - 1 + distance(i, plan)) % plan.nodes) + 1);
  const workers: Worker[] = [];
  const news = new Map<PeerNews['type'], number>();
  let resends = 0;
  let hear: () => void = () => undefined;
  const all = (type: PeerNews['type']): Promise<number> =>
    new Promise((resolve) => {
      const before = hear;
      hear = () => {
        before();
        if (news.get(type) === plan.nodes) resolve(performance.now());
      };
    });
  const [ready, received, acked] = [all('ready'), all('received'), all('acked')];
  for (let self = 1; self <= plan.nodes; self++) {
    const worker = new Worker(new URL('./peer.worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = (event: MessageEvent<PeerNews>) => {
      const { data } = event;
      news.set(data.type, (news.get(data.type) ?? 0) + 1);
      if (data.type === 'acked') resends += data.resends;
      hear();
    };
    const peers = peersOf(self);
    const task: PeerTask = {
      kind: plan.kind,
      grove,
      self,
      peers,
      messages: plan.messages,
      expected: plan.messages * peers.length,
      bytes: plan.bytes,
      options: busOptions.fallback!(),
    };
    worker.postMessage(task);
    workers.push(worker);
  }
  await ready;
  const startMs = performance.now();
  for (const worker of workers) worker.postMessage('go');
  const total = plan.nodes * plan.fanOut * plan.messages;
  const receivedPerS = (total / ((await received) - startMs)) * 1_000;
  const ackedPerS = (total / ((await acked) - startMs)) * 1_000;
  for (const worker of workers) worker.terminate();
  await new Promise((resolve) => setTimeout(resolve, 300));
  return { receivedPerS, ackedPerS, resends };
}

/** Neighbours on both sides alternately, so that every link is used in both directions. */
function distance(i: number, plan: BusPlan): number {
  const step = 1 + (i >> 1);
  return i % 2 === 0 ? step : plan.nodes - step;
}

declare global {
  interface Window {
    runBus: typeof run;
  }
}
window.runBus = run;
