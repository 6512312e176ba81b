import type { Scenario } from '../../src/scenario/scenario.ts';
import type { RelayConfig, Sabotage } from '../../src/worlds/virtual/relayGrove.ts';
import { createRelayStage, relayCaseOf, type RelayCase } from '../../src/worlds/virtual/relayStage.ts';
import { SETTLE_MS } from '../../src/worlds/virtual/stage.ts';
import { createVirtualRun } from '../../src/worlds/virtual/virtualRun.ts';
import { LINK } from '../../src/bus/link.ts';
import { relayCauses } from './causalChecker.ts';
import { LedgerRecount } from './ledgerRecount.ts';
import { QueueChecker } from './queueChecker.ts';
import { auditLink } from './linkAuditor.ts';
import { PingChecker } from './pingChecker.ts';
import { RelayChecker } from './relayChecker.ts';

export { relayCaseOf, type RelayCase };

/** What a run in virtual time found. */
export interface VirtualOutcome {
  readonly hash: string;
  readonly events: number;
  readonly simulatedMs: number;
  /** Sentences; none when all is well. */
  readonly violations: readonly string[];
  /** The last look at which all was well, where a look during the run saw the first of them. */
  readonly clearTick: number | null;
  /** For people: what the run was made of. */
  readonly facts: Readonly<Record<string, number>>;
}

/** Runs a relay to its end and judges it. Never rejects: what throws is a violation. */
export async function runRelay(
  scenario: Scenario,
  wanted: RelayCase = relayCaseOf(scenario),
  sabotage?: Sabotage,
  listen?: RelayConfig['listen'],
): Promise<VirtualOutcome> {
  const checker = new RelayChecker(() => stage.grove.world.clock.nowMs, scenario.bus.poisonAfter);
  const pings = new PingChecker();
  const outcomes = new Map<string, number>();
  const replies: string[] = [];
  const audited: string[] = [];
  const causes = relayCauses(wanted.nodes);
  const recount = new LedgerRecount();
  const queues = new QueueChecker(scenario.bus);
  const stage = createRelayStage(
    {
      scenario,
      onCommit(owner, text) {
        for (const c of [checker, causes, recount, queues]) c.committed(owner, text);
      },
      ears: {
        onPingSent: (...ping) => pings.sent(...ping),
        onPing: (...ping) => pings.received(...ping),
        onOutcome(outcome, wrong) {
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
          if (wrong !== null) replies.push(wrong);
        },
      },
      sabotage: {
        ...sabotage,
        link: auditLink(sabotage?.link ?? LINK, audited),
        channels(inner, node, inc) {
          const watched = queues.watch(inner);
          return sabotage?.channels?.(watched, node, inc) ?? watched;
        },
      },
      ...(listen && { listen }),
    },
    wanted,
  );
  const { grove } = stage;
  const { clock, log } = grove.world;
  const run = createVirtualRun(stage, []);
  const violations: string[] = [];
  let clockRefused = 0;
  /** The run itself, without the looking into crash memory that follows it. */
  let end: Pick<VirtualOutcome, 'hash' | 'events' | 'simulatedMs'> | null = null;
  try {
    await run.advance(Infinity);
    if (!grove.quiet)
      violations.push(`something is still under way ${SETTLE_MS / 1_000} s after the last fault`);
    end = { hash: log.hash(), events: clock.events, simulatedMs: clock.nowMs };
    const places = grove.places();
    const incs = places.map(({ inc }) => inc);
    clockRefused = places.reduce((sum, p) => sum + p.clockRefused, 0);
    violations.push(...pings.violations((agent) => incs[agent + 1]!), ...replies.slice(0, 3), ...audited);
    violations.push(...checker.violations(await grove.autopsy()));
    const totals = grove.ledger.totals(clock.nowMs);
    for (const key of ['lost', 'duplicated', 'misordered', 'corrupted', 'inFlight'] as const)
      if (totals[key] !== 0) violations.push(`the ledger counts ${totals[key]} ${key}`);
    if (totals.deadLettered !== checker.expired)
      violations.push(
        `the ledger counts ${totals.deadLettered} dead letters, the checker ${checker.expired}`,
      );
    if (totals.sent !== checker.sent || totals.delivered !== checker.accepted)
      violations.push(
        `the ledger has ${totals.sent} sent and ${totals.delivered} delivered, the checker ${checker.sent} and ${checker.accepted}`,
      );
    if (causes.stamped !== checker.sent)
      violations.push(`${checker.sent} messages were sent and ${causes.stamped} of them have a stamp`);
    violations.push(...causes.violations(), ...recount.disagreements(totals), ...queues.violations());
    const room = scenario.bus.windowMessages * wanted.nodes;
    if (grove.peaks.inbox > room)
      violations.push(`an inbox held ${grove.peaks.inbox}, and ${room} is its bound`);
    violations.push(...grove.warnings.filter((w) => !/fenced|taken over/.test(w)));
  } catch (e) {
    violations.push(`it threw: ${e instanceof Error ? e.message : String(e)}`);
  }
  return {
    ...(end ?? { hash: log.hash(), events: clock.events, simulatedMs: clock.nowMs }),
    violations,
    clearTick: run.findings[0]?.clearTick ?? null,
    facts: {
      nodes: wanted.nodes,
      tasks: grove.put,
      messages: checker.accepted,
      pings: pings.heard,
      replies: outcomes.get('reply') ?? 0,
      timeouts: outcomes.get('timeout') ?? 0,
      cancelled: outcomes.get('cancelled') ?? 0,
      expired: checker.expired,
      poisoned: checker.poisoned,
      sent: checker.sent,
      stamped: causes.stamped,
      clockRefused,
      overtakings: causes.overtakings,
      mailboxMax: queues.peaks.mailbox,
      outboxMax: queues.peaks.outbox,
      faults: wanted.plan.faults.length,
      loss: Math.round(wanted.plan.weather.loss * 1_000) / 1_000,
      ...grove.network.counts,
    },
  };
}
