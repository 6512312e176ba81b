/** A virtual clock for benches of many million events: a binary heap, equal times in the order of their setting. */
export class EventLoop {
  now = 0;
  events = 0;
  private readonly times: number[] = [];
  private readonly orders: number[] = [];
  private readonly calls: (() => void)[] = [];
  private order = 0;

  in(delayMs: number, call: () => void): void {
    this.at(this.now + delayMs, call);
  }

  at(atMs: number, call: () => void): void {
    const { times, orders, calls } = this;
    const order = ++this.order;
    let i = times.length;
    while (i > 0) {
      const up = (i - 1) >> 1;
      if (times[up]! <= atMs) break;
      times[i] = times[up]!;
      orders[i] = orders[up]!;
      calls[i] = calls[up]!;
      i = up;
    }
    times[i] = atMs;
    orders[i] = order;
    calls[i] = call;
  }

  /** Runs all that is due until then. */
  run(untilMs: number): void {
    const { times, orders, calls } = this;
    while (times.length > 0 && times[0]! <= untilMs) {
      this.now = times[0]!;
      const call = calls[0]!;
      const lastAt = times.pop()!;
      const lastOrder = orders.pop()!;
      const last = calls.pop()!;
      const n = times.length;
      let i = 0;
      while (n > 0) {
        let c = 2 * i + 1;
        if (c >= n) break;
        if (
          c + 1 < n &&
          (times[c + 1]! < times[c]! || (times[c + 1]! === times[c]! && orders[c + 1]! < orders[c]!))
        )
          c++;
        if (times[c]! > lastAt || (times[c]! === lastAt && orders[c]! > lastOrder)) break;
        times[i] = times[c]!;
        orders[i] = orders[c]!;
        calls[i] = calls[c]!;
        i = c;
      }
      if (n > 0) {
        times[i] = lastAt;
        orders[i] = lastOrder;
        calls[i] = last;
      }
      this.events++;
      call();
    }
    this.now = untilMs;
  }
}
