import { assert } from '../kernel/assert.ts';
import { GrowableF64, GrowableU32 } from './growable.ts';
import {
  decay,
  demotes,
  promotes,
  vigourAt,
  type RingMove,
  type RingPolicy,
  type Zone,
} from './ringPolicy.ts';

const ZONES: readonly (Zone | 'merged' | 'forgotten')[] = ['rush', 'growth', 'core', 'merged', 'forgotten'];
const [RUSH, GROWTH, CORE, MERGED, FORGOTTEN] = [0, 1, 2, 3, 4];

/** What the rings remember of one memory besides its record: plain data, for a checkpoint. */
export interface LifeState {
  readonly zone: Zone | 'merged' | 'forgotten';
  readonly importance: number;
  readonly hits: number;
  readonly strength: number;
  readonly strengthAtMs: number;
  /** The memory that says it anew, 0 for none. */
  readonly staleBy: number;
  /** The memory that stands for it, 0 for none. */
  readonly mergedInto: number;
}

/**
 * The life of an agent's memories in their rings, over typed arrays, by number from 1. It decides nothing by itself:
 * `plan` says which moves are due and `apply` makes them, so that a log of moves gives the same rings again.
 */
export class RingLife {
  readonly #policy: RingPolicy;
  readonly #zones = new GrowableU32();
  readonly #bytesOf = new GrowableU32();
  readonly #atMs = new GrowableF64();
  readonly #importance = new GrowableF64();
  readonly #hits = new GrowableU32();
  readonly #strength = new GrowableF64();
  readonly #strengthAtMs = new GrowableF64();
  readonly #staleBy = new GrowableU32();
  readonly #mergedInto = new GrowableU32();
  /** Bytes in each zone. */
  readonly #bytes = [0, 0, 0, 0, 0];

  constructor(policy: RingPolicy) {
    this.#policy = policy;
  }

  get size(): number {
    return this.#zones.length;
  }

  /** Bytes of text of the memories in a zone. */
  bytesIn(zone: Zone): number {
    return this.#bytes[ZONES.indexOf(zone)]!;
  }

  /** The most bytes that a zone may hold; the growth rings take what the others leave. */
  capacityOf(zone: Zone): number {
    const { rushBytesPerAgent, rushShare, coreShare } = this.#policy;
    if (zone === 'rush') return rushBytesPerAgent * rushShare;
    return zone === 'core' ? rushBytesPerAgent * coreShare : rushBytesPerAgent;
  }

  /** Takes in the next memory. */
  add(zone: Zone, bytes: number, importance: number, atMs: number): void {
    const z = ZONES.indexOf(zone);
    this.#zones.push(z);
    this.#bytesOf.push(bytes);
    this.#atMs.push(atMs);
    this.#importance.push(importance);
    this.#hits.push(0);
    this.#strength.push(0);
    this.#strengthAtMs.push(atMs);
    this.#staleBy.push(0);
    this.#mergedInto.push(0);
    this.#bytes[z]! += bytes;
  }

  #has(seq: number): boolean {
    return Number.isInteger(seq) && seq >= 1 && seq <= this.size;
  }

  /** Counts a use; of the memory that stands for it, where it was merged. */
  recalled(seq: number, atMs: number): void {
    if (!this.#has(seq) || this.#zones.array[seq - 1] === FORGOTTEN) return;
    const i = this.standsFor(seq) - 1;
    const kept =
      this.#strength.array[i]! * decay(atMs - this.#strengthAtMs.array[i]!, this.#policy.halfLifeMs);
    this.#strength.array[i] = kept + 1;
    this.#strengthAtMs.array[i] = Math.max(atMs, this.#strengthAtMs.array[i]!);
    this.#hits.array[i]!++;
  }

  /** Notes that `by` says anew what `seq` said. */
  supersede(seq: number, by: number): void {
    if (this.#has(seq) && this.#has(by) && seq !== by) this.#staleBy.array[seq - 1] = by;
  }

  /** A memory and those merged into it are no more; returns all their numbers. */
  forget(seq: number): number[] {
    if (!this.#has(seq)) return [];
    const gone: number[] = [];
    for (let i = 0; i < this.size; i++) {
      if (i !== seq - 1 && this.standsFor(i + 1) !== seq) continue;
      if (this.#zones.array[i] === FORGOTTEN) continue;
      gone.push(i + 1);
    }
    for (const s of gone) this.#put(s, FORGOTTEN);
    return gone;
  }

  /** The memory that stands for `seq`: itself, unless it was merged. */
  standsFor(seq: number): number {
    let at = seq;
    while (this.#mergedInto.array[at - 1]! !== 0) at = this.#mergedInto.array[at - 1]!;
    return at;
  }

  /** Whether the memory is in a ring: neither merged nor forgotten. */
  isLive(seq: number): boolean {
    return this.#has(seq) && this.#zones.array[seq - 1]! < MERGED;
  }

  state(seq: number): LifeState {
    const i = seq - 1;
    return {
      zone: ZONES[this.#zones.array[i]!]!,
      importance: this.#importance.array[i]!,
      hits: this.#hits.array[i]!,
      strength: this.#strength.array[i]!,
      strengthAtMs: this.#strengthAtMs.array[i]!,
      staleBy: this.#staleBy.array[i]!,
      mergedInto: this.#mergedInto.array[i]!,
    };
  }

  /** Puts a state back that `state` gave. */
  restore(seq: number, state: LifeState): void {
    const i = seq - 1;
    this.#put(seq, ZONES.indexOf(state.zone));
    this.#importance.array[i] = state.importance;
    this.#hits.array[i] = state.hits;
    this.#strength.array[i] = state.strength;
    this.#strengthAtMs.array[i] = state.strengthAtMs;
    this.#staleBy.array[i] = state.staleBy;
    this.#mergedInto.array[i] = state.mergedInto;
  }

  #put(seq: number, zone: number): void {
    const i = seq - 1;
    this.#bytes[this.#zones.array[i]!]! -= this.#bytesOf.array[i]!;
    this.#zones.array[i] = zone;
    this.#bytes[zone]! += this.#bytesOf.array[i]!;
  }

  #vigour(i: number, nowMs: number): number {
    return vigourAt(
      {
        importance: this.#importance.array[i]!,
        strength: this.#strength.array[i]!,
        atMs: this.#strengthAtMs.array[i]!,
      },
      nowMs,
      this.#policy,
    );
  }

  /** How much a memory belongs to the bark: what of it has not decayed, and its vigour. */
  #heat(i: number, nowMs: number): number {
    return decay(nowMs - this.#atMs.array[i]!, this.#policy.halfLifeMs) + this.#vigour(i, nowMs);
  }

  #members(zone: number): number[] {
    const out: number[] = [];
    for (let i = 0; i < this.size; i++) if (this.#zones.array[i] === zone) out.push(i);
    return out;
  }

  /** Promotions into the core that these recalls have earned. */
  planPromotions(seqs: readonly number[], nowMs: number): RingMove[] {
    const due = new Set(seqs.filter((seq) => this.#has(seq)).map((seq) => this.standsFor(seq)));
    let room = this.capacityOf('core') - this.bytesIn('core');
    return [...due].flatMap((seq): RingMove[] => {
      const zone = this.#zones.array[seq - 1];
      if ((zone !== RUSH && zone !== GROWTH) || this.#staleBy.array[seq - 1] !== 0) return [];
      if (!promotes(this.#vigour(seq - 1, nowMs), this.#policy)) return [];
      room -= this.#bytesOf.array[seq - 1]!;
      return room < 0 ? [] : [[seq, 'core']];
    });
  }

  /**
   * Moves that bring rush memory down to what leaves room for `needBytes` more, coldest first: the most that the budget
   * asks for, whatever the consolidation rate.
   */
  planRoom(needBytes: number, nowMs: number): RingMove[] {
    let over = this.bytesIn('rush') + needBytes - this.capacityOf('rush');
    if (over <= 0) return [];
    const heat = new Map(this.#members(RUSH).map((i) => [i, this.#heat(i, nowMs)]));
    const moves: RingMove[] = [];
    for (const [i] of [...heat].sort((a, b) => a[1] - b[1] || a[0] - b[0])) {
      if (over <= 0) break;
      over -= this.#bytesOf.array[i]!;
      moves.push([i + 1, 'growth']);
    }
    return moves;
  }

  /**
   * Consolidation: core memories that faded or were superseded go back to their growth ring, what has earned it goes to
   * the core (the strongest first, while there is room), and what has cooled to less than half goes from rush memory
   * into the growth rings; at most `consolidationRate` moves. A pure function of what is known and of `nowMs`.
   */
  plan(nowMs: number): RingMove[] {
    const moves: RingMove[] = [];
    let room = this.capacityOf('core') - this.bytesIn('core');
    for (const i of this.#members(CORE))
      if (demotes(this.#vigour(i, nowMs), this.#policy) || this.#staleBy.array[i] !== 0) {
        moves.push([i + 1, 'growth']);
        room += this.#bytesOf.array[i]!;
      }
    const rising = [...this.#members(RUSH), ...this.#members(GROWTH)]
      .filter((i) => this.#staleBy.array[i] === 0)
      .map((i) => ({ i, vigour: this.#vigour(i, nowMs) }))
      .filter(({ vigour }) => promotes(vigour, this.#policy))
      .sort((a, b) => b.vigour - a.vigour || a.i - b.i);
    const risen = new Set<number>();
    for (const { i } of rising) {
      if (this.#bytesOf.array[i]! > room) continue;
      room -= this.#bytesOf.array[i]!;
      risen.add(i);
      moves.push([i + 1, 'core']);
    }
    const cold = this.#members(RUSH)
      .filter((i) => !risen.has(i))
      .map((i) => ({ i, heat: this.#heat(i, nowMs) }))
      .filter(({ heat }) => heat < 0.5)
      .sort((a, b) => a.heat - b.heat || a.i - b.i);
    for (const { i } of cold) moves.push([i + 1, 'growth']);
    return moves.slice(0, this.#policy.consolidationRate);
  }

  /** Makes moves that were planned, here or by an earlier incarnation. */
  apply(moves: readonly RingMove[]): void {
    for (const move of moves) {
      const [seq, to] = move;
      assert(this.isLive(seq), `a move of memory ${seq}, which is in no ring`);
      this.#put(seq, ZONES.indexOf(to));
      if (move[1] !== 'merged') continue;
      const into = move[2];
      assert(this.isLive(into), `a merge into memory ${into}, which is in no ring`);
      const [i, j] = [seq - 1, into - 1];
      this.#mergedInto.array[i] = into;
      const sinceMs = this.#strengthAtMs.array[i]! - this.#strengthAtMs.array[j]!;
      const { halfLifeMs } = this.#policy;
      this.#strength.array[j] =
        this.#strength.array[j]! * decay(sinceMs, halfLifeMs) +
        this.#strength.array[i]! * decay(-sinceMs, halfLifeMs);
      this.#strengthAtMs.array[j] = Math.max(this.#strengthAtMs.array[i]!, this.#strengthAtMs.array[j]!);
      this.#hits.array[j]! += this.#hits.array[i]!;
      this.#importance.array[j] = Math.max(this.#importance.array[i]!, this.#importance.array[j]!);
    }
  }
}
