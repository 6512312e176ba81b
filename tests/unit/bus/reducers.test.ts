import { describe, expect, it } from 'vitest';
import { busOptions } from '../../../src/bus/options.ts';
import * as receiving from '../../../src/bus/receiver.ts';
import { backOff, initialRtt, sampleRtt } from '../../../src/bus/rtt.ts';
import * as sending from '../../../src/bus/sender.ts';
import type { Ack, Message } from '../../../src/bus/wire.ts';

const options = { ...busOptions.fallback!(), windowMessages: 16, batchMessages: 4, resendFloorMs: 1_000 };
const message = (n: number): Message => ({ from: 'a', to: 'b', kind: 'k', body: n, hlc: 0 });

const ack = (upTo: number, held: readonly number[] = []): Ack => ({ ack: upTo, credit: upTo + 16, held });

function sender(n: number): sending.SenderState {
  const s = sending.createSender(options);
  for (let i = 1; i <= n; i++) sending.enqueue(s, message(i), options);
  sending.establish(s, { ack: 1, credit: 1 + options.windowMessages, held: [] }, 0);
  return s;
}

describe('the round-trip estimate (RFC 6298)', () => {
  it('starts at one second, takes the first sample as it is, then smooths by 1/8 and 1/4', () => {
    const rtt = initialRtt(10);
    expect(rtt.rtoMs).toBe(1_000);
    sampleRtt(rtt, 100, 10);
    expect(rtt).toEqual({ srttMs: 100, rttvarMs: 50, rtoMs: 300 });
    sampleRtt(rtt, 180, 10);
    expect(rtt.srttMs).toBe(110);
    expect(rtt.rttvarMs).toBe(57.5);
    expect(rtt.rtoMs).toBe(110 + 4 * 57.5);
  });

  it('never falls below its floor and doubles when it expires', () => {
    const rtt = initialRtt(1_000);
    for (let i = 0; i < 50; i++) sampleRtt(rtt, 1, 1_000);
    expect(rtt.rtoMs).toBe(1_000);
    backOff(rtt);
    expect(rtt.rtoMs).toBe(2_000);
  });
});

describe('a sender', () => {
  /** What goes out now: numbers of the batches, from..to. */
  const burst = (s: sending.SenderState, nowMs = 0): string[] => {
    const batches: string[] = [];
    for (let b = sending.takeBatch(s, nowMs, options); b; b = sending.takeBatch(s, nowMs, options))
      batches.push(`${b.first}..${b.first + b.messages.length - 1}`);
    return batches;
  };

  it('sends two batches at first, more as they arrive, and never beyond the window', () => {
    const s = sender(40);
    expect(burst(s)).toEqual(['1..4', '5..8']);
    sending.acknowledge(s, ack(5), 1, options);
    expect(burst(s)).toEqual(['9..12', '13..16']);
    sending.acknowledge(s, { ack: 17, credit: 33, held: [] }, 2, options);
    expect(burst(s)).toEqual(['17..20', '21..24', '25..28', '29..32']);
    sending.acknowledge(s, { ack: 21, credit: 33, held: [] }, 2, options);
    expect(burst(s)).toEqual([]);
  });

  it('sends one batch again when its timer ran out, and the rest as what it sent again arrives', () => {
    const s = sender(16);
    s.cwnd = 16;
    expect(burst(s)).toHaveLength(4);
    expect(sending.expire(s, 1_000, options)).toBe(true);
    expect(burst(s, 1_000)).toEqual(['1..4']);
    sending.acknowledge(s, ack(5), 1_010, options);
    expect(burst(s, 1_010)).toEqual(['5..8', '9..12']);
    sending.acknowledge(s, ack(13), 1_020, options);
    expect(burst(s, 1_020)).toEqual(['13..16']);
    expect(s.resent).toBe(16);
  });

  it('sends no more again once something arrives by itself: the timer was wrong, not the way (RFC 5682)', () => {
    const s = sender(16);
    s.cwnd = 16;
    burst(s);
    sending.expire(s, 1_000, options);
    expect(burst(s, 1_000)).toEqual(['1..4']);
    sending.acknowledge(s, ack(9), 1_010, options);
    expect(burst(s, 1_010)).toEqual([]);
    // One of the others is lost all the same: it is reported as a gap.
    sending.acknowledge(s, ack(9, [13, 17]), 1_020, options);
    expect(burst(s, 1_020)).toEqual(['9..12']);
    expect(s.resent).toBe(8);
  });

  it('sends what is new rather than the rest again, until it knows whether the rest is late or lost (RFC 5682)', () => {
    const late = sender(24);
    late.cwnd = 16;
    burst(late);
    sending.expire(late, 1_000, options);
    expect(burst(late, 1_000)).toEqual(['1..4']);
    sending.acknowledge(late, ack(5), 1_010, options);
    expect(burst(late, 1_010)).toEqual(['17..20']);
    // Nothing new may go: the ack of what is out will tell.
    expect(burst(late, 1_010)).toEqual([]);
    const lost = structuredClone(late);
    sending.acknowledge(late, ack(9), 1_020, options);
    expect(burst(late, 1_020)).toEqual(['21..24']);
    expect(late.resent).toBe(4);
    sending.acknowledge(lost, ack(5, [17, 21]), 1_020, options);
    expect(burst(lost, 1_020)).toEqual(['5..8', '9..12', '13..16']);
    sending.acknowledge(lost, ack(21), 1_030, options);
    expect(burst(lost, 1_030)).toEqual(['21..24']);
    // Lost too, nothing is new: the timer again.
    expect(sending.expire(lost, 20_000, options)).toBe(true);
    expect(burst(lost, 20_000)).toEqual(['21..24']);
  });

  it('asks with sixteen messages where much is under way, and still measures the round trip of the others', () => {
    const many = { ...options, windowMessages: 1_024, batchMessages: 256 };
    const s = sending.createSender(many);
    for (let i = 1; i <= 1_000; i++) sending.enqueue(s, message(i), many);
    sending.establish(s, { ack: 1, credit: 1_025, held: [] }, 0);
    s.cwnd = 1_024;
    while (sending.takeBatch(s, 0, many)) /* All goes out. */ ;
    expect(sending.expire(s, 1_000, many)).toBe(true);
    expect(sending.takeBatch(s, 1_000, many)).toMatchObject({ first: 1, messages: { length: 16 } });
    expect(sending.takeBatch(s, 1_000, many)).toBe(null);
    sending.acknowledge(s, { ack: 257, credit: 1_281, held: [] }, 1_500, many);
    expect(sending.takeBatch(s, 1_500, many)).toBe(null);
    expect(s.resent).toBe(16);
    expect(s.rtt.srttMs).toBe(1_500);
  });

  it('times no message that was sent twice (Karn)', () => {
    const s = sender(4);
    sending.takeBatch(s, 0, options);
    expect(sending.expire(s, 1_000, options)).toBe(true);
    sending.takeBatch(s, 1_000, options);
    sending.acknowledge(s, ack(5), 1_001, options);
    expect(s.rtt.srttMs).toBe(-1);
  });

  it('answers a gap report once until there is progress', () => {
    const s = sender(8);
    sending.takeBatch(s, 0, options);
    sending.takeBatch(s, 0, options);
    sending.acknowledge(s, ack(1, [5, 9]), 1, options);
    expect(sending.takeBatch(s, 1, options)?.first).toBe(1);
    expect(sending.takeBatch(s, 1, options)).toBe(null);
    sending.acknowledge(s, ack(1, [5, 9]), 2, options);
    expect(sending.takeBatch(s, 2, options)).toBe(null);
  });

  it('restarts its timer for what arrived in order and is not settled yet, and not for what came behind a gap', () => {
    const s = sender(12);
    s.cwnd = 12;
    for (let i = 0; i < 3; i++) sending.takeBatch(s, 0, options);
    sending.acknowledge(s, ack(1, [1, 5]), 900, options);
    expect(sending.expire(s, 1_800, options)).toBe(false);
    sending.acknowledge(s, ack(1, [1, 5, 9, 13]), 1_850, options);
    // The gap is answered at once; were the answer lost too, the timer of 900 would be the one that notices.
    expect(sending.takeBatch(s, 1_850, options)?.first).toBe(5);
    expect(s.resendAtMs).toBe(900 + s.rtt.rtoMs);
  });

  it('does not count the time in which it stood still', () => {
    const s = sender(4);
    sending.takeBatch(s, 0, options);
    sending.excuse(s, 3_000);
    expect(sending.expire(s, 3_999, options)).toBe(false);
    expect(sending.expire(s, 4_000, options)).toBe(true);
  });

  it('measures a round trip without the time in which it stood still', () => {
    const s = sender(4);
    sending.takeBatch(s, 0, options);
    sending.excuse(s, 5_000);
    sending.acknowledge(s, ack(5), 5_020, options);
    expect(s.rtt.srttMs).toBe(20);
    expect(s.rtt.rtoMs).toBe(1_000);
  });

  it('does not believe acks of what it never sent', () => {
    const s = sender(8);
    sending.takeBatch(s, 0, options);
    expect(sending.acknowledge(s, ack(9), 1, options)).toBe(0);
    expect(sending.waiting(s)).toBe(8);
  });
});

describe('a receiver', () => {
  it('hands on what is due, keeps what is early, drops what it had', () => {
    const r = receiving.createReceiver();
    expect(receiving.accept(r, 3, [message(3)], options)).toEqual([]);
    expect(receiving.hasGap(r)).toBe(true);
    expect(receiving.accept(r, 1, [message(1), message(2)], options).map((m) => m.body)).toEqual([1, 2, 3]);
    expect(receiving.accept(r, 2, [message(2), message(3), message(4)], options).map((m) => m.body)).toEqual([
      4,
    ]);
    expect(r.duplicates).toBe(2);
  });

  it('acks nothing that its host has not settled', () => {
    const r = receiving.createReceiver();
    receiving.accept(r, 1, [message(1), message(2)], options);
    expect(receiving.takeAck(r, options).ack).toBe(1);
    receiving.settle(r, 2);
    expect(receiving.takeAck(r, options).ack).toBe(2);
    receiving.settle(r, 99);
    expect(receiving.takeAck(r, options).ack).toBe(3);
  });

  it('closes its window by what its host has not dealt with, and owes an ack when it opens again', () => {
    const r = receiving.createReceiver();
    receiving.accept(
      r,
      1,
      Array.from({ length: 16 }, (_, i) => message(i)),
      options,
    );
    expect(receiving.takeAck(r, options).credit).toBe(17);
    receiving.deal(r, 4, options);
    expect(r.owesAck).toBe(false);
    receiving.deal(r, 4, options);
    expect(r.owesAck).toBe(true);
    // What is not settled yet counts too: a slow disk slows the sender.
    expect(receiving.takeAck(r, options).credit).toBe(17);
    receiving.settle(r, 17);
    expect(receiving.takeAck(r, options).credit).toBe(25);
  });
});
