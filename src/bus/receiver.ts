import type { BusOptions } from './options.ts';
import type { Message } from './wire.ts';

/** The receiving half of a link. Hands each number on once and in order; acks what its host says is settled. */
export interface ReceiverState {
  /** The next number to hand on. */
  expected: number;
  /** Everything below is settled by the host and may be acked. */
  settled: number;
  /** Handed on and not yet dealt with: what they fill of the window stays closed to the sender. */
  undealt: number;
  /** The highest ack that went out. */
  acked: number;
  /** Numbers that came too early. */
  early: Map<number, Message>;
  duplicates: number;
  /** The sender must hear from us: an ack is owed. */
  owesAck: boolean;
  gap: boolean;
  /** The window was advertised as closed or nearly so. */
  throttled: boolean;
}

export const createReceiver = (expected = 1): ReceiverState => ({
  expected,
  settled: expected,
  undealt: 0,
  acked: expected,
  early: new Map(),
  duplicates: 0,
  owesAck: false,
  gap: false,
  throttled: false,
});

/** Messages taken beyond the ack; also bounds `early` and the host's mailbox. */
export const openWindow = (r: ReceiverState, options: BusOptions): number =>
  Math.max(0, options.windowMessages - r.undealt);

/** Takes a batch numbered from `first`; returns the messages that are now due, the first of them numbered `expected` as it was before. */
export function accept(
  r: ReceiverState,
  first: number,
  messages: readonly Message[],
  options: BusOptions,
): readonly Message[] {
  r.owesAck = true;
  const end = first + messages.length;
  if (end <= r.expected) {
    r.duplicates += messages.length;
    return [];
  }
  if (first > r.expected) {
    r.gap = true;
    const limit = r.expected + options.windowMessages;
    for (let i = 0; i < messages.length && first + i < limit; i++) {
      if (r.early.has(first + i)) r.duplicates++;
      r.early.set(first + i, messages[i]!);
    }
    return [];
  }
  const skip = r.expected - first;
  r.duplicates += skip;
  let due: Message[] | readonly Message[] = messages;
  if (skip > 0) due = messages.slice(skip);
  if (r.early.size > 0) {
    const more = [...due];
    for (let seq = r.expected; seq < end; seq++) if (r.early.delete(seq)) r.duplicates++;
    for (let seq = end, m = r.early.get(seq); m !== undefined; m = r.early.get(++seq)) {
      more.push(m);
      r.early.delete(seq);
    }
    due = more;
  }
  r.expected += due.length;
  r.undealt += due.length;
  r.gap = r.early.size > 0;
  return due;
}

/** The host settled everything below `upTo`: from now on it may be acked. */
export function settle(r: ReceiverState, upTo: number): void {
  if (upTo <= r.settled) return;
  r.settled = Math.min(upTo, r.expected);
  r.owesAck = true;
}

/** The host dealt with `n` messages: their room in the window opens. */
export function deal(r: ReceiverState, n: number, options: BusOptions): void {
  r.undealt = Math.max(0, r.undealt - n);
  if (r.throttled && openWindow(r, options) * 2 >= options.windowMessages) r.owesAck = true;
}

/** The ack to post now; clears what was owed. */
export function takeAck(
  r: ReceiverState,
  options: BusOptions,
): { ack: number; window: number; gap: boolean } {
  const window = openWindow(r, options);
  r.owesAck = false;
  r.acked = r.settled;
  r.throttled = window * 4 < options.windowMessages;
  return { ack: r.settled, window, gap: r.gap };
}

/** A sender whose numbering starts anew, or one never heard of, begins at `base`. */
export function restart(r: ReceiverState, base: number): void {
  Object.assign(r, createReceiver(base));
}
