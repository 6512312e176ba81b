import type { CacheKey, EvictionPolicy } from './evictionPolicy.ts';
import { entry, Queue, type Entry } from './queue.ts';

/** First in, first out. SIEVE and LRU differ from it in what a use does and in who leaves. */
export class FifoPolicy implements EvictionPolicy {
  readonly capacity: number;
  protected readonly entries = new Map<CacheKey, Entry>();
  protected readonly queue = new Queue();

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get used(): number {
    return this.queue.weight;
  }
  get size(): number {
    return this.queue.size;
  }
  has(key: CacheKey): boolean {
    return this.entries.has(key);
  }
  touch(key: CacheKey): boolean {
    const e = this.entries.get(key);
    if (e === undefined) return false;
    this.noteUse(e);
    return true;
  }
  admit(key: CacheKey, weight: number, evicted: (key: CacheKey) => void): void {
    if (weight > this.capacity) return evicted(key);
    while (this.queue.weight + weight > this.capacity) {
      const victim = this.victim();
      this.remove(victim.key);
      evicted(victim.key);
    }
    const e = entry(key, weight);
    this.entries.set(key, e);
    this.queue.push(e);
  }
  remove(key: CacheKey): void {
    const e = this.entries.get(key);
    if (e === undefined) return;
    this.leave(e);
    this.entries.delete(key);
    this.queue.take(e);
  }
  keys(): IterableIterator<CacheKey> {
    return this.entries.keys();
  }

  protected noteUse(_e: Entry): void {
    // A use changes nothing here.
  }
  /** Who goes next; asked only while somebody is there. */
  protected victim(): Entry {
    return this.queue.tail!;
  }
  protected leave(_e: Entry): void {
    // Nothing points at a leaving entry here.
  }
}

/** Least recently used out. */
export class LruPolicy extends FifoPolicy {
  protected override noteUse(e: Entry): void {
    this.queue.push(e);
  }
}

/**
 * SIEVE (Zhang et al., NSDI 2024): a hand wanders from the oldest to the newest, spares what was used since it last came
 * by, and takes the first that was not. The order of the queue never changes.
 */
export class SievePolicy extends FifoPolicy {
  private hand: Entry | null = null;

  protected override noteUse(e: Entry): void {
    e.uses = 1;
  }
  protected override victim(): Entry {
    let e = this.hand ?? this.queue.tail!;
    while (e.uses > 0) {
      e.uses = 0;
      e = e.newer ?? this.queue.tail!;
    }
    this.hand = e;
    return e;
  }
  protected override leave(e: Entry): void {
    if (this.hand === e) this.hand = e.newer;
  }
}
