import type { NodeReady } from '../agents/contract.ts';
import { duration, plural, type Story } from './story.ts';
import type { Recovery } from './views.ts';
import type { Ward } from './ward.ts';

/** How nodes came back, and what of them did not. */
export interface Recoveries {
  /** A node died while so many messages were lost in all. */
  died(ward: Ward, lostInAll: number): void;
  /** A node is up: what was acknowledged to the incarnation before and is not there any more counts as lost. */
  up(ward: Ward, ready: NodeReady): void;
  /** The tale of a recovery, once its peers have said hello and the ledger has caught up. */
  close(ward: Ward, inc: number, ms: number, lostInAll: number): void;
  /** Acknowledged memories lost so far. */
  readonly memoriesLost: number;
  readonly all: readonly Recovery[];
}

export function createRecoveries(story: Story): Recoveries {
  const all: Recovery[] = [];
  const lostAtDeath = new Map<number, number>();
  /** Per node and incarnation. */
  const missing = new Map<string, number>();
  let memoriesLost = 0;
  return {
    get memoriesLost() {
      return memoriesLost;
    },
    all,
    died: (ward, lostInAll) => void lostAtDeath.set(ward.id, lostInAll),
    up(ward, ready) {
      const lost = ready.missing.reduce((sum, [, n]) => sum + n, 0);
      memoriesLost += lost;
      missing.set(`${ward.id}/${ward.inc}`, lost);
    },
    close(ward, inc, ms, lostInAll) {
      const key = `${ward.id}/${inc}`;
      const recovery: Recovery = {
        node: ward.id,
        ms,
        messagesRedelivered: ward.inc === inc ? (ward.telemetry?.redelivered ?? 0) : 0,
        messagesLost: Math.max(0, lostInAll - (lostAtDeath.get(ward.id) ?? lostInAll)),
        memoriesLost: missing.get(key) ?? 0,
      };
      missing.delete(key);
      all.push(recovery);
      const agents =
        ward.charges.length === 1 ? `its agent ${ward.charges[0]!.id}` : `its ${ward.charges.length} agents`;
      const memories = plural(ward.telemetry?.memories ?? 0, 'memory', 'memories');
      const again = recovery.messagesRedelivered;
      story.tell(
        'recovery',
        `Node ${ward.id} was back after ${duration(ms)} with ${agents}; ${plural(again, 'message')} ${again === 1 ? 'was' : 'were'} ` +
          `delivered again, ${recovery.messagesLost} lost; ${recovery.memoriesLost} of ${memories} lost.`,
      );
    },
  };
}
