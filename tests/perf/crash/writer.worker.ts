import type { JournalPort } from '../../../src/memory/journal.ts';
import { journalOver } from '../../../src/worlds/live/journalPort.ts';
import { CHECKPOINT_ENTRIES, CHECKPOINT_EVERY, examineLogs, owners, textOf, type Found } from './texts.ts';

export interface WriterTask {
  readonly node: number;
  readonly port: MessagePort;
  /** Pairs that may wait for their ack. */
  readonly window: number;
}
export type WriterNews =
  | { readonly type: 'found'; readonly found: Found }
  | { readonly type: 'acked'; readonly pair: number; readonly checkpoint: number }
  | { readonly type: 'refused'; readonly message: string };

const post = (news: WriterNews): void => self.postMessage(news);

/** Tells what it finds, then writes pairs and checkpoints as fast as acks come, until it is ended. */
function begin(journal: JournalPort, { node, window }: WriterTask): void {
  const [a, b, c] = owners(node);
  journal.load([a, b, c], (r) => {
    if (!r.ok) return post({ type: 'refused', message: r.error.message });
    const found = examineLogs(node, r.value);
    post({ type: 'found', found });
    let next = found.pair + 1;
    let acked = found.pair;
    let checkpoint = found.checkpoint;
    let told = 0;
    const tell = (): void => {
      // Often enough that little is forgotten by a kill, and rarely enough to leave the writing its time.
      if (performance.now() - told < 5) return;
      told = performance.now();
      post({ type: 'acked', pair: acked, checkpoint });
    };
    const write = (): void => {
      const n = next++;
      journal.append(
        [
          { owner: a, text: textOf(node, 'a', n) },
          { owner: b, text: textOf(node, 'b', n) },
        ],
        (done) => {
          if (!done.ok) return post({ type: 'refused', message: done.error.message });
          acked = n;
          tell();
          write();
        },
      );
      if (n % CHECKPOINT_EVERY !== 0) return;
      const texts = Array.from({ length: CHECKPOINT_ENTRIES }, () => textOf(node, 'c', n));
      journal.checkpoint(c, texts, (done) => {
        if (done.ok) checkpoint = n;
      });
    };
    for (let i = 0; i < window; i++) write();
  });
}

self.onmessage = ({ data }: MessageEvent<WriterTask>) =>
  begin(
    journalOver(data.port, (fn) => fn),
    data,
  );
