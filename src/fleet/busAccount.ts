import type { NodeTelemetry } from '../agents/contract.ts';
import type { BusReport } from '../agents/busReport.ts';
import type { BusOptions } from '../bus/options.ts';
import type { BusView } from './views.ts';

/** What is summed up over nodes and their incarnations. */
const SUMS = {
  framesPosted: (r: BusReport) => r.bus.framesPosted,
  messagesPosted: (r: BusReport) => r.bus.messagesPosted,
  messagesReceived: (r: BusReport) => r.bus.messagesReceived,
  acksPosted: (r: BusReport) => r.bus.acksPosted,
  resendTimers: (r: BusReport) => r.bus.resends,
  resentByTimer: (r: BusReport) => Math.max(0, r.bus.resentMessages - r.bus.resentEarly),
  resentByGap: (r: BusReport) => r.bus.resentEarly,
  duplicates: (r: BusReport) => r.bus.duplicates,
  skipped: (r: BusReport) => r.bus.skipped,
  creditWaits: (r: BusReport) => r.bus.creditWaits,
  full: (r: BusReport) => r.full,
  dealt: (r: BusReport) => r.dealt,
  failures: (r: BusReport) => r.failures,
  poisoned: (r: BusReport) => r.poisoned,
  expired: (r: BusReport) => r.expired,
  redelivered: (r: BusReport) => r.redelivered,
  staleReplies: (r: BusReport) => r.staleReplies,
  memorySent: (r: BusReport) => r.memorySent,
  memoryReceived: (r: BusReport) => r.memoryReceived,
  clockRefused: (r: BusReport) => r.clockRefused,
  requestsOpened: (r: BusReport) => r.requestsOpened,
  requestsCancelled: (r: BusReport) => r.requestsCancelled,
} as const;
type Sums = Record<keyof typeof SUMS, number>;
const KEYS = Object.keys(SUMS) as (keyof typeof SUMS)[];

const addAll = (into: Record<string, number>, from: Readonly<Partial<Record<string, number>>>): void => {
  for (const [key, n] of Object.entries(from)) into[key] = (into[key] ?? 0) + (n ?? 0);
};

/** Sums up what nodes report of their bus; what a node counted before it died stays counted. */
export interface BusAccount {
  hear(node: number, inc: number, report: BusReport & Pick<NodeTelemetry, 'hurt'>): void;
  /** The gate's report comes when it is asked for. */
  view(gate: (BusReport & Pick<NodeTelemetry, 'hurt'>) | null): BusView;
}

interface Heard {
  readonly inc: number;
  readonly report: BusReport & Pick<NodeTelemetry, 'hurt'>;
}

export function createBusAccount(options: Pick<BusOptions, 'windowMessages' | 'queueMessages'>): BusAccount {
  const latest = new Map<number, Heard>();
  const past = Object.fromEntries(KEYS.map((key) => [key, 0])) as Sums;
  const pastRefused: Record<string, number> = {};
  const pastHurt: Record<string, number> = {};
  const most = { outbox: 0, mailbox: 0, early: 0 };

  function raise({ bus }: BusReport): void {
    most.outbox = Math.max(most.outbox, bus.outboxMax);
    most.mailbox = Math.max(most.mailbox, bus.mailboxMax);
    most.early = Math.max(most.early, bus.earlyMax);
  }

  function sumInto(
    sums: Sums,
    refused: Record<string, number>,
    hurt: Record<string, number>,
    r: Heard['report'],
  ) {
    for (const key of KEYS) sums[key] += SUMS[key](r);
    addAll(refused, r.bus.refused);
    addAll(hurt, r.hurt ?? {});
  }

  return {
    hear(node, inc, report) {
      const before = latest.get(node);
      if (before && before.inc !== inc) sumInto(past, pastRefused, pastHurt, before.report);
      latest.set(node, { inc, report });
      raise(report);
    },
    view(gate) {
      if (gate) raise(gate);
      const reports = [...[...latest.values()].map((h) => h.report), ...(gate ? [gate] : [])];
      const counts = { ...past };
      const refused = { ...pastRefused };
      const hurt = { ...pastHurt };
      const dead: Record<string, number> = {};
      const now = { requestsOpen: 0, topics: 0, subscriptions: 0, inbox: 0, unsettled: 0, clockAheadMs: 0 };
      for (const r of reports) {
        sumInto(counts, refused, hurt, r);
        // A node's log keeps them over its incarnations.
        addAll(dead, r.dead);
        now.requestsOpen += r.requestsOpen;
        now.topics += r.topics;
        now.subscriptions += r.subscriptions;
        now.inbox += r.inbox;
        now.unsettled += r.unsettled;
        now.clockAheadMs = Math.max(now.clockAheadMs, r.clockAheadMs);
      }
      const { windowMessages, queueMessages } = options;
      return {
        counts,
        refused,
        dead,
        hurt,
        ...now,
        queues: [
          { name: 'outbox', most: most.outbox, bound: windowMessages + queueMessages },
          { name: 'mailbox', most: most.mailbox, bound: windowMessages },
          { name: 'early', most: most.early, bound: windowMessages },
        ],
      };
    },
  };
}
