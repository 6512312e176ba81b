import type { BusOptions } from './options.ts';
import { countOf, missingFrom, without, type Ranges } from './ranges.ts';
import { backOff, initialRtt, sampleRtt, type RttState } from './rtt.ts';
import type { Ack, Message } from './wire.ts';

const NOTHING: Ranges = [];
/** Of more than one batch under way, so many go out again first to find out whether the way or the timer is at fault. */
const PROBE_MESSAGES = 16;
/** Batches that go out before anything is heard of the way (the initial window of RFC 5681, 3.1). */
const FIRST_BATCHES = 2;

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
  /**
   * The congestion window of RFC 5681: so many messages may be under way, whatever the credit. It grows by what arrives
   * (slow start), up to the window, and shrinks to one batch or less when the resend timer runs out.
   */
  cwnd: number;
  established: boolean;
  rtt: RttState;
  /** The number whose round trip is timed, and since when; 0 for none. */
  timedSeq: number;
  timedAtMs: number;
  /** When what is in flight and not held by the receiver is sent again; null with nothing in flight. */
  resendAtMs: number | null;
  /** What the receiver holds beyond `base`, as it last said: flat pairs [from, to). */
  held: Ranges;
  /** What goes out again; none of it is held. */
  again: number[];
  /**
   * The resend timer ran out, and it is not known whether what was under way is lost or only late (F-RTO, RFC 5682). `probe`:
   * the first of it is to go out again; `probed`: it has, and now what is new goes rather than the rest.
   */
  doubt: 'none' | 'probe' | 'probed';
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
    cwnd: FIRST_BATCHES * options.batchMessages,
    established: false,
    rtt: initialRtt(options.resendFloorMs),
    timedSeq: 0,
    timedAtMs: 0,
    resendAtMs: null,
    held: NOTHING,
    again: [],
    doubt: 'none',
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
  s.doubt = 'none';
  s.timedSeq = 0;
  s.resendAtMs = null;
  s.cursor = s.base;
  // What an earlier incarnation sent was out, too.
  if (s.highest < s.base) s.highest = s.base;
  // What is held needs no second sending: the cursor begins behind it, and only the holes go out.
  const last = held.at(-1) ?? 0;
  if (last > s.cursor) {
    s.again = missingFrom(held, s.base, Math.min(last, nextSeq(s)));
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

/** Whether the receiver holds `seq`, as it last said. */
function isHeld({ held }: SenderState, seq: number): boolean {
  for (let i = 0; i < held.length && held[i]! <= seq; i += 2) if (seq < held[i + 1]!) return true;
  return false;
}

/** Numbers that went out, are not known to have arrived, and are not given up as lost. */
const underWay = (s: SenderState): number => s.cursor - s.base - countOf(s.held) - countOf(s.again);

/** Numbers below this arrived without a gap, settled or not. */
const arrivedBelow = (base: number, held: Ranges): number => (held[0] === base ? held[1]! : base);

/** Takes an ack; returns how many messages it settled. A gap that it reports is answered once, ahead of the resend timer. */
export function acknowledge(s: SenderState, ack: Ack, nowMs: number, options: BusOptions): number {
  if (!s.established || ack.ack < s.base || ack.ack > s.highest) return 0;
  if (ack.credit > s.credit) s.credit = ack.credit;
  const inOrderBefore = arrivedBelow(s.base, s.held);
  const arrivedBefore = s.base + countOf(s.held);
  const settled = dropBelow(s, ack.ack);
  if (s.cursor < s.base) s.cursor = s.base;
  s.held = ack.held;
  const arrived = s.base + countOf(s.held) - arrivedBefore;
  if (arrived > 0) s.cwnd = Math.min(Math.max(options.windowMessages, s.cwnd), s.cwnd + arrived);
  if (s.again.length > 0) dropArrived(s);
  if (s.timedSeq > 0 && (ack.ack > s.timedSeq || isHeld(s, s.timedSeq))) {
    sampleRtt(s.rtt, Math.max(0, nowMs - s.timedAtMs), options.resendFloorMs);
    s.timedSeq = 0;
  }
  // RFC 6298, 5.3: new data was acknowledged. Here what arrived in order counts, for a commit may take longer than the timer.
  if (settled > 0 || arrivedBelow(s.base, s.held) > inOrderBefore)
    s.resendAtMs = s.cursor > s.base ? nowMs + s.rtt.rtoMs : null;
  if (ack.held.length > 0) answerGaps(s);
  return settled;
}

/** What arrived meanwhile does not go out again. */
function dropArrived(s: SenderState): void {
  const before = countOf(s.again);
  const [first] = s.again;
  s.again = without(s.again, s.base, s.held);
  if (s.doubt === 'none' || countOf(s.again) === before) return;
  // Something arrived that had not gone out again yet: it was late, not lost. What else is lost is reported as a gap, or the
  // timer runs out for it.
  s.again = [];
  s.answered = first!;
  s.doubt = 'none';
  s.cwnd = Math.max(s.cwnd, underWay(s) + 1);
}

function answerGaps(s: SenderState): void {
  const end = Math.min(s.held.at(-1)!, s.cursor);
  if (end <= s.answered) return;
  // What went out after the timer had run out arrived, and what went before did not: that is lost.
  s.doubt = 'none';
  const gaps = missingFrom(s.held, Math.max(s.base, s.answered), end);
  s.again.push(...gaps);
  s.resentEarly += countOf(gaps);
  s.answered = end;
}

/** This node stood still for so long until now, and that time does not count: neither for the timer nor for the round trip. */
export function excuse(s: SenderState, stillMs: number): void {
  if (s.resendAtMs !== null) s.resendAtMs += stillMs;
  s.timedAtMs += stillMs;
}

/**
 * Time passed. When the resend timer ran out, the first of what is under way goes out again, and the rest once acks show
 * that it does not arrive by itself (RFC 5681, 3.1; RFC 5682). Returns whether the timer ran out.
 */
export function expire(s: SenderState, nowMs: number, options: BusOptions): boolean {
  if (s.resendAtMs === null || nowMs < s.resendAtMs || s.cursor === s.base) return false;
  s.again = missingFrom(s.held, s.base, s.cursor);
  s.doubt = 'probe';
  s.answered = s.cursor;
  s.cwnd = probeOf(s, options);
  backOff(s.rtt);
  s.resendAtMs = nowMs + s.rtt.rtoMs;
  return true;
}

const probeOf = (s: SenderState, { batchMessages }: BusOptions): number =>
  countOf(s.again) > batchMessages ? Math.min(PROBE_MESSAGES, batchMessages) : batchMessages;

/** Something goes out again. */
export const hasAgain = (s: SenderState): boolean => s.again.length > 0;

/** The next batch to post, what goes out again first; null when the window, the credit or the queue is exhausted. */
export function takeBatch(
  s: SenderState,
  nowMs: number,
  options: BusOptions,
): { first: number; messages: Message[] } | null {
  if (!s.established || underWay(s) >= s.cwnd) return null;
  let first: number;
  let end: number;
  const newEnd = Math.min(nextSeq(s), s.credit, s.cursor + options.batchMessages);
  const probed = s.doubt === 'probed' && (newEnd > s.cursor || s.cursor > s.answered);
  if (s.again.length > 0 && !probed) {
    first = s.again[0]!;
    const most = s.doubt === 'probe' ? probeOf(s, options) : options.batchMessages;
    end = Math.min(s.again[1]!, first + most);
    if (end === s.again[1]!) s.again.splice(0, 2);
    else s.again[0] = end;
    s.doubt = s.doubt === 'none' || s.again.length === 0 ? 'none' : 'probed';
    s.resent += end - first;
    if (s.timedSeq >= first && s.timedSeq < end) s.timedSeq = 0;
  } else {
    first = s.cursor;
    end = newEnd;
    if (end <= first) return null;
    s.cursor = end;
    if (s.timedSeq === 0 && first >= s.highest) {
      s.timedSeq = end - 1;
      s.timedAtMs = nowMs;
    }
    if (end > s.highest) s.highest = end;
  }
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
