import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Ledger } from '../../../src/bus/ledger.ts';
import { hash32 } from '../../../src/kernel/rng.ts';
import { LedgerRecount } from '../../harness/ledgerRecount.ts';

const step = fc.record({
  link: fc.nat(2),
  type: fc.constantFrom('send', 'send', 'send', 'deliver', 'deliver', 'deliver', 'dead'),
  /** Which number is delivered, counted back from the latest. */
  back: fc.nat(6),
  changed: fc.nat(9),
});

test('the ledger and a recount agree on any account, however wrong', () => {
  const met = new Set<string>();
  fc.assert(
    fc.property(fc.array(step, { minLength: 30, maxLength: 60 }), (steps) => {
      const ledger = new Ledger();
      const recount = new LedgerRecount();
      const next = [1, 1, 1];
      for (const { link, type, back, changed } of steps) {
        const to = link + 1;
        const seq = type === 'send' ? next[link]!++ : Math.max(1, next[link]! - back);
        const content = changed === 0 && type === 'deliver' ? 'changed' : `message ${seq}`;
        if (type === 'send') {
          ledger.sent(0, to, seq, hash32(content), 0);
          recount.note(0, to, { type: 'sent', seq, content });
        } else if (type === 'deliver') {
          ledger.delivered(0, to, seq, hash32(content));
          recount.note(0, to, { type: 'delivered', seq, content });
        } else {
          ledger.deadLettered(0, to, seq);
          recount.note(0, to, { type: 'dead', seq });
        }
      }
      const totals = recount.totals();
      for (const [key, n] of Object.entries(totals)) if (n > 0) met.add(key);
      expect(recount.disagreements(ledger.totals(0))).toEqual([]);
    }),
    { numRuns: 500 },
  );
  // The property says something only if every total is met.
  expect([...met].sort()).toEqual(Object.keys(new LedgerRecount().totals()).sort());
});

test('a disagreement is told', () => {
  const recount = new LedgerRecount();
  recount.committed('node/0', JSON.stringify(['out', 1, 1, { body: 1 }]));
  recount.committed('node/1', JSON.stringify(['in', 0, 1, { body: 2 }]));
  const disagreements = recount.disagreements(new Ledger().totals(0));
  expect(disagreements).toEqual([
    'the ledger has 0 sent, a recount 1',
    'the ledger has 0 delivered, a recount 1',
    'the ledger has 0 corrupted, a recount 1',
  ]);
});
