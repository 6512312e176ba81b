import { describe, expect, it } from 'vitest';
import { noCounts } from '../../../src/agents/nodeBooks.ts';
import type { BusReport } from '../../../src/agents/busReport.ts';
import { noStats } from '../../../src/bus/peer.ts';
import { createBusAccount } from '../../../src/fleet/busAccount.ts';
import { busMetrics } from '../../../src/fleet/busMetrics.ts';
import { expose } from '../../../src/metrics/exposition.ts';
import { createRegistry } from '../../../src/metrics/registry.ts';
import { parseExposition } from '../../harness/prometheusParser.ts';

const report = (change: Partial<BusReport>, bus: Partial<BusReport['bus']> = {}): BusReport => ({
  ...noCounts(),
  full: 0,
  memoriesAcked: 0,
  inbox: 0,
  unsettled: 0,
  dead: {},
  requestsOpened: 0,
  requestsOpen: 0,
  requestsCancelled: 0,
  topics: 0,
  subscriptions: 0,
  clockAheadMs: 0,
  ...change,
  bus: { ...noStats(), ...bus },
});

const options = { windowMessages: 64, queueMessages: 100 };

describe("the account of the grove's bus", () => {
  it('keeps what a node counted before it died, and adds up nodes and the gate', () => {
    const account = createBusAccount(options);
    account.hear(1, 1, report({ full: 3, inbox: 5 }, { resends: 2, refused: { 'stale-attempt': 4 } }));
    account.hear(1, 1, report({ full: 4, inbox: 6 }, { resends: 3, refused: { 'stale-attempt': 5 } }));
    account.hear(1, 2, report({ full: 1, inbox: 1 }, { resends: 1, refused: { shape: 1 } }));
    account.hear(2, 1, report({ full: 10, inbox: 2 }, { resends: 10 }));
    const view = account.view(report({ full: 100, inbox: 3 }, { resends: 100 }));
    expect(view.counts).toMatchObject({ full: 4 + 1 + 10 + 100, resendTimers: 3 + 1 + 10 + 100 });
    expect(view.refused).toEqual({ 'stale-attempt': 5, shape: 1 });
    expect(view.inbox).toBe(1 + 2 + 3);
  });

  it('takes dead letters as they are, since a log keeps them over incarnations', () => {
    const account = createBusAccount(options);
    account.hear(1, 1, report({ dead: { poison: 2 } }));
    account.hear(1, 2, report({ dead: { poison: 2, deadline: 1 } }));
    expect(account.view(null).dead).toEqual({ poison: 2, deadline: 1 });
  });

  it('shows the high-water mark of every queue beside its bound', () => {
    const account = createBusAccount(options);
    account.hear(1, 1, report({}, { outboxMax: 90, mailboxMax: 12 }));
    account.hear(1, 2, report({}, { outboxMax: 10, earlyMax: 7 }));
    expect(account.view(report({}, { mailboxMax: 64 })).queues).toEqual([
      { name: 'outbox', most: 90, bound: 164 },
      { name: 'mailbox', most: 64, bound: 64 },
      { name: 'early', most: 7, bound: 64 },
    ]);
  });

  it('is Prometheus text with a unit or _total in every name, and a series for every reason', () => {
    const account = createBusAccount(options);
    account.hear(
      1,
      1,
      report(
        { dead: { deadline: 2 }, requestsOpen: 3, clockAheadMs: 12 },
        { resentMessages: 9, resentEarly: 4, refused: { 'stale-attempt': 7 }, creditWaits: 5 },
      ),
    );
    const registry = createRegistry();
    busMetrics(
      account.view(null),
      (name, help, value, labels) => registry.counter(`treering_${name}`, help, labels).inc(value),
      (name, help, value, labels) => registry.gauge(`treering_${name}`, help, labels).set(value),
    );
    const text = expose(registry.state());
    const families = parseExposition(text);
    for (const family of families) {
      expect(family.help, family.name).toMatch(/\.$/);
      if (family.type === 'counter') expect(family.name).toMatch(/_total$/);
    }
    const line = (start: string): string | undefined =>
      text
        .split('\n')
        .find((l) => l.startsWith(start))
        ?.split(' ')
        .at(-1);
    expect(line('treering_bus_resent_messages_total{reason="timer"}')).toBe('5');
    expect(line('treering_bus_resent_messages_total{reason="gap"}')).toBe('4');
    expect(line('treering_bus_refused_total{reason="stale-attempt"}')).toBe('7');
    expect(line('treering_bus_refused_total{reason="over-credit"}')).toBe('0');
    expect(line('treering_dead_letters_total{reason="deadline"}')).toBe('2');
    expect(line('treering_bus_credit_waits_total')).toBe('5');
    expect(line('treering_requests_open')).toBe('3');
    expect(line('treering_clock_ahead_ms')).toBe('12');
    expect(line('treering_bus_queue_bound_messages{queue="outbox"}')).toBe('164');
  });
});
