/** Time passes in steps of 1/1024 ms: sums of such steps are exact, so that no engine's last digit decides an order. */
export const TICKS_PER_MS = 1_024;

/** A token is a slot and how often that slot was used before. */
const SLOTS = 2 ** 22;

/** Virtual time: a binary heap of events in typed arrays. Events of one moment run in the order in which they were set. */
export interface VirtualClock {
  readonly nowMs: number;
  /** Events that have run. */
  readonly events: number;
  /** Events that are set, those taken back and not yet passed included. */
  readonly pending: number;
  /** Calls `fn` at that time, rounded to a tick and not before now. Returns a token for `cancel`. Throws RangeError for NaN. */
  at(atMs: number, fn: () => void): number;
  /** Takes an event back; does nothing when it has run. */
  cancel(token: number): void;
  /** Calls `fn` after the event that runs now, before any other. */
  defer(fn: () => void): void;
  /** When the next event is due; Infinity when there is none. */
  nextAtMs(): number;
  /** Runs what was deferred, and what that defers; stops early at an `interrupt`. */
  runDeferred(): void;
  readonly hasDeferred: boolean;
  /** Runs everything due up to `untilMs` without a pause, until something interrupts or `eventsMax` have run. */
  run(untilMs: number, eventsMax?: number): void;
  /** Makes `run` return after the call that runs now; what it deferred is still to be run. */
  interrupt(): void;
  /** Nothing is due before `atMs`: moves the clock there. */
  advanceTo(atMs: number): void;
}

export function createVirtualClock(): VirtualClock {
  let capacity = 256;
  let ats = new Float64Array(capacity);
  let orders = new Float64Array(capacity);
  let slotsOf = new Int32Array(capacity);
  let uses = new Int32Array(capacity);
  let free = new Int32Array(capacity);
  const fns: ((() => void) | null)[] = [];
  let freeCount = 0;
  let size = 0;
  let order = 0;
  let now = 0;
  let events = 0;
  /** Set from inside of what runs. */
  let interrupted = false;
  const goesOn = (): boolean => !interrupted;
  let deferred: (() => void)[] = [];
  let deferredAt = 0;

  function grow(): void {
    const doubles = (from: Float64Array): Float64Array<ArrayBuffer> => {
      const to = new Float64Array(capacity);
      to.set(from);
      return to;
    };
    const ints = (from: Int32Array): Int32Array<ArrayBuffer> => {
      const to = new Int32Array(capacity);
      to.set(from);
      return to;
    };
    capacity *= 2;
    if (capacity > SLOTS) throw new RangeError(`the clock holds more than ${SLOTS} events`);
    ats = doubles(ats);
    orders = doubles(orders);
    slotsOf = ints(slotsOf);
    uses = ints(uses);
    free = ints(free);
  }

  function at(atMs: number, fn: () => void): number {
    let ticks = Math.round(atMs * TICKS_PER_MS);
    if (!(ticks >= now)) {
      if (Number.isNaN(ticks)) throw new RangeError('an event needs a time, got NaN');
      ticks = now;
    }
    if (size === capacity) grow();
    const slot = freeCount > 0 ? free[--freeCount]! : fns.length;
    fns[slot] = fn;
    const mine = order++;
    let i = size++;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      // What was set earlier has the lower number, so among equals the new one stays below.
      if (ats[parent]! <= ticks) break;
      ats[i] = ats[parent]!;
      orders[i] = orders[parent]!;
      slotsOf[i] = slotsOf[parent]!;
      i = parent;
    }
    ats[i] = ticks;
    orders[i] = mine;
    slotsOf[i] = slot;
    return uses[slot]! * SLOTS + slot;
  }

  /** Takes the top out of the heap; its slot is free again. Returns what it was to call, null when taken back. */
  function pop(): (() => void) | null {
    const slot = slotsOf[0]!;
    const fn = fns[slot]!;
    fns[slot] = null;
    uses[slot] = (uses[slot]! + 1) & 0x3fff_ffff;
    free[freeCount++] = slot;
    const last = --size;
    const lastAt = ats[last]!;
    const lastOrder = orders[last]!;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= last) break;
      let childAt = ats[child]!;
      const right = child + 1;
      if (right < last) {
        const rightAt = ats[right]!;
        if (rightAt < childAt || (rightAt === childAt && orders[right]! < orders[child]!)) {
          child = right;
          childAt = rightAt;
        }
      }
      if (childAt > lastAt || (childAt === lastAt && orders[child]! > lastOrder)) break;
      ats[i] = childAt;
      orders[i] = orders[child]!;
      slotsOf[i] = slotsOf[child]!;
      i = child;
    }
    ats[i] = lastAt;
    orders[i] = lastOrder;
    slotsOf[i] = slotsOf[last]!;
    return fn;
  }

  function runDeferred(): void {
    while (deferredAt < deferred.length && goesOn()) deferred[deferredAt++]!();
    if (deferredAt === deferred.length && deferredAt > 0) {
      deferred = [];
      deferredAt = 0;
    }
  }

  return {
    get nowMs() {
      return now / TICKS_PER_MS;
    },
    get events() {
      return events;
    },
    get pending() {
      return size;
    },
    at,
    cancel(token) {
      const slot = token % SLOTS;
      if (uses[slot] === Math.floor(token / SLOTS)) fns[slot] = null;
    },
    defer: (fn) => void deferred.push(fn),
    nextAtMs: () => (size === 0 ? Infinity : ats[0]! / TICKS_PER_MS),
    runDeferred() {
      interrupted = false;
      runDeferred();
    },
    get hasDeferred() {
      return deferredAt < deferred.length;
    },
    run(untilMs, eventsMax = Infinity) {
      const until = untilMs * TICKS_PER_MS;
      const last = events + eventsMax;
      interrupted = false;
      if (deferred.length > 0) runDeferred();
      while (goesOn() && size > 0 && ats[0]! <= until && events < last) {
        const due = ats[0]!;
        const fn = pop();
        if (fn === null) continue;
        now = due;
        events++;
        fn();
        if (deferred.length > 0) runDeferred();
      }
    },
    interrupt() {
      interrupted = true;
    },
    advanceTo(atMs) {
      const ticks = Math.round(atMs * TICKS_PER_MS);
      if (size > 0 && ats[0]! < ticks) throw new RangeError(`an event is due before ${atMs} ms`);
      now = Math.max(now, ticks);
    },
  };
}
