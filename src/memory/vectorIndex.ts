import { assert } from '../kernel/assert.ts';
import { GrowableF32, GrowableU32 } from './growable.ts';
import { plainScan, simdScan, type VectorScan } from './vectorScan.ts';

/** What made a vector: vectors compare only with those of the same model and size. */
export interface VectorTag {
  readonly model: string;
  readonly dimensions: number;
}

export interface VectorHit {
  readonly id: number;
  /** Cosine, from -1 to 1, as exact as 8 bits a number allow. */
  readonly similarity: number;
}

/** Up to so many bytes (50,000 vectors of 384 numbers) every vector is compared; beyond, bits choose whom to compare. */
const FLAT_BYTES = 50_000 * 384;
/** Share of the vectors whose bits are nearest that is compared, and the least number. */
const RESCORED_SHARE = 0.15;
const RESCORED_MIN = 4_000;
/** So many times `k` are compared once more at 16 bits a number, which loses no places. */
const REFINED = 4;
/** Parts of a step in which the rest of a number is kept: half a step is 127 of them. */
const LOW_STEPS = 254;
/** A memory of WebAssembly reserves much address space: small indexes do without. */
const SIMD_MIN = 2_000;

/**
 * Vectors by the id of their memory, 8 bits a number for the scan and 8 more for the order of the best. Search is flat
 * up to 50,000 vectors of 384 numbers; above, one bit a number (its sign after the mean of the first vectors is taken
 * off) chooses the seventh part that is compared.
 */
export class VectorIndex {
  readonly tag: VectorTag;
  /** Bytes of a vector, and of its bits. */
  readonly #size: number;
  readonly #bitSize: number;
  #vectors: VectorScan = plainScan();
  /** What 8 bits lose of each vector, in the same places. */
  readonly #rests: VectorScan = plainScan();
  #bits: VectorScan | null = null;
  readonly #flatBytes: number;
  readonly #allowSimd: boolean;
  readonly #ids = new GrowableU32();
  readonly #scales = new GrowableF32();
  readonly #slots = new Map<number, number>();
  #mean: Float32Array | null = null;
  #out = new Int32Array(0);
  /** Whether the vectors already lie where SIMD reaches them. */
  #moved = false;

  /**
   * @param allowSimd false for plain JavaScript, which finds the same
   * @param flatBytes how many bytes of vectors are compared one by one
   */
  constructor(tag: VectorTag, allowSimd = true, flatBytes = FLAT_BYTES) {
    this.#flatBytes = flatBytes;
    this.tag = tag;
    this.#size = Math.ceil(tag.dimensions / 16) * 16;
    this.#bitSize = Math.ceil(tag.dimensions / 128) * 16;
    this.#allowSimd = allowSimd;
  }

  get size(): number {
    return this.#ids.length;
  }

  get bytes(): number {
    return this.size * (2 * this.#size + (this.#bits ? this.#bitSize : 0) + 56);
  }

  has(id: number): boolean {
    return this.#slots.has(id);
  }

  /** Sets the vector of a memory, made a unit vector; zero vectors are refused (false). Throws AssertionError for another size. */
  set(id: number, vector: ArrayLike<number>): boolean {
    assert(
      vector.length === this.tag.dimensions,
      `a vector of ${this.tag.model} has ${this.tag.dimensions} numbers`,
    );
    let slot = this.#slots.get(id);
    const isNew = slot === undefined;
    slot ??= this.size;
    if (isNew && slot === SIMD_MIN) this.#move();
    this.#vectors.reserve(this.#at(slot + 1));
    this.#rests.reserve(this.#at(slot + 1));
    const scale = this.#quantise(vector, this.#at(slot));
    if (scale === 0) {
      if (!isNew) this.remove(id);
      return false;
    }
    if (isNew) {
      this.#slots.set(id, slot);
      this.#ids.push(id);
      this.#scales.push(scale);
      if (!this.#bits && this.size * this.#size > this.#flatBytes) this.#makeBits();
    } else this.#scales.array[slot] = scale;
    if (this.#bits) this.#setBits(slot);
    return true;
  }

  /** Takes a memory's vector out; the last one takes its place. */
  remove(id: number): boolean {
    const slot = this.#slots.get(id);
    if (slot === undefined) return false;
    const last = this.size - 1;
    for (const { bytes } of [this.#vectors, this.#rests])
      bytes.copyWithin(this.#at(slot), this.#at(last), this.#at(last + 1));
    this.#bits?.bytes.copyWithin(
      (slot + 1) * this.#bitSize,
      (last + 1) * this.#bitSize,
      (last + 2) * this.#bitSize,
    );
    const moved = this.#ids.array[last]!;
    this.#ids.array[slot] = moved;
    this.#scales.array[slot] = this.#scales.array[last]!;
    this.#slots.set(moved, slot);
    this.#slots.delete(id);
    this.#ids.length = this.#scales.length = last;
    return true;
  }

  /** The up to `k` most similar, best first, ties by lower id. */
  search(query: ArrayLike<number>, k: number): VectorHit[] {
    const own = this.#aim(query);
    if (own === 0 || k <= 0) return [];
    const n = this.size;
    if (this.#out.length < n) this.#out = new Int32Array(Math.ceil(n * 1.25));
    const kept = k * REFINED;
    const best: VectorHit[] = [];
    const offer = (slot: number, dot: number): void => {
      const similarity = dot * own * this.#scales.array[slot]!;
      const id = this.#ids.array[slot]!;
      const worst = best[kept - 1];
      if (worst && (similarity < worst.similarity || (similarity === worst.similarity && id > worst.id)))
        return;
      let at = Math.min(best.length, kept - 1);
      while (
        at > 0 &&
        (best[at - 1]!.similarity < similarity ||
          (best[at - 1]!.similarity === similarity && best[at - 1]!.id > id))
      )
        at--;
      best.splice(at, 0, { id, similarity });
      if (best.length > kept) best.length = kept;
    };
    if (this.#bits) {
      const count = Math.max(RESCORED_MIN, kept, Math.ceil(n * RESCORED_SHARE));
      for (const slot of this.#nearestBits(count))
        offer(slot, this.#vectors.dotOne(0, this.#at(slot), this.#size));
    } else {
      this.#vectors.dot(0, this.#at(0), n, this.#size, this.#out);
      for (let slot = 0; slot < n; slot++) offer(slot, this.#out[slot]!);
    }
    return best
      .map(({ id, similarity }) => {
        const slot = this.#slots.get(id)!;
        return { id, similarity: similarity + this.#lost(slot) * own * this.#scales.array[slot]! };
      })
      .sort((a, b) => b.similarity - a.similarity || a.id - b.id)
      .slice(0, k);
  }

  /** How similar each memory is to the query; NaN for one without a vector. */
  similarityTo(query: ArrayLike<number>): (id: number) => number {
    const own = this.#aim(query);
    const aimed = Float64Array.from({ length: this.#size }, (_, d) => this.#exactly(d));
    return (id) => {
      const slot = this.#slots.get(id);
      if (slot === undefined || own === 0) return NaN;
      const from = this.#at(slot);
      let sum = 0;
      for (let d = 0; d < this.tag.dimensions; d++) sum += aimed[d]! * this.#exactly(from + d);
      return sum * own * this.#scales.array[slot]!;
    };
  }

  /** A number with what 8 bits lose of it, in steps. */
  #exactly(at: number): number {
    return this.#vectors.bytes[at]! + this.#rests.bytes[at]! / LOW_STEPS;
  }

  /** What the dot product of the query and a vector lacks when both have 8 bits. */
  #lost(slot: number): number {
    const vectors = this.#vectors.bytes;
    const rests = this.#rests.bytes;
    const from = this.#at(slot);
    let sum = 0;
    for (let d = 0; d < this.tag.dimensions; d++)
      sum +=
        (vectors[d]! * rests[from + d]! + rests[d]! * (vectors[from + d]! + rests[from + d]! / LOW_STEPS)) /
        LOW_STEPS;
    return sum;
  }

  /** Where a vector begins; before the first lies the query. */
  #at(slot: number): number {
    return (slot + 1) * this.#size;
  }

  /** Puts a query before the first vector; returns its scale. */
  #aim(query: ArrayLike<number>): number {
    assert(query.length === this.tag.dimensions, `a query needs ${this.tag.dimensions} numbers`);
    this.#vectors.reserve(this.#at(0));
    this.#rests.reserve(this.#at(0));
    const scale = this.#quantise(query, 0);
    if (this.#bits) this.#writeBits(this.#vectors.bytes, 0, 1 / (scale || 1), 0);
    return scale;
  }

  /** Writes 8 bits a number; returns what one step is worth in the unit vector, 0 for a zero vector. */
  #quantise(vector: ArrayLike<number>, at: number): number {
    let squares = 0;
    let top = 0;
    for (let d = 0; d < vector.length; d++) {
      const x = vector[d]!;
      squares += x * x;
      if (Math.abs(x) > top) top = Math.abs(x);
    }
    const { bytes } = this.#vectors;
    const rests = this.#rests.bytes;
    bytes.fill(0, at, at + this.#size);
    if (!(top > 0) || !Number.isFinite(squares)) return 0;
    for (let d = 0; d < vector.length; d++) {
      const steps = (vector[d]! * 127) / top;
      const whole = Math.round(steps);
      bytes[at + d] = whole;
      rests[at + d] = Math.round((steps - whole) * LOW_STEPS);
    }
    return top / (127 * Math.sqrt(squares));
  }

  #move(): void {
    const scan = this.#allowSimd ? simdScan() : null;
    if (!scan || this.#moved) return;
    this.#moved = true;
    scan.reserve(this.#vectors.bytes.length);
    scan.bytes.set(this.#vectors.bytes);
    this.#vectors = scan;
  }

  #makeBits(): void {
    const { bytes } = this.#vectors;
    const mean = new Float32Array(this.tag.dimensions);
    for (let slot = 0; slot < this.size; slot++)
      for (let d = 0; d < mean.length; d++)
        mean[d]! += (bytes[this.#at(slot) + d]! * this.#scales.array[slot]!) / this.size;
    this.#mean = mean;
    this.#bits = (this.#allowSimd ? simdScan() : null) ?? plainScan();
    for (let slot = 0; slot < this.size; slot++) this.#setBits(slot);
  }

  #setBits(slot: number): void {
    this.#writeBits(
      this.#vectors.bytes,
      this.#at(slot),
      1 / this.#scales.array[slot]!,
      (slot + 1) * this.#bitSize,
    );
  }

  /** @param steps how many steps the unit is: the mean is compared in steps */
  #writeBits(vectors: Int8Array, from: number, steps: number, to: number): void {
    this.#bits!.reserve(to + this.#bitSize);
    const bits = this.#bits!.bytes;
    bits.fill(0, to, to + this.#bitSize);
    for (let d = 0; d < this.tag.dimensions; d++)
      if (vectors[from + d]! > this.#mean![d]! * steps) bits[to + (d >> 3)]! |= 1 << (d & 7);
  }

  /** Slots of the `count` vectors whose bits differ least from the query's, by counting how many differ by how much. */
  #nearestBits(count: number): number[] {
    const n = this.size;
    this.#bits!.hamming(0, this.#bitSize, n, this.#bitSize, this.#out);
    const having = new Uint32Array(8 * this.#bitSize + 1);
    for (let slot = 0; slot < n; slot++) having[this.#out[slot]!]!++;
    let limit = 0;
    for (let sum = 0; limit < having.length; limit++) {
      sum += having[limit]!;
      if (sum >= count) break;
    }
    const slots: number[] = [];
    for (let slot = 0; slot < n; slot++) if (this.#out[slot]! <= limit) slots.push(slot);
    return slots;
  }
}
