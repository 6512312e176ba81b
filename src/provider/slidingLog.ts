/** Entries closer together than this share of the span are one slot, with the later one's time: never forgotten too early. */
const SLOTS = 6_000;

/**
 * What was charged within the last `spanMs`, entry by entry, each correctable while it counts. Times must not step back.
 * Exact to a six-thousandth of the span (10 ms of a minute), and on the safe side of it.
 */
export class SlidingLog {
  private readonly spanMs: number;
  private readonly grainMs: number;
  private times: number[] = [];
  private amounts: number[] = [];
  /** Slots before this one no longer count. */
  private head = 0;
  /** Slots before this one lie outside of the part that `withinFallsToMs` was asked for. */
  private innerHead = 0;
  private innerTotal = 0;
  /** When each slot began. */
  private starts: number[] = [];
  /** Number of the slot at index 0, over the whole life. */
  private offset = 0;
  private total = 0;

  constructor(spanMs: number) {
    this.spanMs = spanMs;
    this.grainMs = spanMs / SLOTS;
  }

  /** Adds an entry; the number by which it can be corrected. */
  add(amount: number, nowMs: number): number {
    this.forget(nowMs);
    const last = this.times.length - 1;
    if (last >= this.head && nowMs - this.starts[last]! < this.grainMs) {
      this.amounts[last]! += amount;
      this.times[last] = nowMs;
      this.total += amount;
      if (last >= this.innerHead) this.innerTotal += amount;
      return this.offset + last;
    }
    this.times.push(nowMs);
    this.starts.push(nowMs);
    this.amounts.push(amount);
    this.total += amount;
    this.innerTotal += amount;
    return this.offset + this.times.length - 1;
  }

  /** Changes an entry that still counts; one that does not is past caring. */
  correct(entry: number, by: number): void {
    const i = entry - this.offset;
    if (i < this.head) return;
    this.amounts[i]! += by;
    this.total += by;
    if (i >= this.innerHead) this.innerTotal += by;
  }

  sum(nowMs: number): number {
    this.forget(nowMs);
    return this.total;
  }

  /** When no more than `room` is left in the span, if nothing is added; Infinity for a negative room. */
  fallsToMs(room: number, nowMs: number): number {
    this.forget(nowMs);
    if (this.total <= room) return nowMs;
    if (room < 0) return Infinity;
    let left = this.total;
    for (let i = this.head; i < this.times.length; i++) {
      left -= this.amounts[i]!;
      if (left <= room) return this.times[i]! + this.spanMs;
    }
    return this.times[this.times.length - 1]! + this.spanMs;
  }

  /** What was charged after `now - withinMs`, for a part of the span that changes slowly; and when it falls to `room`. */
  withinFallsToMs(withinMs: number, room: number, nowMs: number): number {
    this.forget(nowMs);
    while (this.innerHead < this.times.length && this.times[this.innerHead]! + withinMs <= nowMs)
      this.innerTotal -= this.amounts[this.innerHead++]!;
    while (this.innerHead > this.head && this.times[this.innerHead - 1]! + withinMs > nowMs)
      this.innerTotal += this.amounts[--this.innerHead]!;
    if (this.innerTotal <= room) return nowMs;
    let left = this.innerTotal;
    for (let i = this.innerHead; i < this.times.length; i++) {
      left -= this.amounts[i]!;
      if (left <= room) return this.times[i]! + withinMs;
    }
    return Infinity;
  }

  private forget(nowMs: number): void {
    while (this.head < this.times.length && this.times[this.head]! + this.spanMs <= nowMs) {
      const amount = this.amounts[this.head]!;
      this.total -= amount;
      if (this.innerHead === this.head) {
        this.innerTotal -= amount;
        this.innerHead++;
      }
      this.head++;
    }
    // Sums of many small corrections drift; an empty log starts from nought.
    if (this.head === this.times.length) this.total = this.innerTotal = 0;
    if (this.head > 4_096 && this.head * 2 > this.times.length) {
      this.times = this.times.slice(this.head);
      this.starts = this.starts.slice(this.head);
      this.amounts = this.amounts.slice(this.head);
      this.offset += this.head;
      this.innerHead -= this.head;
      this.head = 0;
    }
  }
}
