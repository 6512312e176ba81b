import type { LinkReducers } from '../../src/bus/link.ts';
import type { SenderState } from '../../src/bus/sender.ts';

/** What the auditor saw of one sender. */
interface Account {
  /** Per number in flight, how often it went out, and when first. */
  readonly out: Map<number, { times: number; atMs: number }>;
  /** What the receiver said it holds. */
  held: readonly number[];
  credit: number;
}

/**
 * Watches the reducers of links from outside, by what goes in and comes out, and tells where a sender
 * - posts beyond the credit that it was given,
 * - sends again what the receiver said it holds,
 * - takes a round trip from a message that went out twice (Karn's rule), or another one than was.
 */
export function auditLink(inner: LinkReducers, wrong: string[]): LinkReducers {
  const accounts = new WeakMap<SenderState, Account>();
  const of = (s: SenderState): Account => {
    let account = accounts.get(s);
    if (!account) accounts.set(s, (account = { out: new Map(), held: [], credit: 0 }));
    return account;
  };
  const tell = (what: string): void => {
    if (wrong.length < 8) wrong.push(what);
  };
  const isHeld = ({ held }: Account, seq: number): boolean =>
    held.some((from, i) => i % 2 === 0 && seq >= from && seq < held[i + 1]!);
  return {
    receiver: inner.receiver,
    sender: {
      ...inner.sender,
      establish(s, ack, nowMs) {
        const account = of(s);
        account.credit = ack.credit;
        account.held = ack.held;
        return inner.sender.establish(s, ack, nowMs);
      },
      suspend(s) {
        of(s).held = [];
        inner.sender.suspend(s);
      },
      acknowledge(s, ack, nowMs, options) {
        const account = of(s);
        const before = { srttMs: s.rtt.srttMs, base: s.base, heard: s.established && ack.ack >= s.base };
        if (before.heard) {
          account.credit = Math.max(account.credit, ack.credit);
          account.held = ack.held;
        }
        const settled = inner.sender.acknowledge(s, ack, nowMs, options);
        if (s.rtt.srttMs !== before.srttMs) judgeSample(account, before, s, ack.ack, nowMs);
        for (const seq of account.out.keys()) if (seq < s.base) account.out.delete(seq);
        return settled;
      },
      excuse(s, stillMs) {
        for (const seen of of(s).out.values()) seen.atMs += stillMs;
        inner.sender.excuse(s, stillMs);
      },
      takeBatch(s, nowMs, options) {
        const account = of(s);
        const batch = inner.sender.takeBatch(s, nowMs, options);
        if (!batch) return null;
        const end = batch.first + batch.messages.length;
        if (end > account.credit) tell(`number ${end - 1} was posted with a credit below ${account.credit}`);
        for (let seq = batch.first; seq < end; seq++) {
          const seen = account.out.get(seq);
          if (!seen) {
            account.out.set(seq, { times: 1, atMs: nowMs });
            continue;
          }
          seen.times++;
          if (isHeld(account, seq))
            tell(`number ${seq} went out again, and the receiver had said that it holds it`);
        }
        return batch;
      },
    },
  };

  /** A new estimate must come from a number that went out once and was heard of now: RFC 6298, 2.2 and 2.3. */
  function judgeSample(
    account: Account,
    before: { readonly srttMs: number },
    s: SenderState,
    ack: number,
    nowMs: number,
  ): void {
    for (const [seq, { times, atMs }] of account.out) {
      if (times > 1 || (seq >= ack && !isHeld(account, seq))) continue;
      const sampleMs = Math.max(0, nowMs - atMs);
      const srttMs = before.srttMs < 0 ? sampleMs : before.srttMs + (sampleMs - before.srttMs) / 8;
      if (Math.abs(srttMs - s.rtt.srttMs) < 1e-6) return;
    }
    tell(`a round trip of ${s.rtt.srttMs} ms is the time of no message that went out once`);
  }
}
