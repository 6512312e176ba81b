import type { CacheKey, EvictionPolicy } from './evictionPolicy.ts';
import { FrequencySketch, keyHash } from './frequencySketch.ts';
import { entry, Queue, type Entry } from './queue.ts';

const WINDOW_SHARE = 0.01;
const PROTECTED_SHARE = 0.8;
/** The hill climber's first step, as a share of the capacity, and how it shrinks. */
const STEP = 0.0625;
const STEP_DECAY = 0.98;
/** A change of the hit rate by this much starts the climb anew. */
const RESTART = 0.05;
/** Uses between two steps, as a multiple of the residents. */
const SAMPLES_PER_RESIDENT = 10;
/** Candidates seen this often may win against a victim of the same frequency, one time in 128: nobody can lock it out. */
const WARM = 6;

/**
 * Adaptive W-TinyLFU (Einziger, Friedman and Manes, ACM ToS 2017; Einziger, Eytan, Friedman and Manes, Middleware 2018):
 * newcomers pass through an LRU window; on leaving it, one is taken into the segmented main queue only if a frequency
 * sketch has seen it oftener than the one it would drive out. A hill climber moves the share of the window towards the
 * higher hit rate.
 */
export class WTinyLfuPolicy implements EvictionPolicy {
  readonly capacity: number;
  readonly #window = new Queue();
  readonly #probation = new Queue();
  readonly #protected = new Queue();
  readonly #entries = new Map<CacheKey, Entry>();
  readonly #sketch: FrequencySketch;
  #windowCapacity: number;
  #protectedCapacity: number;
  #step: number;
  #hits = 0;
  #asked = 0;
  #lastRate = 0;

  /** @param keys how many entries fit, about: the sketch is made for them */
  constructor(capacity: number, keys = capacity) {
    this.capacity = capacity;
    this.#sketch = new FrequencySketch(keys);
    this.#windowCapacity = Math.max(1, Math.round(capacity * WINDOW_SHARE));
    this.#protectedCapacity = (capacity - this.#windowCapacity) * PROTECTED_SHARE;
    this.#step = STEP * capacity;
  }

  get used(): number {
    return this.#window.weight + this.#probation.weight + this.#protected.weight;
  }
  get size(): number {
    return this.#entries.size;
  }
  has(key: CacheKey): boolean {
    return this.#entries.has(key);
  }
  touch(key: CacheKey): boolean {
    this.#sketch.add(key);
    this.#asked++;
    const e = this.#entries.get(key);
    if (e !== undefined) {
      this.#hits++;
      if (e.queue === this.#probation) {
        this.#protected.push(e);
        this.#demote();
      } else e.queue!.push(e);
    }
    if (this.#asked >= SAMPLES_PER_RESIDENT * Math.max(16, this.#entries.size)) this.#climb();
    return e !== undefined;
  }
  admit(key: CacheKey, weight: number, evicted: (key: CacheKey) => void): void {
    if (weight > this.capacity) return evicted(key);
    const e = entry(key, weight);
    this.#entries.set(key, e);
    this.#window.push(e);
    this.#settle(evicted);
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

  #demote(): void {
    while (this.#protected.weight > this.#protectedCapacity && this.#protected.tail)
      this.#probation.push(this.#protected.tail);
  }

  /** What the window has too much moves on; what the whole has too much goes. */
  #settle(evicted: (key: CacheKey) => void): void {
    while (this.#window.weight > this.#windowCapacity && this.#window.tail) {
      const candidate = this.#window.tail;
      this.#probation.push(candidate);
      while (this.used > this.capacity) {
        const victim =
          this.#probation.tail === candidate && this.#protected.tail
            ? this.#protected.tail
            : this.#probation.tail!;
        const loser = victim === candidate || this.#wins(candidate, victim) ? victim : candidate;
        this.remove(loser.key);
        evicted(loser.key);
        if (loser === candidate) break;
      }
    }
    while (this.used > this.capacity) {
      const victim = this.#probation.tail ?? this.#protected.tail ?? this.#window.tail!;
      this.remove(victim.key);
      evicted(victim.key);
    }
  }

  #wins(candidate: Entry, victim: Entry): boolean {
    const theirs = this.#sketch.estimate(victim.key);
    const ours = this.#sketch.estimate(candidate.key);
    if (ours > theirs) return true;
    return ours === theirs && ours >= WARM && (keyHash(candidate.key) + this.#asked) % 128 === 0;
  }

  #climb(): void {
    const rate = this.#hits / this.#asked;
    const change = rate - this.#lastRate;
    if (change < 0) this.#step = -this.#step;
    const wanted = this.#windowCapacity + this.#step;
    this.#windowCapacity = Math.min(Math.max(1, Math.round(wanted)), Math.round(this.capacity * 0.8));
    this.#protectedCapacity = (this.capacity - this.#windowCapacity) * PROTECTED_SHARE;
    this.#step =
      Math.abs(change) >= RESTART ? Math.sign(this.#step) * STEP * this.capacity : this.#step * STEP_DECAY;
    this.#lastRate = rate;
    this.#hits = 0;
    this.#asked = 0;
    this.#demote();
    // A larger window takes entries back from probation, so that nothing is lost by the move.
    while (this.#window.weight < this.#windowCapacity && this.#probation.tail) {
      const e = this.#probation.tail;
      if (this.#window.weight + e.weight > this.#windowCapacity) break;
      this.#window.push(e);
    }
    while (this.#window.weight > this.#windowCapacity && this.#window.tail)
      this.#probation.push(this.#window.tail);
  }
}
