import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ledger } from '../../../src/bus/ledger.ts';

function ledger(sent: number): Ledger {
  const l = new Ledger();
  for (let seq = 1; seq <= sent; seq++) l.sent(1, 2, seq, seq * 7, 0);
  return l;
}
const clean = { lost: 0, duplicated: 0, misordered: 0, corrupted: 0, deadLettered: 0 };

describe('the ledger', () => {
  it('accounts for every message: delivered, dead-lettered or in flight', () => {
    const l = ledger(5);
    l.delivered(1, 2, 1, 7);
    l.delivered(1, 2, 2, 14);
    l.deadLettered(1, 2, 3);
    expect(l.totals(1)).toEqual({
      ...clean,
      sent: 5,
      delivered: 2,
      deadLettered: 1,
      inFlight: 2,
      overdue: 0,
    });
  });

  it('sees a second delivery, and one of something never sent', () => {
    const l = ledger(1);
    l.delivered(1, 2, 1, 7);
    l.delivered(1, 2, 1, 7);
    l.delivered(1, 2, 9, 7);
    expect(l.totals(1).duplicated).toBe(2);
  });

  it('sees what was skipped as lost, and as misordered when it comes after all', () => {
    const l = ledger(4);
    l.delivered(1, 2, 4, 28);
    expect(l.totals(1)).toMatchObject({ lost: 3, inFlight: 0 });
    l.delivered(1, 2, 2, 14);
    expect(l.totals(1)).toMatchObject({ lost: 2, misordered: 1, delivered: 2 });
  });

  it('sees a changed content', () => {
    const l = ledger(1);
    l.delivered(1, 2, 1, 8);
    expect(l.totals(1).corrupted).toBe(1);
  });

  it('keeps links apart', () => {
    const l = ledger(1);
    l.sent(2, 1, 1, 5, 0);
    l.delivered(2, 1, 1, 5);
    expect(l.totals(1)).toMatchObject({ sent: 2, delivered: 1, inFlight: 1, duplicated: 0 });
  });

  it('says how many have been on their way for too long', () => {
    const l = ledger(2);
    l.sent(1, 2, 3, 21, 9_000);
    l.delivered(1, 2, 1, 7);
    expect(l.totals(10_001)).toMatchObject({ inFlight: 2, overdue: 1 });
  });

  it('balances whatever happens: every message sent is in exactly one place', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('sent', 'delivered', 'dead'), fc.integer({ min: 1, max: 12 }))),
        (steps) => {
          const l = new Ledger();
          for (const [what, seq] of steps) {
            if (what === 'sent') l.sent(1, 2, seq, seq, 0);
            else if (what === 'delivered') l.delivered(1, 2, seq, seq);
            else l.deadLettered(1, 2, seq);
          }
          const t = l.totals(0);
          expect(t.delivered + t.deadLettered + t.inFlight + t.lost).toBe(t.sent);
        },
      ),
    );
  });
});
