import type { BusOptions } from './options.ts';
import { addRange } from './ranges.ts';
import { HELD_RANGES_MAX, type Ack, type Message } from './wire.ts';

const NOTHING: readonly never[] = [];

/** The receiving half of one level of a link. Hands each number on once and in order; acks what its host says is settled. */
export interface ReceiverState {
  /** The next number to hand on. */
  expected: number;
  /** Everything below is settled by the host and may be acked. */
  settled: number;
  /** Handed on and not yet dealt with: what they fill of the window stays closed to the sender. */
  undealt: number;
  /** The highest ack that went out; what was settled when this began. */
  acked: number;
  began: number;
  /** Numbers that came too early, and which they are: flat pairs [from, to), ascending, apart. */
  early: Map<number, Message>;
  ranges: number[];
  duplicates: number;
  /** Messages beyond the credit: dropped, for nobody promised them room. */
  overCredit: number;
  /** The sender must hear from us: an ack is owed. */
  owesAck: boolean;
  /** Little credit was given: the sender waits for more. */
  throttled: boolean;
}

/** @param undealt accepted by an earlier incarnation and not dealt with */
export const createReceiver = (expected = 1, undealt = 0): ReceiverState => ({
  expected,
  settled: expected,
  undealt,
  acked: expected,
  began: expected,
  early: new Map(),
  ranges: [],
  duplicates: 0,
  overCredit: 0,
  owesAck: false,
  throttled: false,
});

/**
 * Numbers below this have room: a window beyond `expected`, less what the host still has in hand, and no more than a window
 * beyond what is settled, so that a slow disk slows the sender too. It never decreases, so a late ack can promise nothing
 * that is not there.
 */
export const creditOf = (r: ReceiverState, options: BusOptions): number =>
  Math.min(r.expected + Math.max(0, options.windowMessages - r.undealt), r.settled + options.windowMessages);

/** Numbers are missing below one that came. */
export const hasGap = (r: ReceiverState): boolean => r.ranges.length > 0;

/** Takes a batch numbered from `first`; returns the messages that are now due, the first of them numbered `expected` as it was before. */
export function accept(
  r: ReceiverState,
  first: number,
  batch: readonly Message[],
  options: BusOptions,
): readonly Message[] {
  r.owesAck = true;
  const credit = creditOf(r, options);
  let messages = batch;
  let end = first + messages.length;
  if (end > credit) {
    const take = Math.max(0, credit - first);
    r.overCredit += messages.length - take;
    messages = messages.slice(0, take);
    end = first + take;
  }
  if (end <= r.expected) {
    r.duplicates += messages.length;
    return NOTHING;
  }
  if (first > r.expected) {
    keepEarly(r, first, messages);
    return NOTHING;
  }
  const skip = r.expected - first;
  r.duplicates += skip;
  let due: Message[] | readonly Message[] = skip > 0 ? messages.slice(skip) : messages;
  if (r.ranges.length > 0) due = drainEarly(r, due, end);
  r.expected += due.length;
  r.undealt += due.length;
  return due;
}

function keepEarly(r: ReceiverState, first: number, messages: readonly Message[]): void {
  const before = r.early.size;
  for (let i = 0; i < messages.length; i++) r.early.set(first + i, messages[i]!);
  r.duplicates += messages.length - (r.early.size - before);
  addRange(r.ranges, first, first + messages.length);
}

/** Adds to what is due (up to `end`) the early messages that follow it without a gap. */
function drainEarly(r: ReceiverState, due: readonly Message[], end: number): Message[] {
  const more = [...due];
  let seq = end;
  let done = 0;
  for (; done < r.ranges.length && r.ranges[done]! <= seq; done += 2) {
    const to = r.ranges[done + 1]!;
    for (let old = r.ranges[done]!; old < Math.min(seq, to); old++) {
      r.early.delete(old);
      r.duplicates++;
    }
    for (; seq < to; seq++) {
      more.push(r.early.get(seq)!);
      r.early.delete(seq);
    }
  }
  r.ranges.splice(0, done);
  return more;
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
  if (r.throttled && (options.windowMessages - r.undealt) * 2 >= options.windowMessages) r.owesAck = true;
}

/**
 * So much is settled and not acked that the ack should not wait for company: a quarter of the window, or half of all there
 * was, for a sender that starts slowly waits for it.
 */
export const acksNow = (r: ReceiverState, options: BusOptions): boolean => {
  const unacked = r.settled - r.acked;
  return (
    unacked >= options.batchMessages &&
    unacked * 2 >= Math.min(options.windowMessages / 2, r.settled - r.began)
  );
};

/** The ack to post now; clears what was owed. */
export function takeAck(r: ReceiverState, options: BusOptions): Ack {
  const credit = creditOf(r, options);
  r.owesAck = false;
  r.acked = r.settled;
  r.throttled = (credit - r.expected) * 4 < options.windowMessages;
  return { ack: r.settled, credit, held: heldBy(r) };
}

/** What arrived from `settled` on, lowest first, in at most `HELD_RANGES_MAX` ranges. */
function heldBy(r: ReceiverState): readonly number[] {
  if (r.expected === r.settled) {
    if (r.ranges.length === 0) return NOTHING;
    return r.ranges.slice(0, 2 * HELD_RANGES_MAX);
  }
  return [r.settled, r.expected, ...r.ranges.slice(0, 2 * (HELD_RANGES_MAX - 1))];
}

/** A sender whose numbering starts anew, or one never heard of, begins at `base`. What the host has in hand stays so. */
export function restart(r: ReceiverState, base: number): void {
  Object.assign(r, createReceiver(base, r.undealt));
}
