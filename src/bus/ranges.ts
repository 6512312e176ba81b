/** Sets of sequence numbers as flat pairs [from, to), ascending and apart: what is held, what is missing. All in O(ranges). */
export type Ranges = readonly number[];

/** Numbers in them. */
export function countOf(ranges: Ranges): number {
  let n = 0;
  for (let i = 0; i < ranges.length; i += 2) n += ranges[i + 1]! - ranges[i]!;
  return n;
}

/** Numbers from `from` to below `to` that are not in `ranges`. */
export function missingFrom(ranges: Ranges, from: number, to: number): number[] {
  const holes: number[] = [];
  let at = from;
  for (let i = 0; i < ranges.length && at < to; i += 2) {
    const heldFrom = Math.min(ranges[i]!, to);
    if (heldFrom > at) holes.push(at, heldFrom);
    at = Math.max(at, ranges[i + 1]!);
  }
  if (at < to) holes.push(at, to);
  return holes;
}

/** Those of `ranges` from `from` on that are not in `others`. */
export function without(ranges: Ranges, from: number, others: Ranges): number[] {
  const left: number[] = [];
  for (let i = 0; i < ranges.length; i += 2)
    left.push(...missingFrom(others, Math.max(from, ranges[i]!), ranges[i + 1]!));
  return left;
}

/** Joins [from, to) into ranges, in place; the spot is found by bisection. */
export function addRange(ranges: number[], from: number, to: number): void {
  let low = 0;
  let high = ranges.length / 2;
  // The first range that ends at `from` or later.
  while (low < high) {
    const mid = (low + high) >> 1;
    if (ranges[2 * mid + 1]! < from) low = mid + 1;
    else high = mid;
  }
  let last = low;
  let newFrom = from;
  let newTo = to;
  while (2 * last < ranges.length && ranges[2 * last]! <= newTo) {
    newFrom = Math.min(newFrom, ranges[2 * last]!);
    newTo = Math.max(newTo, ranges[2 * last + 1]!);
    last++;
  }
  ranges.splice(2 * low, 2 * (last - low), newFrom, newTo);
}
