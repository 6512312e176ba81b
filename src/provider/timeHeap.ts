/** Things ordered by a time each: a binary min-heap, the earliest first. Who takes a thing out early marks it and skips it later. */
export class TimeHeap<T> {
  private readonly times: number[] = [];
  private readonly things: T[] = [];

  get size(): number {
    return this.times.length;
  }
  /** The earliest time; Infinity when empty. */
  get earliestMs(): number {
    return this.times[0] ?? Infinity;
  }
  get earliest(): T | undefined {
    return this.things[0];
  }

  push(atMs: number, thing: T): void {
    const { times, things } = this;
    let i = times.push(atMs) - 1;
    things.push(thing);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (times[parent]! <= atMs) break;
      times[i] = times[parent]!;
      things[i] = things[parent]!;
      i = parent;
    }
    times[i] = atMs;
    things[i] = thing;
  }

  /** Takes the earliest out. */
  pop(): T | undefined {
    const { times, things } = this;
    const top = things[0];
    const atMs = times.pop();
    const thing = things.pop();
    if (atMs === undefined || times.length === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= times.length) break;
      if (child + 1 < times.length && times[child + 1]! < times[child]!) child++;
      if (times[child]! >= atMs) break;
      times[i] = times[child]!;
      things[i] = things[child]!;
      i = child;
    }
    times[i] = atMs;
    things[i] = thing as T;
    return top;
  }
}
