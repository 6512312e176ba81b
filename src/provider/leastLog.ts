/** The least of what was added after a moment: a monotonic queue, in which a value hides all larger ones before it. Times must not step back. */
export class LeastLog {
  private readonly spanMs: number;
  private times: number[] = [];
  private values: number[] = [];
  private forgottenMs = -Infinity;

  constructor(spanMs: number) {
    this.spanMs = spanMs;
  }

  add(value: number, nowMs: number): void {
    const { times, values } = this;
    while (values.length > 0 && values.at(-1)! >= value) {
      values.pop();
      times.pop();
    }
    times.push(nowMs);
    values.push(value);
    const kept = times.findIndex((t) => t > nowMs - this.spanMs);
    if (kept === 0) return;
    this.forgottenMs = times[kept - 1]!;
    times.splice(0, kept);
    values.splice(0, kept);
  }

  /** The least value added after `ms` and not below 0; Infinity when there is none, 0 when that is longer ago than it remembers. */
  leastAfter(ms: number): number {
    if (ms < this.forgottenMs) return 0;
    const first = this.firstAfter(ms);
    return first < 0 ? Infinity : Math.max(0, this.values[first]!);
  }

  /** All that was added after `ms` would have been less by so much. */
  lowerAfter(ms: number, by: number): void {
    const { times, values } = this;
    const first = this.firstAfter(ms);
    if (first < 0) return;
    for (let i = first; i < values.length; i++) values[i]! -= by;
    let hidden = first;
    while (hidden > 0 && values[hidden - 1]! >= values[first]!) hidden--;
    times.splice(hidden, first - hidden);
    values.splice(hidden, first - hidden);
  }

  private firstAfter(ms: number): number {
    return this.times.findIndex((t) => t > ms);
  }
}
