import type { Segment } from './segment.ts';

/** The segments used last, up to a budget of bytes, so that many loads after a restart read each segment once. */
export class SegmentCache {
  readonly #budgetBytes: number;
  /** Least recently used first. */
  readonly #segments = new Map<number, Segment>();
  #bytes = 0;

  constructor(budgetBytes: number) {
    this.#budgetBytes = budgetBytes;
  }

  get(position: number): Segment | undefined {
    const segment = this.#segments.get(position);
    if (!segment) return undefined;
    this.#segments.delete(position);
    this.#segments.set(position, segment);
    return segment;
  }

  put(segment: Segment): void {
    this.delete(segment.position);
    this.#segments.set(segment.position, segment);
    this.#bytes += segment.bytes.length;
    for (const position of this.#segments.keys()) {
      if (this.#bytes <= this.#budgetBytes) break;
      this.delete(position);
    }
  }

  delete(position: number): void {
    this.#bytes -= this.#segments.get(position)?.bytes.length ?? 0;
    this.#segments.delete(position);
  }

  clear(): void {
    this.#segments.clear();
    this.#bytes = 0;
  }
}
