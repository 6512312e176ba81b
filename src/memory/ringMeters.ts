import type { RingLife } from './ringLife.ts';
import type { RingMove, Zone } from './ringPolicy.ts';
import { emptyMeter, type RingMeter } from './rings.ts';

/** From where to where a memory went; `merged`: an earlier one stands for it. */
export type MoveKind = readonly [from: Zone, to: Zone | 'merged'];

/** Moves of one kind, of this incarnation: how many, and the bytes of text that went. */
export type MoveCount = readonly [...kind: MoveKind, count: number, bytes: number];

/** What an agent's rings hold and did, by zone: counts of this incarnation, found without looking at the memories. */
export interface RingTotals {
  readonly zones: readonly {
    readonly zone: Zone;
    /** Memories in it, and bytes of their text. */
    readonly count: number;
    readonly bytes: number;
    /** Uses of memories that were in it. */
    readonly hits: number;
  }[];
  readonly moves: readonly MoveCount[];
}

/** One move, for whoever looks at the agent. */
export interface RecentMove {
  readonly seq: number;
  readonly from: Zone;
  readonly to: Zone | 'merged';
  readonly atMs: number;
}

/** Moves kept to be looked at; all are counted, and the agent's log has them. */
const RECENT = 20;

/**
 * What is counted of an agent's rings: by label, for the drawing, over checkpoints; and by zone, for the metrics, since
 * this memory was made, as counters are.
 */
export class RingMeters {
  readonly byLabel = new Map<string, RingMeter>();
  /** Uses of memories by the zone in which they were. */
  readonly hits: Record<Zone, number> = { rush: 0, growth: 0, core: 0 };
  readonly #moves = new Map<string, { kind: MoveKind; count: number; bytes: number }>();
  readonly #recent: RecentMove[] = [];
  #totals: RingTotals | null = null;
  #totalsAt = 0;

  of(label: string): RingMeter {
    let known = this.byLabel.get(label);
    if (!known) this.byLabel.set(label, (known = emptyMeter()));
    return known;
  }

  moved([seq, to]: RingMove, from: Zone, bytes: number, atMs: number): void {
    const key = `${from}>${to}`;
    let known = this.#moves.get(key);
    if (!known) this.#moves.set(key, (known = { kind: [from, to], count: 0, bytes: 0 }));
    known.count++;
    known.bytes += bytes;
    if (this.#recent.length === RECENT) this.#recent.shift();
    this.#recent.push({ seq, from, to, atMs });
  }

  /** The same object again while nothing has changed. */
  totals(life: RingLife): RingTotals {
    if (this.#totals && this.#totalsAt === life.changes) return this.#totals;
    this.#totalsAt = life.changes;
    return (this.#totals = {
      zones: (['rush', 'growth', 'core'] as const).map((zone) => ({
        zone,
        count: life.countIn(zone),
        bytes: life.bytesIn(zone),
        hits: this.hits[zone],
      })),
      moves: [...this.#moves.values()].map(({ kind, count, bytes }) => [...kind, count, bytes]),
    });
  }

  /** The last moves, newest first. */
  get recent(): RecentMove[] {
    return [...this.#recent].reverse();
  }
}
