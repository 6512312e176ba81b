import type { CacheKey, EvictionPolicy } from './evictionPolicy.ts';
import { entry, Queue, type Entry } from './queue.ts';

const SMALL_SHARE = 0.1;
const GHOST_SHARE = 0.9;
/** Uses in the small queue that carry an entry over to the main one. */
const PROMOTES_AT = 2;
/** The main queue counts uses up to here (two bits). */
const USES_MAX = 3;

/**
 * S3-FIFO (Yang et al., SOSP 2023) as libCacheSim has it: a small queue for newcomers, a main queue whose used entries
 * go round again, and a queue of the keys that the small one let go. Until something was evicted, newcomers that find the
 * small queue full go to the main one. What is as heavy as the whole small queue is not taken.
 */
export class S3FifoPolicy implements EvictionPolicy {
  readonly capacity: number;
  readonly #smallCapacity: number;
  readonly #ghostCapacity: number;
  readonly #small = new Queue();
  readonly #main = new Queue();
  readonly #ghost = new Queue();
  readonly #entries = new Map<CacheKey, Entry>();
  readonly #ghosts = new Map<CacheKey, Entry>();
  #hasEvicted = false;

  constructor(capacity: number) {
    this.capacity = capacity;
    // Below 20 entries a tenth would take nobody in.
    this.#smallCapacity = Math.max(Math.floor(capacity * SMALL_SHARE), Math.min(2, capacity));
    this.#ghostCapacity = Math.floor(capacity * GHOST_SHARE);
  }

  get used(): number {
    return this.#small.weight + this.#main.weight;
  }
  get size(): number {
    return this.#entries.size;
  }
  has(key: CacheKey): boolean {
    return this.#entries.has(key);
  }
  touch(key: CacheKey): boolean {
    const e = this.#entries.get(key);
    if (e === undefined) return false;
    e.uses++;
    return true;
  }
  admit(key: CacheKey, weight: number, evicted: (key: CacheKey) => void): void {
    const ghost = this.#ghosts.get(key);
    if (ghost !== undefined) this.#dropGhost(ghost);
    if (weight > this.#smallCapacity) return evicted(key);
    while (this.used + weight > this.capacity) this.#evict(evicted);
    if (ghost === undefined && weight >= this.#smallCapacity && this.capacity > 1) return evicted(key);
    const e = entry(key, weight);
    this.#entries.set(key, e);
    const full = !this.#hasEvicted && this.#small.weight >= this.#smallCapacity;
    (ghost !== undefined || full ? this.#main : this.#small).push(e);
  }
  remove(key: CacheKey): void {
    const e = this.#entries.get(key);
    if (e === undefined) return;
    e.queue!.take(e);
    this.#entries.delete(key);
  }
  keys(): IterableIterator<CacheKey> {
    return this.#entries.keys();
  }

  #evict(evicted: (key: CacheKey) => void): void {
    this.#hasEvicted = true;
    if (this.#main.weight > this.capacity - this.#smallCapacity || this.#small.size === 0)
      this.#evictMain(evicted);
    else this.#evictSmall(evicted);
  }

  #evictSmall(evicted: (key: CacheKey) => void): void {
    for (let e = this.#small.tail; e !== null; e = this.#small.tail) {
      if (e.uses >= PROMOTES_AT) {
        e.uses = 0;
        this.#main.push(e);
        continue;
      }
      this.remove(e.key);
      this.#remember(e.key, e.weight);
      return evicted(e.key);
    }
  }

  #evictMain(evicted: (key: CacheKey) => void): void {
    for (let e = this.#main.tail; e !== null; e = this.#main.tail) {
      if (e.uses === 0) {
        this.remove(e.key);
        return evicted(e.key);
      }
      e.uses = Math.min(e.uses, USES_MAX) - 1;
      this.#main.push(e);
    }
  }

  #remember(key: CacheKey, weight: number): void {
    if (weight > this.#ghostCapacity) return;
    while (this.#ghost.weight + weight > this.#ghostCapacity) this.#dropGhost(this.#ghost.tail!);
    const e = entry(key, weight);
    this.#ghosts.set(key, e);
    this.#ghost.push(e);
  }

  #dropGhost(e: Entry): void {
    this.#ghost.take(e);
    this.#ghosts.delete(e.key);
  }
}
