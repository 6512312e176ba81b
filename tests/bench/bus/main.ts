import { transfer, wrap, type Remote } from 'comlink';
import { busOptions } from '../../../src/bus/options.ts';
import { monotonicNow } from '../../../src/worlds/live/liveEnv.ts';
import { createPortExchange } from '../../../src/worlds/live/portExchange.ts';
import type { StoreControl } from '../../../src/worlds/live/storeControl.ts';
import { localDelivery } from './local.ts';
import type { Alone, BusPlan, BusRun, PeerNews, PeerTask } from './plan.ts';
import { protocolAlone } from './protocol.ts';

let runs = 0;
const sorted = (values: number[]): number[] => values.sort((a, b) => a - b);

/** Crash memory for one run; level `durable` needs it. */
async function openStore(database: string): Promise<{ control: Remote<StoreControl>; end(): Promise<void> }> {
  const worker = new Worker(new URL('../../../src/worlds/live/store.worker.ts', import.meta.url), {
    type: 'module',
  });
  const control = wrap<StoreControl>(worker);
  await control.open(database, monotonicNow(), { groupCommitMs: 2, durability: 'strict', cleanEnd: null });
  return {
    control,
    async end() {
      await control.close();
      await control.destroy(database);
      worker.terminate();
    },
  };
}

async function run(plan: BusPlan): Promise<BusRun> {
  const grove = `bench-${++runs}`;
  const store = plan.kind === 'durable' ? await openStore(grove) : null;
  const exchange = createPortExchange();
  const epochMs = monotonicNow();
  const workers: Worker[] = [];
  const news = new Map<PeerNews['type'], number>();
  const sum = { resends: 0, resentMessages: 0 };
  const [oneWayMs, ackedMs]: number[][] = [[], []];
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
    worker.onmessage = ({ data }: MessageEvent<PeerNews>) => {
      news.set(data.type, (news.get(data.type) ?? 0) + 1);
      if (data.type === 'acked') {
        sum.resends += data.resends;
        sum.resentMessages += data.resentMessages;
        for (const ms of data.oneWayMs) oneWayMs!.push(ms);
        for (const ms of data.ackedMs) ackedMs!.push(ms);
      }
      hear();
    };
    const [line, journal] = [new MessageChannel(), new MessageChannel()];
    exchange.connect(self, line.port1);
    if (store) await store.control.connect(self, 1, transfer(journal.port1, [journal.port1]));
    const peers = Array.from(
      { length: plan.fanOut },
      (_, i) => ((self - 1 + distance(i, plan)) % plan.nodes) + 1,
    );
    const task: PeerTask = {
      ...plan,
      grove,
      self,
      peers,
      epochMs,
      expected: plan.messages * peers.length,
      options: { ...busOptions.fallback!(), transport: plan.transport },
      exchange: line.port2,
      journal: journal.port2,
    };
    worker.postMessage(task, [line.port2, journal.port2]);
    workers.push(worker);
  }
  await ready;
  const startMs = performance.now();
  for (const worker of workers) worker.postMessage('go');
  const total = plan.nodes * plan.fanOut * plan.messages;
  const receivedPerS = (total / ((await received) - startMs)) * 1_000;
  const ackedPerS = (total / ((await acked) - startMs)) * 1_000;
  for (const worker of workers) worker.terminate();
  await store?.end();
  await new Promise((resolve) => setTimeout(resolve, 300));
  return { receivedPerS, ackedPerS, ...sum, oneWayMs: sorted(oneWayMs!), ackedMs: sorted(ackedMs!) };
}

/** Neighbours on both sides alternately, so that every link is used in both directions. */
function distance(i: number, plan: BusPlan): number {
  const step = 1 + (i >> 1);
  return i % 2 === 0 ? step : plan.nodes - step;
}

/** Ns a message. */
function time(what: Alone, batch: number): number {
  const send = (what === 'local' ? localDelivery : protocolAlone)(batch);
  send(Math.ceil(500_000 / batch));
  const batches = Math.ceil(2_000_000 / batch);
  const began = performance.now();
  send(batches);
  return ((performance.now() - began) * 1e6) / (batches * batch);
}

declare global {
  interface Window {
    runBus: typeof run;
    timeAlone: typeof time;
  }
}
window.runBus = run;
window.timeAlone = time;
