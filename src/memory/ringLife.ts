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
  readonly #counts = [0, 0, 0, 0, 0];
  #changes = 0;
  /** Whether any memory has ever been recalled or was important from the start: without that nothing can rise. */
  #isStirred = false;

  constructor(policy: RingPolicy) {
    this.#policy = policy;
  }

  get size(): number {
    return this.#zones.length;
  }

  /** Grows with every memory that comes, moves or is used. */
  get changes(): number {
    return this.#changes;
  }

  /** Bytes of text of the memories in a zone. */
  bytesIn(zone: Zone): number {
    return this.#bytes[ZONES.indexOf(zone)]!;
  }

  /** Memories in a zone. */
  countIn(zone: Zone): number {
    return this.#counts[ZONES.indexOf(zone)]!;
  }

  /** Bytes of text of a memory. */
  bytesOf(seq: number): number {
    return this.#bytesOf.array[seq - 1]!;
  }

  /** The most bytes that the texts in a zone may take. */
  capacityOf(zone: Zone): number {
    return this.#policy.rushBytesPerAgent * this.#policy[`${zone}Share`];
  }

  /** Bytes that the growth rings may still take; all of the budget is no bound of their own. */
  growthRoom(): number {
    if (this.#policy.growthShare >= 1) return Infinity;
    return this.capacityOf('growth') - this.bytesIn('growth');
  }

  /** Takes in the next memory; a forgotten one is none any more. */
  add(zone: Zone | 'forgotten', bytes: number, importance: number, atMs: number): void {
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
    this.#counts[z]!++;
    this.#changes++;
    if (importance > 0) this.#isStirred = true;
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
    this.#changes++;
    this.#isStirred = true;
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

  /** How many memories were merged into each. */
  mergedCounts(): Map<number, number> {
    const counts = new Map<number, number>();
    for (const [i, zone] of this.#zones.array.subarray(0, this.size).entries())
      if (zone === MERGED) {
        const into = this.standsFor(i + 1);
        counts.set(into, (counts.get(into) ?? 0) + 1);
      }
    return counts;
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
    this.#isStirred ||= state.hits > 0 || state.importance > 0;
  }

  #put(seq: number, zone: number): void {
    const i = seq - 1;
    const from = this.#zones.array[i]!;
    this.#bytes[from]! -= this.#bytesOf.array[i]!;
    this.#counts[from]!--;
    this.#zones.array[i] = zone;
    this.#bytes[zone]! += this.#bytesOf.array[i]!;
    this.#counts[zone]!++;
    this.#changes++;
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
    let growthRoom = this.growthRoom();
    const heat = new Map(this.#members(RUSH).map((i) => [i, this.#heat(i, nowMs)]));
    const moves: RingMove[] = [];
    for (const [i] of [...heat].sort((a, b) => a[1] - b[1] || a[0] - b[0])) {
      if (over <= 0) break;
      const bytes = this.#bytesOf.array[i]!;
      if (bytes > growthRoom) continue;
      growthRoom -= bytes;
      over -= bytes;
      moves.push([i + 1, 'growth']);
    }
    return moves;
  }

  /**
   * Consolidation: core memories that faded or were superseded go back to their growth ring, what has earned it goes to
   * the core (the strongest first, while there is room), and what has cooled to less than half goes from rush memory
   * into the growth rings; at most `consolidationRate` moves, and out of each ring at most its own rate, into a ring no
   * more than its capacity. A pure function of what is known and of `nowMs`.
   */
  plan(nowMs: number): RingMove[] {
    // What was laid down in growth rings and never recalled stays there.
    if (this.countIn('rush') + this.countIn('core') === 0 && !this.#isStirred) return [];
    const { rushRate, growthRate, coreRate, consolidationRate } = this.#policy;
    const left: Record<Zone, number> = { rush: rushRate, growth: growthRate, core: coreRate };
    const room = {
      core: this.capacityOf('core') - this.bytesIn('core'),
      growth: this.growthRoom(),
      rush: 0,
    };
    const moves: RingMove[] = [];
    const move = (i: number, to: 'core' | 'growth'): boolean => {
      const from = ZONES[this.#zones.array[i]!] as Zone;
      const bytes = this.#bytesOf.array[i]!;
      if (bytes > room[to] || left[from] === 0 || moves.length === consolidationRate) return false;
      left[from]--;
      room[from] += bytes;
      room[to] -= bytes;
      moves.push([i + 1, to]);
      return true;
    };
    for (const i of this.#members(CORE))
      if (demotes(this.#vigour(i, nowMs), this.#policy) || this.#staleBy.array[i] !== 0) move(i, 'growth');
    const rising = [...this.#members(RUSH), ...this.#members(GROWTH)]
      .filter((i) => this.#staleBy.array[i] === 0)
      .map((i) => ({ i, vigour: this.#vigour(i, nowMs) }))
      .filter(({ vigour }) => promotes(vigour, this.#policy))
      .sort((a, b) => b.vigour - a.vigour || a.i - b.i);
    const risen = new Set<number>();
    for (const { i } of rising) if (move(i, 'core')) risen.add(i);
    const cold = this.#members(RUSH)
      .filter((i) => !risen.has(i))
      .map((i) => ({ i, heat: this.#heat(i, nowMs) }))
      .filter(({ heat }) => heat < 0.5)
      .sort((a, b) => a.heat - b.heat || a.i - b.i);
    for (const { i } of cold) move(i, 'growth');
    return moves;
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
