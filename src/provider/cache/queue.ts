import type { CacheKey } from './evictionPolicy.ts';

/** A key in a queue. One entry stands in one queue at a time. */
export interface Entry {
  readonly key: CacheKey;
  weight: number;
  /** Uses since it came, as far as its policy counts them. */
  uses: number;
  queue: Queue | null;
  /** Towards the head, where new ones come in. */
  newer: Entry | null;
  /** Towards the tail, where they leave. */
  older: Entry | null;
}

export const entry = (key: CacheKey, weight: number): Entry => ({
  key,
  weight,
  uses: 0,
  queue: null,
  newer: null,
  older: null,
});

/** A doubly linked queue that knows its weight; every operation takes constant time. */
export class Queue {
  head: Entry | null = null;
  tail: Entry | null = null;
  size = 0;
  weight = 0;

  /** Puts an entry at the head, taking it out of the queue it stood in. */
  push(e: Entry): void {
    e.queue?.take(e);
    e.queue = this;
    e.older = this.head;
    e.newer = null;
    if (this.head) this.head.newer = e;
    else this.tail = e;
    this.head = e;
    this.size++;
    this.weight += e.weight;
  }

  /** Takes an entry of this queue out of it. */
  take(e: Entry): void {
    if (e.newer) e.newer.older = e.older;
    else this.head = e.older;
    if (e.older) e.older.newer = e.newer;
    else this.tail = e.newer;
    e.queue = null;
    e.newer = null;
    e.older = null;
    this.size--;
    this.weight -= e.weight;
  }
}
