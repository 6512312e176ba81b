import type { Segment } from './journal.ts';

/** The segments used last, up to a budget of text, so that many loads after a restart read each segment once. */
export class SegmentCache {
  readonly #budgetUnits: number;
  /** Least recently used first. */
  readonly #segments = new Map<number, { segment: Segment; units: number }>();
  #units = 0;

  constructor(budgetUnits: number) {
    this.#budgetUnits = budgetUnits;
  }

  get(position: number): Segment | undefined {
    const entry = this.#segments.get(position);
    if (!entry) return undefined;
    this.#segments.delete(position);
    this.#segments.set(position, entry);
    return entry.segment;
  }

  put(segment: Segment): void {
    this.delete(segment.position);
    const units = segment.texts.reduce((sum, text) => sum + text.length, 0);
    this.#segments.set(segment.position, { segment, units });
    this.#units += units;
    for (const position of this.#segments.keys()) {
      if (this.#units <= this.#budgetUnits) break;
      this.delete(position);
    }
  }

  delete(position: number): void {
    this.#units -= this.#segments.get(position)?.units ?? 0;
    this.#segments.delete(position);
  }

  clear(): void {
    this.#segments.clear();
    this.#units = 0;
  }
}
