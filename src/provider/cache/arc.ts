import type { CacheKey, EvictionPolicy } from './evictionPolicy.ts';
import { entry, Queue, type Entry } from './queue.ts';

/**
 * ARC (Megiddo and Modha, FAST 2003): entries used once and entries used again in two LRU queues whose share follows the
 * ghosts of either: a ghost that is asked for says that its queue was too short. Weights stand where the paper counts
 * pages.
 */
export class ArcPolicy implements EvictionPolicy {
  readonly capacity: number;
  readonly #once = new Queue();
  readonly #again = new Queue();
  readonly #onceGhosts = new Queue();
  readonly #againGhosts = new Queue();
  /** Residents and ghosts. */
  readonly #entries = new Map<CacheKey, Entry>();
  /** What those used once may weigh: the paper's p. */
  #target = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get used(): number {
    return this.#once.weight + this.#again.weight;
  }
  get size(): number {
    return this.#once.size + this.#again.size;
  }
  has(key: CacheKey): boolean {
    return this.#isResident(this.#entries.get(key));
  }
  touch(key: CacheKey): boolean {
    const e = this.#entries.get(key);
    if (!this.#isResident(e)) return false;
    this.#again.push(e!);
    return true;
  }
  admit(key: CacheKey, weight: number, evicted: (key: CacheKey) => void): void {
    const ghost = this.#entries.get(key);
    if (weight > this.capacity) {
      if (ghost) this.#forget(ghost);
      return evicted(key);
    }
    if (ghost === undefined) {
      this.#makeRoomForNew(weight, evicted);
      const e = entry(key, weight);
      this.#entries.set(key, e);
      this.#once.push(e);
      return;
    }
    const fromAgain = ghost.queue === this.#againGhosts;
    const [hit, other] = fromAgain
      ? [this.#againGhosts, this.#onceGhosts]
      : [this.#onceGhosts, this.#againGhosts];
    const step = weight * Math.max(1, hit.weight > 0 ? other.weight / hit.weight : 1);
    this.#target = fromAgain
      ? Math.max(0, this.#target - step)
      : Math.min(this.capacity, this.#target + step);
    while (this.used + weight > this.capacity) this.#replace(fromAgain, evicted);
    ghost.queue!.take(ghost);
    ghost.weight = weight;
    this.#again.push(ghost);
  }
  remove(key: CacheKey): void {
    const e = this.#entries.get(key);
    if (e !== undefined) this.#forget(e);
  }
  *keys(): IterableIterator<CacheKey> {
    for (const e of this.#entries.values()) if (this.#isResident(e)) yield e.key;
  }

  #isResident(e: Entry | undefined): boolean {
    return e !== undefined && (e.queue === this.#once || e.queue === this.#again);
  }

  #forget(e: Entry): void {
    e.queue!.take(e);
    this.#entries.delete(e.key);
  }

  /** Case IV of the paper. */
  #makeRoomForNew(weight: number, evicted: (key: CacheKey) => void): void {
    while (this.#once.weight + this.#onceGhosts.weight + weight > this.capacity) {
      if (this.#onceGhosts.tail) {
        this.#forget(this.#onceGhosts.tail);
        continue;
      }
      const victim = this.#once.tail;
      if (!victim) break;
      this.#forget(victim);
      evicted(victim.key);
    }
    while (this.used + weight > this.capacity) this.#replace(false, evicted);
    while (
      this.used + this.#onceGhosts.weight + this.#againGhosts.weight + weight > 2 * this.capacity &&
      this.#againGhosts.tail
    )
      this.#forget(this.#againGhosts.tail);
  }

  /** The paper's REPLACE: one resident becomes a ghost. */
  #replace(forAgain: boolean, evicted: (key: CacheKey) => void): void {
    const { weight, size } = this.#once;
    const over = weight > this.#target || (forAgain && weight === this.#target);
    const fromOnce = size > 0 && (over || this.#again.size === 0);
    const victim = fromOnce ? this.#once.tail! : this.#again.tail!;
    (fromOnce ? this.#onceGhosts : this.#againGhosts).push(victim);
    evicted(victim.key);
  }
}
