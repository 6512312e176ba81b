/** Entries of a checkpoint: all of one number, or it was torn. */
export const CHECKPOINT_ENTRIES = 20;
/** A checkpoint comes after so many pairs. */
export const CHECKPOINT_EVERY = 100;

/** What writer `node` puts under `n` into its log of that name; a pure function, so that a checker needs no copy. */
export function textOf(node: number, log: string, n: number): string {
  let state = (node * 7_919 + n * 104_729 + log.charCodeAt(0)) >>> 0;
  const words: string[] = [];
  const length = 20 + ((n * 31 + node) % 90);
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    words.push((state >>> 4).toString(36));
  }
  return JSON.stringify([n, words.join(' ')]);
}

export const owners = (node: number): readonly [pairA: string, pairB: string, checkpoint: string] => [
  `agent/a${node}`,
  `agent/b${node}`,
  `agent/c${node}`,
];

/** What a writer has acked: pairs up to `pair`, and the checkpoint of that number; 0 for none. */
export interface Acked {
  readonly pair: number;
  readonly checkpoint: number;
}

/** What one writer's logs hold, and what is wrong with them; sentences. */
export interface Found extends Acked {
  readonly problems: readonly string[];
}

/** Reads a writer's logs: both halves of every pair, each as it was written and in order; one whole checkpoint. */
export function examineLogs(node: number, logs: readonly (readonly string[])[]): Found {
  const [a = [], b = [], c = []] = logs;
  const problems: string[] = [];
  if (a.length !== b.length)
    problems.push(`node ${node}: a pair is there in part (${a.length} and ${b.length})`);
  for (const [log, texts] of [
    ['a', a],
    ['b', b],
  ] as const)
    texts.forEach((text, i) => {
      if (text !== textOf(node, log, i + 1) && problems.length < 5)
        problems.push(`node ${node}: entry ${i + 1} of log ${log} is not as it was written`);
    });
  const checkpoint = c.length === 0 ? 0 : (JSON.parse(c[0]!) as [number])[0];
  if (
    c.length !== 0 &&
    (c.length !== CHECKPOINT_ENTRIES || c.some((t) => t !== textOf(node, 'c', checkpoint)))
  )
    problems.push(`node ${node}: checkpoint ${checkpoint} is there in part (${c.length} entries)`);
  return { pair: Math.min(a.length, b.length), checkpoint, problems };
}
