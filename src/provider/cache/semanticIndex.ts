import { gistOf, mayShareAnswer, type Gist } from './meaningGuard.ts';

/** A text as a vector of unit length; null when the model knows none of its words, or is not there. */
export type Embed = (text: string) => Float32Array | null;

export interface SemanticOptions {
  /** Cosine from which two questions count as one; in (0, 1]. */
  readonly threshold: number;
  /** Questions known at a time. */
  readonly entries: number;
  /** Of so many hits one is checked: fetched all the same and compared. */
  readonly checkEvery: number;
  /** Whether opposite meanings are told apart; off only to measure what that is worth. */
  readonly guard: boolean;
}

/** An equal question that was asked before. */
export interface SemanticHit {
  readonly key: string;
  readonly cosine: number;
  /** Fetch this one all the same, and tell `checked` whether the answers were the same. */
  readonly check: boolean;
}

export interface SemanticCounts {
  readonly asked: number;
  readonly hits: number;
  /** Alike enough, and held apart by the guard. */
  readonly guarded: number;
  readonly checked: number;
  readonly falseHits: number;
}

interface Known {
  readonly key: string;
  readonly vector: Float32Array;
  readonly gist: Gist;
}

/**
 * Finds keys whose question means the same. It may be wrong: so a share of its hits is checked against the real answer,
 * and the rate of false ones goes wherever the rate of hits goes.
 */
export class SemanticIndex {
  readonly #options: SemanticOptions;
  readonly #embed: Embed;
  /** By key, the one asked the longest ago first. */
  readonly #known = new Map<string, Known>();
  readonly #counts = { asked: 0, hits: 0, guarded: 0, checked: 0, falseHits: 0 };

  constructor(embed: Embed, options: SemanticOptions) {
    this.#embed = embed;
    this.#options = options;
  }

  get counts(): SemanticCounts {
    return { ...this.#counts };
  }
  get size(): number {
    return this.#known.size;
  }

  /** @param usable whether a key's answer can be given now */
  find(question: string, usable: (key: string) => boolean): SemanticHit | null {
    this.#counts.asked++;
    const vector = this.#embed(question);
    if (vector === null) return null;
    const gist = gistOf(question);
    let best: Known | null = null;
    let bestCosine = this.#options.threshold;
    let guarded = false;
    for (const known of this.#known.values()) {
      const cosine = dot(vector, known.vector);
      if (cosine < bestCosine || !usable(known.key)) continue;
      if (this.#options.guard && !mayShareAnswer(gist, known.gist)) {
        guarded = true;
        continue;
      }
      best = known;
      bestCosine = cosine;
    }
    if (best === null) {
      if (guarded) this.#counts.guarded++;
      return null;
    }
    this.#known.delete(best.key);
    this.#known.set(best.key, best);
    this.#counts.hits++;
    return { key: best.key, cosine: bestCosine, check: this.#counts.hits % this.#options.checkEvery === 0 };
  }

  /** The answer under that key answers this question. */
  add(question: string, key: string): void {
    const vector = this.#embed(question);
    if (vector === null) return;
    this.#known.delete(key);
    this.#known.set(key, { key, vector, gist: gistOf(question) });
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= this.#options.entries) break;
      this.#known.delete(oldest);
    }
  }

  forget(key: string): void {
    this.#known.delete(key);
  }

  /** A checked hit's real answer came. */
  checked(given: string, real: string): void {
    this.#counts.checked++;
    if (!sameAnswer(given, real)) this.#counts.falseHits++;
  }
}

/** Below this token F1 (as SQuAD scores answers) two answers say different things. */
const SAME_F1 = 0.5;

/** Whether two answers say the same, by the overlap of their words. */
export function sameAnswer(a: string, b: string): boolean {
  const words = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const left = words(a);
  const right = words(b);
  if (left.length === 0 || right.length === 0) return left.length === right.length;
  const counts = new Map<string, number>();
  for (const word of left) counts.set(word, (counts.get(word) ?? 0) + 1);
  let common = 0;
  for (const word of right) {
    const n = counts.get(word) ?? 0;
    if (n === 0) continue;
    counts.set(word, n - 1);
    common++;
  }
  return (2 * common) / (left.length + right.length) >= SAME_F1;
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/**
 * A 95 % interval of a rate (Wilson, JASA 1927).
 * @returns low and high in [0, 1]; [0, 1] for no trials
 */
export function wilsonInterval(successes: number, trials: number): readonly [number, number] {
  if (trials === 0) return [0, 1];
  const z = 1.959964;
  const rate = successes / trials;
  const scale = 1 + (z * z) / trials;
  const middle = (rate + (z * z) / (2 * trials)) / scale;
  const half = (z / scale) * Math.sqrt((rate * (1 - rate)) / trials + (z * z) / (4 * trials * trials));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}
