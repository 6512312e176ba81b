import { transfer, wrap, type Remote } from 'comlink';
import type { StoreControl } from '../../../src/worlds/live/storeControl.ts';
import type { NodeNews, NodeTask } from './node.worker.ts';
import type { OtherRun, OtherTask } from './others.worker.ts';

export interface WritePlan {
  readonly durability: 'strict' | 'relaxed';
  readonly nodes: number;
  readonly records: number;
  readonly bytes: number;
  readonly window: number;
}
export interface WriteRun {
  readonly ackedPerS: number;
  /** Of single writes, sorted; empty where many wait at a time. */
  readonly ms: readonly number[];
  readonly commits: number;
  readonly mirror: string | null;
}
/** From the call that opens crash memory to the last text handed out at the nodes. */
export interface RecoverRun {
  readonly ms: number;
  readonly openMs: number;
  readonly records: number;
}
export interface CrashBench {
  /** Fresh crash memory, written to by all nodes at once; it stays until `drop`. */
  write(plan: WritePlan): Promise<WriteRun>;
  /** What was written, read again by a new store and new nodes. */
  recover(nodes: number): Promise<RecoverRun>;
  drop(): Promise<void>;
  other(task: OtherTask): Promise<OtherRun>;
}
declare global {
  interface Window {
    bench: CrashBench;
  }
}

const DATABASE = 'crash-bench';
let incarnation = 0;

async function withStore<T>(work: (control: Remote<StoreControl>) => Promise<T>): Promise<T> {
  const worker = new Worker(new URL('../../../src/worlds/live/store.worker.ts', import.meta.url), {
    type: 'module',
  });
  const control = wrap<StoreControl>(worker);
  try {
    // A worker that answers has its script: what is measured is crash memory, not the loading of code.
    await control.view();
    return await work(control);
  } finally {
    await control.close();
    worker.terminate();
  }
}

/** Starts nodes and returns how to let them begin at once; the news of each when it has done. */
async function nodesFor(tasks: readonly Omit<NodeTask, 'port'>[]): Promise<{
  go(control: Remote<StoreControl>): Promise<(NodeNews & { type: 'done' })[]>;
  end(): void;
}> {
  const ports: MessagePort[] = [];
  const done: Promise<NodeNews & { type: 'done' }>[] = [];
  const workers = await Promise.all(
    tasks.map(
      (task) =>
        new Promise<Worker>((resolve) => {
          const worker = new Worker(new URL('./node.worker.ts', import.meta.url), { type: 'module' });
          const { port1, port2 } = new MessageChannel();
          ports.push(port1);
          done.push(
            new Promise((finished) => {
              worker.onmessage = ({ data }: MessageEvent<NodeNews>) => {
                if (data.type === 'ready') resolve(worker);
                else finished(data);
              };
            }),
          );
          worker.postMessage({ ...task, port: port2 } satisfies NodeTask, [port2]);
        }),
    ),
  );
  return {
    async go(control) {
      for (const [i, port] of ports.entries())
        void control.connect(tasks[i]!.node, ++incarnation, transfer(port, [port]));
      for (const worker of workers) worker.postMessage('go');
      return Promise.all(done);
    },
    end: () => workers.forEach((worker) => worker.terminate()),
  };
}

const open = (control: Remote<StoreControl>, durability: 'strict' | 'relaxed') =>
  // Any name will do where none was before: this bench's browser does not crash.
  control.open(DATABASE, performance.timeOrigin, { groupCommitMs: 1, durability, cleanEnd: session });
let session: string | null = null;

window.bench = {
  write: (plan) =>
    withStore(async (control) => {
      const nodes = await nodesFor(
        Array.from({ length: plan.nodes }, (_, i) => ({
          node: i + 1,
          work: 'write' as const,
          records: Math.ceil(plan.records / plan.nodes),
          bytes: plan.bytes,
          window: plan.window,
        })),
      );
      await open(control, plan.durability);
      const began = performance.now();
      const news = await nodes.go(control);
      const tookMs = performance.now() - began;
      nodes.end();
      const view = (await control.view())!;
      session = view.session;
      const acked = news.reduce((sum, n) => sum + n.count, 0);
      return {
        ackedPerS: (1_000 * acked) / tookMs,
        ms: news.flatMap((n) => n.ms).sort((a, b) => a - b),
        commits: view.commits,
        mirror: view.mirror.problem,
      };
    }),
  recover: (count) =>
    withStore(async (control) => {
      const nodes = await nodesFor(
        Array.from({ length: count }, (_, i) => ({
          ...{ node: i + 1, work: 'load' as const, records: 0, bytes: 0, window: 0 },
        })),
      );
      const began = performance.now();
      await open(control, 'strict');
      const opened = performance.now();
      const news = await nodes.go(control);
      const ended = performance.now();
      nodes.end();
      session = (await control.view())!.session;
      return {
        ms: ended - began,
        openMs: opened - began,
        records: news.reduce((sum, n) => sum + n.count, 0),
      };
    }),
  drop: () =>
    withStore(async (control) => {
      await control.destroy(DATABASE);
      session = null;
    }),
  other: (task) =>
    new Promise((resolve) => {
      const worker = new Worker(new URL('./others.worker.ts', import.meta.url), { type: 'module' });
      worker.onmessage = ({ data }: MessageEvent<OtherRun>) => {
        worker.terminate();
        resolve(data);
      };
      worker.postMessage(task);
    }),
};
