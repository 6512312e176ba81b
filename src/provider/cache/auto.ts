import type { CacheKey, EvictionPolicy, PolicyName } from './evictionPolicy.ts';
import { keyHash } from './frequencySketch.ts';
import { createPolicy } from './policies.ts';

/**
 * The candidates; the first leads until another has done better. FIFO is none of them: SIEVE and S3-FIFO do what it does,
 * better.
 */
const EXPERTS: readonly PolicyName[] = ['lirs', 'lru', 'sieve', 's3-fifo', 'arc', 'w-tinylfu'];

/**
 * A simulation holds about so many entries at most; of a larger cache it sees a sample of the keys. A new leader that was
 * simulated whole knows what it would have kept; one that saw a sample begins with what happens to be there.
 */
const SIMULATED_MAX = 32_768;
/** Scores fade by half over so many uses, as a multiple of what a simulation holds: old phases are forgotten. */
const HALF_LIFE_PER_ENTRY = 32;
/**
 * Another policy takes over once it has this many hits more, times the square root of what a simulation holds: the scores
 * of two equals drift apart like a random walk over the uses that are remembered.
 */
const LEAD = 1.9;
/** Scores are kept in growing units instead of fading each; here they are written in the first unit again. */
const GAIN_MAX = 1e100;

interface Expert {
  readonly name: PolicyName;
  readonly simulation: EvictionPolicy;
  /** Hits, in units of `#gain`. */
  score: number;
}

const ignore = (): void => undefined;

/**
 * Follows the policy that does best at the moment. Every candidate runs as a simulation on the same uses, keys only; of
 * large caches each simulates a sample of the keys on the same share of the capacity (miniature simulation: Waldspurger
 * et al., USENIX ATC 2017). What the leader would keep is kept; room is made among the rest, those unused the longest
 * first. So a change of the leader throws nothing away at once.
 */
export class AutoPolicy implements EvictionPolicy {
  readonly capacity: number;
  readonly #keys: number;
  readonly #experts: readonly Expert[];
  /** Keys whose hash lies below are simulated; 2^32 for all of them. */
  readonly #sampleBelow: number;
  readonly #growth: number;
  readonly #margin: number;
  /** Residents and their weights, those unused the longest first. */
  readonly #residents = new Map<CacheKey, number>();
  /** Residents that the leader would not keep, in the same order. */
  readonly #outside = new Set<CacheKey>();
  #used = 0;
  #gain = 1;
  #leader: Expert;
  /** The leader over all keys: its own simulation where that sees all of them. */
  #kept: EvictionPolicy;
  #switches = 0;

  /** @param keys how many entries fit, about */
  constructor(capacity: number, keys = capacity) {
    this.capacity = capacity;
    this.#keys = keys;
    const share = Math.min(1, SIMULATED_MAX / Math.max(1, keys));
    this.#sampleBelow = share * 4_294_967_296;
    const entries = Math.max(1, Math.round(keys * share));
    this.#experts = EXPERTS.map((name) => ({
      name,
      simulation: createPolicy(name, Math.max(1, Math.round(capacity * share)), entries),
      score: 0,
    }));
    this.#growth = 2 ** (1 / (HALF_LIFE_PER_ENTRY * entries));
    this.#margin = Math.max(1, LEAD * Math.sqrt(entries));
    this.#leader = this.#experts[0]!;
    this.#kept = this.#keptBy(this.#leader);
  }

  /** The policy that is followed now. */
  get leader(): PolicyName {
    return this.#leader.name;
  }
  /** How often another took over. */
  get switches(): number {
    return this.#switches;
  }
  get used(): number {
    return this.#used;
  }
  get size(): number {
    return this.#residents.size;
  }
  has(key: CacheKey): boolean {
    return this.#residents.has(key);
  }

  touch(key: CacheKey): boolean {
    const weight = this.#residents.get(key);
    if (keyHash(key) < this.#sampleBelow) {
      this.#gain *= this.#growth;
      for (const expert of this.#experts) {
        if (expert.simulation.touch(key)) expert.score += this.#gain;
        else if (weight !== undefined) this.#admitTo(expert.simulation, key, weight);
      }
      this.#electLeader();
    }
    if (!this.#keptIsSimulated && !this.#kept.touch(key) && weight !== undefined)
      this.#admitTo(this.#kept, key, weight);
    if (weight === undefined) return false;
    this.#residents.delete(key);
    this.#residents.set(key, weight);
    this.#outside.delete(key);
    if (!this.#kept.has(key)) this.#outside.add(key);
    return true;
  }

  admit(key: CacheKey, weight: number, evicted: (key: CacheKey) => void): void {
    if (weight > this.capacity) return evicted(key);
    if (keyHash(key) < this.#sampleBelow)
      for (const { simulation } of this.#experts)
        if (!simulation.has(key)) this.#admitTo(simulation, key, weight);
    if (!this.#kept.has(key)) this.#admitTo(this.#kept, key, weight);
    this.#residents.set(key, weight);
    this.#used += weight;
    if (!this.#kept.has(key)) this.#outside.add(key);
    while (this.#used > this.capacity) {
      const victim = first(this.#outside) ?? first(this.#residents.keys())!;
      this.#leave(victim);
      evicted(victim);
    }
  }

  remove(key: CacheKey): void {
    this.#leave(key);
    for (const { simulation } of this.#experts) simulation.remove(key);
    this.#kept.remove(key);
  }

  keys(): IterableIterator<CacheKey> {
    return this.#residents.keys();
  }

  get #keptIsSimulated(): boolean {
    return this.#kept === this.#leader.simulation;
  }

  #leave(key: CacheKey): void {
    this.#used -= this.#residents.get(key) ?? 0;
    this.#residents.delete(key);
    this.#outside.delete(key);
  }

  #admitTo(policy: EvictionPolicy, key: CacheKey, weight: number): void {
    const dropped = (other: CacheKey): void => {
      if (this.#residents.has(other)) this.#outside.add(other);
    };
    policy.admit(key, weight, policy === this.#kept ? dropped : ignore);
    if (policy === this.#kept && policy.has(key)) this.#outside.delete(key);
  }

  #electLeader(): void {
    let best = this.#leader;
    for (const expert of this.#experts) if (expert.score > best.score) best = expert;
    if (best !== this.#leader && best.score - this.#leader.score > this.#margin * this.#gain) {
      this.#leader = best;
      this.#switches++;
      this.#kept = this.#keptBy(best);
      this.#outside.clear();
      for (const key of this.#residents.keys()) if (!this.#kept.has(key)) this.#outside.add(key);
    }
    if (this.#gain < GAIN_MAX) return;
    for (const expert of this.#experts) expert.score /= this.#gain;
    this.#gain = 1;
  }

  #keptBy(expert: Expert): EvictionPolicy {
    if (this.#sampleBelow >= 4_294_967_296) return expert.simulation;
    const policy = createPolicy(expert.name, this.capacity, this.#keys);
    for (const [key, weight] of this.#residents) policy.admit(key, weight, ignore);
    return policy;
  }
}

function first<T>(items: Iterable<T>): T | undefined {
  for (const item of items) return item;
  return undefined;
}
