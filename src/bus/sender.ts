import type { BusOptions } from './options.ts';
import { backOff, initialRtt, sampleRtt, type RttState } from './rtt.ts';
import type { Ack, Message } from './wire.ts';

const NOTHING: readonly number[] = [];

/** The sending half of one level of a link: what is numbered and not yet acknowledged. Pure: time comes in, batches come out. */
export interface SenderState {
  /** Unacknowledged messages; `pending[head]` has number `base`. */
  pending: (Message | undefined)[];
  head: number;
  /** Lowest number not acknowledged. */
  base: number;
  /** The next number to go out for the first time since this was established; base <= cursor <= base + waiting. */
  cursor: number;
  /** Numbers below this have been out at least once: resent ones are never timed (Karn's rule). */
  highest: number;
  /** The receiver has room for numbers below this. */
  credit: number;
  established: boolean;
  rtt: RttState;
  /** The number whose round trip is timed, and since when; 0 for none. */
  timedSeq: number;
  timedAtMs: number;
  /** When what is in flight and not held by the receiver is sent again; null with nothing in flight. */
  resendAtMs: number | null;
  /** What the receiver holds beyond `base`, as it last said: flat pairs [from, to). */
  held: readonly number[];
  /** What goes out again: flat pairs [from, to), ascending. */
  again: number[];
  /** A gap below this was answered: only the resend timer sends it once more. */
  answered: number;
  /** Messages that went out more than once, and those of them that a gap report asked for. */
  resent: number;
  resentEarly: number;
  /** Messages of `pending` may have a deadline. */
  dated: boolean;
}

/** A sender that goes on from `base` with `pending` still to be acknowledged. */
export function createSender(options: BusOptions, base = 1, pending: readonly Message[] = []): SenderState {
  return {
    pending: [...pending],
    head: 0,
    base,
    cursor: base,
    highest: base,
    credit: base,
    established: false,
    rtt: initialRtt(options.resendFloorMs),
    timedSeq: 0,
    timedAtMs: 0,
    resendAtMs: null,
    held: NOTHING,
    again: [],
    answered: base,
    resent: 0,
    resentEarly: 0,
    dated: pending.some((m) => m.deadlineAtMs !== undefined),
  };
}

/** Messages numbered and not acknowledged. */
export const waiting = (s: SenderState): number => s.pending.length - s.head;
/** The number that the next message will get. */
export const nextSeq = (s: SenderState): number => s.base + waiting(s);
/** Messages that `enqueue` takes before it refuses. */
export const room = (s: SenderState, options: BusOptions): number =>
  options.windowMessages + options.queueMessages - waiting(s);

/** Numbers a message; returns its number, or 0 when the queue is full. */
export function enqueue(s: SenderState, message: Message, options: BusOptions): number {
  if (room(s, options) <= 0) return 0;
  s.pending.push(message);
  if (message.deadlineAtMs !== undefined) s.dated = true;
  return s.base + waiting(s) - 1;
}

function dropBelow(s: SenderState, seq: number): number {
  const n = Math.min(seq, nextSeq(s)) - s.base;
  if (n <= 0) return 0;
  s.pending.fill(undefined, s.head, s.head + n);
  s.head += n;
  s.base += n;
  if (s.head > 1_024 && s.head * 2 > s.pending.length) {
    s.pending = s.pending.slice(s.head);
    s.head = 0;
  }
  return n;
}

/** The receiver says where it stands: everything before `ack` is settled, the rest goes (again) from there. Returns how many it settled. */
export function establish(s: SenderState, { ack, credit, held }: Ack, nowMs: number): number {
  const settled = dropBelow(s, ack);
  s.established = true;
  s.credit = credit;
  s.held = held;
  s.again = [];
  s.timedSeq = 0;
  s.resendAtMs = null;
  s.cursor = s.base;
  // What an earlier incarnation sent was out, too.
  if (s.highest < s.base) s.highest = s.base;
  // What is held needs no second sending: the cursor begins behind it, and only the holes go out.
  const last = held.at(-1) ?? 0;
  if (last > s.cursor) {
    s.again = missing(s, last);
    s.cursor = Math.min(last, nextSeq(s));
    if (s.cursor > s.highest) s.highest = s.cursor;
    if (s.cursor > s.base) s.resendAtMs = nowMs + s.rtt.rtoMs;
  }
  s.answered = s.cursor;
  return settled;
}

/** The receiver is gone or unknown: nothing goes out until it is established again. */
export function suspend(s: SenderState): void {
  s.established = false;
  s.timedSeq = 0;
  s.resendAtMs = null;
}

/** Numbers from base to below `end` that the receiver does not hold, as flat pairs. O(ranges), whatever the window. */
function missing(s: SenderState, end: number): number[] {
  const ranges: number[] = [];
  const limit = Math.min(end, nextSeq(s));
  let from = s.base;
  for (let i = 0; i < s.held.length && from < limit; i += 2) {
    const heldFrom = Math.min(s.held[i]!, limit);
    if (heldFrom > from) ranges.push(from, heldFrom);
    from = Math.max(from, s.held[i + 1]!);
  }
  if (from < limit) ranges.push(from, limit);
  return ranges;
}

/** The first number from `seq` on that the receiver does not hold, as it last said. */
function afterHeld(s: SenderState, seq: number): number {
  for (let i = 0; i < s.held.length; i += 2)
    if (seq >= s.held[i]! && seq < s.held[i + 1]!) return s.held[i + 1]!;
  return seq;
}

/** The first number above `seq` that the receiver holds; Infinity for none. */
function heldFrom(s: SenderState, seq: number): number {
  for (let i = 0; i < s.held.length; i += 2) if (s.held[i]! > seq) return s.held[i]!;
  return Infinity;
}

/** Numbers below this arrived without a gap, settled or not. */
const arrivedBelow = (base: number, held: readonly number[]): number => (held[0] === base ? held[1]! : base);

/** Takes an ack; returns how many messages it settled. A gap that it reports is answered once, ahead of the resend timer. */
export function acknowledge(s: SenderState, ack: Ack, nowMs: number, options: BusOptions): number {
  if (!s.established || ack.ack < s.base || ack.ack > s.highest) return 0;
  if (ack.credit > s.credit) s.credit = ack.credit;
  const arrivedBefore = arrivedBelow(s.base, s.held);
  const settled = dropBelow(s, ack.ack);
  if (s.cursor < s.base) s.cursor = s.base;
  s.held = ack.held;
  if (s.timedSeq > 0 && (ack.ack > s.timedSeq || afterHeld(s, s.timedSeq) > s.timedSeq)) {
    sampleRtt(s.rtt, nowMs - s.timedAtMs, options.resendFloorMs);
    s.timedSeq = 0;
  }
  // RFC 6298, 5.3: new data was acknowledged. Here what arrived in order counts, for a commit may take longer than the timer.
  if (settled > 0 || arrivedBelow(s.base, s.held) > arrivedBefore)
    s.resendAtMs = s.cursor > s.base ? nowMs + s.rtt.rtoMs : null;
  if (ack.held.length > 0) answerGaps(s);
  return settled;
}

function answerGaps(s: SenderState): void {
  const end = Math.min(s.held.at(-1)!, s.cursor);
  if (end <= s.answered) return;
  const gaps = missing(s, end);
  for (let i = 0; i < gaps.length; i += 2) {
    const from = Math.max(gaps[i]!, s.answered);
    if (from >= gaps[i + 1]!) continue;
    s.again.push(from, gaps[i + 1]!);
    s.resentEarly += gaps[i + 1]! - from;
  }
  s.answered = end;
}

/** This node stood still for so long, and that time does not count. */
export function excuse(s: SenderState, stillMs: number): void {
  if (s.resendAtMs !== null) s.resendAtMs += stillMs;
}

/** Time passed: when the resend timer ran out, everything in flight that is not held goes out again. Returns whether it ran out. */
export function expire(s: SenderState, nowMs: number): boolean {
  if (s.resendAtMs === null || nowMs < s.resendAtMs || s.cursor === s.base) return false;
  s.again = missing(s, s.cursor);
  s.answered = s.cursor;
  backOff(s.rtt);
  s.resendAtMs = nowMs + s.rtt.rtoMs;
  return true;
}

/** Something goes out again. */
export const hasAgain = (s: SenderState): boolean => s.again.length > 0;

/** The next batch to post, what goes out again first; null when the credit or the queue is exhausted. */
export function takeBatch(
  s: SenderState,
  nowMs: number,
  options: BusOptions,
): { first: number; messages: Message[] } | null {
  if (!s.established) return null;
  while (s.again.length > 0) {
    // The receiver may have said meanwhile that it holds some of it.
    const first = afterHeld(s, Math.max(s.again[0]!, s.base));
    const end = Math.min(s.again[1]!, first + options.batchMessages, heldFrom(s, first));
    if (end >= s.again[1]! || first >= s.again[1]!) s.again.splice(0, 2);
    else s.again[0] = end;
    if (end <= first) continue;
    s.resent += end - first;
    if (s.timedSeq >= first && s.timedSeq < end) s.timedSeq = 0;
    s.resendAtMs ??= nowMs + s.rtt.rtoMs;
    return { first, messages: messagesOf(s, first, end, nowMs) };
  }
  const first = s.cursor;
  const end = Math.min(nextSeq(s), s.credit, first + options.batchMessages);
  if (end <= first) return null;
  s.cursor = end;
  if (s.timedSeq === 0 && first >= s.highest) {
    s.timedSeq = end - 1;
    s.timedAtMs = nowMs;
  }
  if (end > s.highest) s.highest = end;
  s.resendAtMs ??= nowMs + s.rtt.rtoMs;
  return { first, messages: messagesOf(s, first, end, nowMs) };
}

/**
 * What is past its deadline keeps its number, so that the receiver can settle it, but travels without its body, and with a
 * deadline that is over on every clock.
 */
function messagesOf(s: SenderState, first: number, end: number, nowMs: number): Message[] {
  const from = s.head + (first - s.base);
  const messages = s.pending.slice(from, from + (end - first)) as Message[];
  if (!s.dated) return messages;
  if (waiting(s) === 0) s.dated = false;
  return messages.map((m) =>
    m.deadlineAtMs !== undefined && m.deadlineAtMs < nowMs ? { ...m, body: null, deadlineAtMs: -1 } : m,
  );
}

/** Drops everything that waits, as for a peer that was given up; numbering goes on behind it. */
export function discard(s: SenderState): void {
  dropBelow(s, nextSeq(s));
  s.cursor = s.base;
  s.again = [];
  s.held = NOTHING;
  s.highest = Math.max(s.highest, s.base);
}

/** Nothing is in flight although something waits: the receiver gives no credit. */
export const isBlocked = (s: SenderState): boolean =>
  s.established && s.cursor === s.base && s.credit <= s.base && waiting(s) > 0;
