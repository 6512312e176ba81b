import type { LedgerTotals } from '../../bus/ledger.ts';
import type { AgentView, GroveSnapshot, Recovery, StoryLine } from '../../fleet/views.ts';
import type { RunInput } from '../../scenario/script.ts';
import type { VirtualWorld } from './virtualWorld.ts';

/** After questions, tasks and faults have ended, everything has to be settled within this. RFC 6298 lets a timer back off to 60 s. */
export const SETTLE_MS = 300_000;

/** Something that must not be. */
export interface Finding {
  /** The look at which it was seen, and the one before, when all was well. */
  readonly tick: number;
  readonly clearTick: number;
  readonly text: string;
}

/** What happens in one virtual world, from its first event to its end. */
export interface Stage {
  readonly world: VirtualWorld;
  /**
   * Yields the moment, in ms, up to which the world is to run before it is looked at again; returns when the run is over.
   * The moments follow from the run alone, not from who looks at it, so they are part of what a script decides.
   */
  course(): Generator<number, void, void>;
  /** How long the run takes, as far as can be known before its end, in ms. */
  readonly expectedMs: number;
  /** Does something to it now; the sentence why not, if it cannot be done. */
  apply(input: RunInput): string | null;
  snapshot(): GroveSnapshot;
  story(): readonly StoryLine[];
  recoveries(): readonly Recovery[];
  inspect(agent: string): Promise<AgentView | null>;
  /** Prometheus text exposition. */
  metrics(): string;
  /** The account of the messages now. */
  totals(): LedgerTotals;
  /** Figures that must be zero from first to last, by what they count. */
  mustBeZero(): Readonly<Record<string, number>>;
}

/** The figures of the ledger that no run may ever have. */
export function neverInLedger({ duplicated, misordered, corrupted }: LedgerTotals): Record<string, number> {
  return {
    'messages delivered twice': duplicated,
    'messages out of order': misordered,
    'messages changed on the way': corrupted,
  };
}
