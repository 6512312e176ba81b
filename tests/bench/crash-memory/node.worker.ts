import type { JournalPort } from '../../../src/memory/journal.ts';
import { journalOver } from '../../../src/worlds/live/journalPort.ts';
import { textsOf } from './words.ts';

export interface NodeTask {
  readonly node: number;
  readonly port: MessagePort;
  /** `write`: so many records, one an append, `window` of them waiting at a time. `load`: the log, back again. */
  readonly work: 'write' | 'load';
  readonly records: number;
  readonly bytes: number;
  readonly window: number;
}
/** `ms`: of each single write where the window is 1, else empty. */
export type NodeNews =
  | { readonly type: 'ready' }
  | { readonly type: 'done'; readonly count: number; readonly ms: readonly number[] };

function write(journal: JournalPort, task: NodeTask, texts: readonly string[]): void {
  const owner = `agent/a${task.node}`;
  const ms: number[] = [];
  let next = 0;
  let acked = 0;
  const one = (): void => {
    if (next === texts.length) return;
    const text = texts[next++]!;
    const began = performance.now();
    journal.append([{ owner, text }], (r) => {
      if (!r.ok) throw new Error(r.error.message);
      if (task.window === 1) ms.push(performance.now() - began);
      if (++acked === texts.length) self.postMessage({ type: 'done', count: acked, ms } satisfies NodeNews);
      // A single writer thinks between two writes; otherwise its writes would only show a full pipe.
      else if (task.window === 1) setTimeout(one, 3);
      else one();
    });
  };
  for (let i = 0; i < task.window; i++) one();
}

function load(journal: JournalPort, task: NodeTask): void {
  journal.load([`agent/a${task.node}`], (r) => {
    if (!r.ok) throw new Error(r.error.message);
    self.postMessage({ type: 'done', count: r.value[0]!.length, ms: [] } satisfies NodeNews);
  });
}

self.onmessage = ({ data: task }: MessageEvent<NodeTask>) => {
  const journal = journalOver(task.port, (fn) => fn);
  const texts = task.work === 'write' ? textsOf(task.records, task.bytes, `node ${task.node}`) : [];
  self.postMessage({ type: 'ready' } satisfies NodeNews);
  self.onmessage = () => (task.work === 'write' ? write(journal, task, texts) : load(journal, task));
};
