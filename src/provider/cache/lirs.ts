import type { CacheKey, EvictionPolicy } from './evictionPolicy.ts';
import { entry, Queue, type Entry } from './queue.ts';

/** So much of the cache holds entries whose reuse distance is not known to be short. */
const HIR_SHARE = 0.01;
/** Ghosts kept, as a multiple of the residents: the stack of the paper has no bound. */
const GHOSTS_PER_RESIDENT = 2;

/** An entry stands in the stack by its last use, and in the list while it is a resident of the short stay. */
interface Node {
  readonly inStack: Entry;
  readonly inList: Entry;
  readonly inGhosts: Entry;
  weight: number;
  state: 'lir' | 'resident hir' | 'ghost';
}

/**
 * LIRS (Jiang and Zhang, SIGMETRICS 2002): entries with a short distance between their last two uses (LIR) hold nearly all
 * of the cache; the others (HIR) pass through a short list, and become LIR when they are used again while they still
 * stand in the stack, above the LIR entry that was used longest ago.
 */
export class LirsPolicy implements EvictionPolicy {
  readonly capacity: number;
  readonly #lirCapacity: number;
  readonly #nodes = new Map<CacheKey, Node>();
  readonly #stack = new Queue();
  readonly #list = new Queue();
  readonly #ghosts = new Queue();
  #lirWeight = 0;
  #lirCount = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#lirCapacity = capacity - Math.max(1, Math.round(capacity * HIR_SHARE));
  }

  get used(): number {
    return this.#lirWeight + this.#list.weight;
  }
  get size(): number {
    return this.#lirCount + this.#list.size;
  }
  has(key: CacheKey): boolean {
    const node = this.#nodes.get(key);
    return node !== undefined && node.state !== 'ghost';
  }
  touch(key: CacheKey): boolean {
    const node = this.#nodes.get(key);
    if (node === undefined || node.state === 'ghost') return false;
    if (node.state === 'lir') {
      const wasBottom = this.#stack.tail === node.inStack;
      this.#stack.push(node.inStack);
      if (wasBottom) this.#prune();
    } else if (node.inStack.queue) {
      this.#list.take(node.inList);
      this.#promote(node);
    } else {
      this.#stack.push(node.inStack);
      this.#list.push(node.inList);
    }
    return true;
  }
  admit(key: CacheKey, weight: number, evicted: (key: CacheKey) => void): void {
    let node = this.#nodes.get(key);
    if (weight > this.capacity) {
      if (node) this.#forget(key, node);
      return evicted(key);
    }
    while (this.used + weight > this.capacity) this.#evict(evicted);
    // Making room may have pruned the ghost that was found before.
    node = this.#nodes.get(key);
    const known = node !== undefined && node.inStack.queue !== null;
    if (node === undefined) {
      node = {
        inStack: entry(key, weight),
        inList: entry(key, weight),
        inGhosts: entry(key, weight),
        weight,
        state: 'ghost',
      };
      this.#nodes.set(key, node);
    }
    if (node.inGhosts.queue) this.#ghosts.take(node.inGhosts);
    this.#setWeight(node, weight);
    if (known) return this.#promote(node);
    if (this.#lirWeight + weight <= this.#lirCapacity) {
      node.state = 'lir';
      this.#lirWeight += weight;
      this.#lirCount++;
      this.#stack.push(node.inStack);
      return;
    }
    node.state = 'resident hir';
    this.#stack.push(node.inStack);
    this.#list.push(node.inList);
  }
  remove(key: CacheKey): void {
    const node = this.#nodes.get(key);
    if (node === undefined) return;
    this.#forget(key, node);
    this.#prune();
  }
  *keys(): IterableIterator<CacheKey> {
    for (const [key, node] of this.#nodes) if (node.state !== 'ghost') yield key;
  }

  #setWeight(node: Node, weight: number): void {
    if (node.weight === weight) return;
    if (node.inStack.queue) this.#stack.weight += weight - node.weight;
    node.weight = weight;
    node.inStack.weight = weight;
    node.inList.weight = weight;
    node.inGhosts.weight = weight;
  }

  /** An entry used again while in the stack joins the LIR ones; those used longest ago make room. */
  #promote(node: Node): void {
    node.state = 'lir';
    this.#lirWeight += node.weight;
    this.#lirCount++;
    this.#stack.push(node.inStack);
    while (this.#lirWeight > this.#lirCapacity && this.#lirCount > 1) this.#demoteBottom();
    this.#prune();
  }

  /** The LIR entry at the bottom of the stack becomes a resident HIR one. */
  #demoteBottom(): void {
    this.#prune();
    const bottom = this.#stack.tail;
    if (!bottom) return;
    const node = this.#nodes.get(bottom.key)!;
    this.#stack.take(bottom);
    node.state = 'resident hir';
    this.#lirWeight -= node.weight;
    this.#lirCount--;
    this.#list.push(node.inList);
    this.#prune();
  }

  /** Takes everything off the bottom of the stack until a LIR entry stands there. */
  #prune(): void {
    for (let e = this.#stack.tail; e; e = this.#stack.tail) {
      const node = this.#nodes.get(e.key)!;
      if (node.state === 'lir') return;
      this.#stack.take(e);
      if (node.state === 'ghost') this.#forget(e.key, node);
    }
  }

  #evict(evicted: (key: CacheKey) => void): void {
    if (this.#list.size === 0) this.#demoteBottom();
    const victim = this.#list.tail;
    if (!victim) return;
    const node = this.#nodes.get(victim.key)!;
    this.#list.take(victim);
    if (node.inStack.queue) {
      node.state = 'ghost';
      this.#ghosts.push(node.inGhosts);
      while (this.#ghosts.size > GHOSTS_PER_RESIDENT * (this.size + 1)) {
        const oldest = this.#ghosts.tail!;
        this.#forget(oldest.key, this.#nodes.get(oldest.key)!);
      }
    } else this.#nodes.delete(victim.key);
    evicted(victim.key);
  }

  #forget(key: CacheKey, node: Node): void {
    if (node.state === 'lir') {
      this.#lirWeight -= node.weight;
      this.#lirCount--;
    }
    if (node.inStack.queue) this.#stack.take(node.inStack);
    if (node.inList.queue) this.#list.take(node.inList);
    if (node.inGhosts.queue) this.#ghosts.take(node.inGhosts);
    this.#nodes.delete(key);
  }
}
