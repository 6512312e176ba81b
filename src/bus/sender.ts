import type { BusOptions } from './options.ts';
import { backOff, initialRtt, sampleRtt, type RttState } from './rtt.ts';
import type { Message } from './wire.ts';

/** The sending half of a link: what is numbered and not yet acknowledged. Pure: time comes in, batches come out. */
export interface SenderState {
  /** Unacknowledged messages; `pending[head]` has number `base`. */
  pending: (Message | undefined)[];
  head: number;
  /** Lowest number not acknowledged. */
  base: number;
  /** The next number to go out; base <= cursor <= base + waiting. */
  cursor: number;
  /** Numbers below this have been out at least once: resent ones are never timed (Karn's rule). */
  highest: number;
  /** Numbers the receiver takes: below base + window. */
  window: number;
  established: boolean;
  rtt: RttState;
  timed: { seq: number; atMs: number } | null;
  /** When the oldest message in flight is sent again; null with nothing in flight. */
  resendAtMs: number | null;
  resent: number;
  /** A gap report is answered once per number, until progress is made. */
  answeredGap: number;
}

/** A sender that goes on from `base` with `pending` still to be acknowledged. */
export function createSender(options: BusOptions, base = 1, pending: readonly Message[] = []): SenderState {
  return {
    pending: [...pending],
    head: 0,
    base,
    cursor: base,
    highest: base,
    window: options.windowMessages,
    established: false,
    rtt: initialRtt(options.resendFloorMs),
    timed: null,
    resendAtMs: null,
    resent: 0,
    answeredGap: 0,
  };
}

/** Messages numbered and not acknowledged. */
export const waiting = (s: SenderState): number => s.pending.length - s.head;
/** The number that the next message will get. */
export const nextSeq = (s: SenderState): number => s.base + waiting(s);

/** Numbers a message; returns its number, or 0 when the queue is full. */
export function enqueue(s: SenderState, message: Message, options: BusOptions): number {
  if (waiting(s) >= options.windowMessages + options.queueMessages) return 0;
  s.pending.push(message);
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

/** The receiver says where it stands: everything before `expected` is settled, the rest goes (again) from there. Returns how many it settled. */
export function establish(s: SenderState, expected: number, window: number): number {
  const settled = dropBelow(s, expected);
  s.established = true;
  s.cursor = s.base;
  s.window = window;
  s.timed = null;
  s.resendAtMs = null;
  s.answeredGap = 0;
  return settled;
}

/** The receiver is gone or unknown: nothing goes out until it is established again. */
export function suspend(s: SenderState): void {
  s.established = false;
  s.timed = null;
  s.resendAtMs = null;
}

/** Takes a cumulative ack (everything below `ack`); returns how many messages it settled. */
export function acknowledge(
  s: SenderState,
  ack: number,
  window: number,
  gap: boolean,
  nowMs: number,
  options: BusOptions,
): number {
  if (!s.established || ack < s.base || ack > s.highest) return 0;
  s.window = window;
  const settled = dropBelow(s, ack);
  if (s.cursor < s.base) s.cursor = s.base;
  if (s.timed && ack > s.timed.seq) {
    sampleRtt(s.rtt, nowMs - s.timed.atMs, options.resendFloorMs);
    s.timed = null;
  }
  if (settled > 0) s.resendAtMs = s.cursor > s.base ? nowMs + s.rtt.rtoMs : null;
  if (gap && s.cursor > s.base && s.answeredGap < s.base) {
    s.answeredGap = s.base;
    rewind(s);
  }
  return settled;
}

function rewind(s: SenderState): void {
  s.resent += s.cursor - s.base;
  s.cursor = s.base;
  s.timed = null;
}

/** Time passed: when the resend timer ran out, everything in flight goes out again. Returns whether it did. */
export function expire(s: SenderState, nowMs: number): boolean {
  if (s.resendAtMs === null || nowMs < s.resendAtMs || s.cursor === s.base) return false;
  rewind(s);
  backOff(s.rtt);
  s.resendAtMs = nowMs + s.rtt.rtoMs;
  return true;
}

/** The next batch to post, or null when the window or the queue is exhausted. */
export function takeBatch(
  s: SenderState,
  nowMs: number,
  options: BusOptions,
): { first: number; messages: Message[] } | null {
  if (!s.established) return null;
  const n = Math.min(nextSeq(s), s.base + s.window) - s.cursor;
  if (n <= 0) return null;
  const first = s.cursor;
  const from = s.head + (first - s.base);
  const messages = s.pending.slice(from, from + Math.min(n, options.batchMessages)) as Message[];
  s.cursor += messages.length;
  if (s.timed === null && first >= s.highest) s.timed = { seq: s.cursor - 1, atMs: nowMs };
  if (s.cursor > s.highest) s.highest = s.cursor;
  s.resendAtMs ??= nowMs + s.rtt.rtoMs;
  return { first, messages };
}

/** Drops everything that waits, as for a peer that was given up; numbering goes on behind it. */
export function discard(s: SenderState): void {
  dropBelow(s, nextSeq(s));
  s.cursor = s.base;
  s.highest = Math.max(s.highest, s.base);
}

/** Nothing is in flight although something waits: the receiver's window is closed. */
export const isBlocked = (s: SenderState): boolean =>
  s.established && s.cursor === s.base && s.window === 0 && waiting(s) > 0;
