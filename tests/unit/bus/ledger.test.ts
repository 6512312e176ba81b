import { describe, expect, it } from 'vitest';
import { Ledger } from '../../../src/bus/ledger.ts';

function ledger(sent: number): Ledger {
  const l = new Ledger();
  for (let seq = 1; seq <= sent; seq++) l.sent(1, 2, seq, seq * 7);
  return l;
}
const clean = { lost: 0, duplicated: 0, misordered: 0, corrupted: 0, deadLettered: 0 };

describe('the ledger', () => {
  it('accounts for every message: delivered, dead-lettered or in flight', () => {
    const l = ledger(5);
    l.delivered(1, 2, 1, 7);
    l.delivered(1, 2, 2, 14);
    l.deadLettered(1, 2, 3);
    expect(l.totals()).toEqual({ ...clean, sent: 5, delivered: 2, deadLettered: 1, inFlight: 2 });
  });

  it('sees a second delivery, and one of something never sent', () => {
    const l = ledger(1);
    l.delivered(1, 2, 1, 7);
    l.delivered(1, 2, 1, 7);
    l.delivered(1, 2, 9, 7);
    expect(l.totals().duplicated).toBe(2);
  });

  it('sees what was skipped as lost, and as misordered when it comes after all', () => {
    const l = ledger(4);
    l.delivered(1, 2, 4, 28);
    expect(l.totals()).toMatchObject({ lost: 3, inFlight: 0 });
    l.delivered(1, 2, 2, 14);
    expect(l.totals()).toMatchObject({ lost: 2, misordered: 1, delivered: 2 });
  });

  it('sees a changed content', () => {
    const l = ledger(1);
    l.delivered(1, 2, 1, 8);
    expect(l.totals().corrupted).toBe(1);
  });

  it('keeps links apart', () => {
    const l = ledger(1);
    l.sent(2, 1, 1, 5);
    l.delivered(2, 1, 1, 5);
    expect(l.totals()).toMatchObject({ sent: 2, delivered: 1, inFlight: 1, duplicated: 0 });
  });
});
