import type { MemoryRecord } from './record.ts';
import type { LifeState } from './ringLife.ts';
import type { RingMove } from './ringPolicy.ts';

/** What happened to an agent's memory, as its log in crash memory has it: replayed in order, it gives the same memory again. */
export type MemoryEvent =
  | readonly ['memory', MemoryRecord]
  /** Memories that were of use, by number, and when. */
  | readonly ['recalled', seqs: readonly number[], atMs?: number]
  /** The first says what the second says anew. */
  | readonly ['superseded', seq: number, by: number]
  | readonly ['forgotten', seqs: readonly number[]]
  | readonly ['moved', readonly RingMove[]]
  /** Its node died while the ring of that label was growing. */
  | readonly ['scar', ring: string]
  /** In a checkpoint: a memory as it was remembered. */
  | readonly ['kept', MemoryRecord]
  /** In a checkpoint: a number whose text is no more, and the fingerprint of the chain up to it. */
  | readonly ['gone', seq: number, chain: number]
  /** In a checkpoint, after its memories: where each is in its life, by number from 1, and the counts of rings by label. */
  | readonly ['lives', readonly LifeState[], meters: readonly (readonly [string, number, number, number])[]];
