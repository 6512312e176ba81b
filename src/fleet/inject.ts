import type { LedgerTotals } from '../bus/ledger.ts';
import { duration, plural, type Story } from './story.ts';
import type { Fault } from './views.ts';
import type { LinkFaults } from './ports.ts';
import type { Ward } from './ward.ts';

/** What a fault needs of the conductor. */
export interface Breakable {
  now(): number;
  /** Calls `fn` after `delayMs`, unless the grove was stopped. */
  after(delayMs: number, fn: () => void): void;
  readonly story: Story;
  readonly wards: ReadonlyMap<number, Ward>;
  readonly disturbProvider: (slowdown: number, failing: number) => void;
  readonly gateLinks: LinkFaults;
  /** Cuts these nodes off from all others. */
  readonly cut: (nodes: readonly number[], forMs: number) => void;
  /** Messages of the gate that nobody has settled, and resend timers of it that ran out. */
  readonly gateBus: () => { readonly unsettled: number; readonly resends: number };
  /** Troubles of the provider overlap: how many have begun and not ended; `endTrouble` says whether that was the last. */
  readonly beginTrouble: () => void;
  readonly endTrouble: () => boolean;
  readonly noteKill: () => void;
  readonly questions: () => { readonly answered: number; readonly failed: number };
  readonly ledger: () => Promise<LedgerTotals>;
}

const LOOK_EVERY_MS = 50;
/** What has not recovered by then is said not to have. */
const PATIENCE_MS = 60_000;

/**
 * Breaks what a fault says; null when done, else the sentence why not. Afterwards one sentence tells what was lost and
 * how long it took to recover (of a kill, the supervisor tells it).
 */
export function injectFault(fault: Fault, on: Breakable): string | null {
  const { story } = on;
  switch (fault.type) {
    case 'kill': {
      const ward = standing(fault.node, on);
      if (typeof ward === 'string') return ward;
      on.noteKill();
      ward.killedAtMs = on.now();
      ward.state = 'dead';
      ward.handle?.terminate();
      const inHand = ward.telemetry ? ` with ${plural(ward.telemetry.inbox, 'message')} in hand` : '';
      story.tell('fault', `Node ${fault.node} was killed${inHand}.`);
      return null;
    }
    case 'pause': {
      const ward = standing(fault.node, on);
      if (typeof ward === 'string') return ward;
      ward.state = 'paused';
      ward.pausedUntilMs = on.now() + fault.forMs;
      ward.handle?.pause(fault.forMs);
      story.tell('fault', `Node ${fault.node} is paused for ${duration(fault.forMs)}.`);
      const { inc } = ward;
      tellRecovery(on, fault.forMs, `Node ${fault.node} goes on after its pause`, () => {
        const { beats } = ward;
        return () => (ward.inc !== inc ? 'was restarted' : ward.beats > beats && 'gave a sign of life');
      });
      return null;
    }
    case 'link':
      return breakLink(fault, on);
    case 'partition':
      return part(fault, on);
    case 'provider': {
      on.beginTrouble();
      on.disturbProvider(fault.slowdown, fault.failing);
      story.tell(
        'fault',
        `The provider is disturbed for ${duration(fault.forMs)}: ${fault.slowdown} times as slow, ${percent(fault.failing)} of requests fail.`,
      );
      const failedBefore = on.questions().failed;
      tellRecovery(
        on,
        fault.forMs,
        'The provider has got over it',
        () => {
          // A later trouble of the provider goes on; the last one to end heals it.
          if (on.endTrouble()) on.disturbProvider(1, 0);
          const answeredBefore = on.questions().answered;
          return () => on.questions().answered > answeredBefore && 'answered again';
        },
        () => `${plural(on.questions().failed - failedBefore, 'question')} went without an answer meanwhile`,
      );
      return null;
    }
  }
}

function breakLink(fault: Fault & { type: 'link' }, on: Breakable): string | null {
  const { from, to, loss, delayMs, forMs } = fault;
  if (from === to) return 'A link has two ends: choose another node for one of them.';
  if (to !== 0 && !on.wards.has(to))
    return `There is no node ${to}; nodes are 0 (the gate) to ${on.wards.size}.`;
  let bus = on.gateBus;
  if (from === 0) on.gateLinks.disturb(to, loss, delayMs, forMs);
  else {
    const ward = standing(from, on);
    if (typeof ward === 'string') return ward;
    ward.handle?.links.disturb(to, loss, delayMs, forMs);
    bus = () => ({ unsettled: ward.telemetry?.unsettled ?? 0, resends: ward.telemetry?.bus.resends ?? 0 });
  }
  const name = (node: number): string => (node === 0 ? 'the gate' : `node ${node}`);
  const resendsBefore = bus().resends;
  on.story.tell(
    'fault',
    `The link from ${name(from)} to ${name(to)} loses ${percent(loss)} of its frames and is ${duration(delayMs)} late, for ${duration(forMs)}.`,
  );
  tellRecovery(
    on,
    forMs,
    `The link from ${name(from)} to ${name(to)} is whole again`,
    () => () => bus().unsettled === 0 && 'had nothing left to make up for',
    () =>
      `${plural(Math.max(0, bus().resends - resendsBefore), 'resend')} made up for what was lost on the way`,
  );
  return null;
}

function part({ nodes, forMs }: Fault & { type: 'partition' }, on: Breakable): string | null {
  const side = new Set(nodes);
  const unknown = nodes.find((id) => id !== 0 && !on.wards.has(id));
  if (unknown !== undefined)
    return `There is no node ${unknown}; nodes are 0 (the gate) to ${on.wards.size}.`;
  const others = on.wards.size + 1 - side.size;
  if (others === 0) return 'A partition has two sides: leave out at least one node.';
  on.cut([...side], forMs);
  on.story.tell(
    'fault',
    `The network is cut in two for ${duration(forMs)}: ${plural(side.size, 'node')} on one side, ${others} on the other.`,
  );
  on.after(forMs, () => {
    let waiting = on.gateBus().unsettled;
    for (const { telemetry } of on.wards.values()) waiting += telemetry?.unsettled ?? 0;
    on.story.tell(
      'recovery',
      `The two sides of the network are joined again; ${plural(waiting, 'message')} of all links ${waiting === 1 ? 'waits' : 'wait'} to be acknowledged.`,
    );
  });
  return null;
}

/** A node that can be broken, or why it cannot. */
function standing(id: number, on: Breakable): Ward | string {
  const ward = on.wards.get(id);
  if (!ward) return `There is no node ${id}; nodes are 1 to ${on.wards.size}.`;
  if (!ward.handle || ward.state === 'dead' || ward.state === 'spawning')
    return `Node ${id} is not up (it is ${ward.state}); wait until it is.`;
  return ward;
}

/** When the fault's time is over calls `ended`, looks until what it returns says how it recovered, and tells the tale. */
function tellRecovery(
  on: Breakable,
  forMs: number,
  what: string,
  ended: () => () => string | false,
  more?: () => string,
): void {
  on.after(forMs, () => {
    const sinceMs = on.now();
    const recovered = ended();
    const look = (): void => {
      const how = recovered();
      const tookMs = on.now() - sinceMs;
      if (how === false && tookMs < PATIENCE_MS) {
        on.after(LOOK_EVERY_MS, look);
        return;
      }
      const end =
        how === false
          ? `has not recovered within ${duration(PATIENCE_MS)}`
          : `${how} after ${duration(tookMs)}`;
      void on.ledger().then(({ lost }) => {
        const also = more ? `; ${more()}` : '';
        on.story.tell('recovery', `${what} and ${end}${also}; ${plural(lost, 'message')} lost in this run.`);
      });
    };
    look();
  });
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;
