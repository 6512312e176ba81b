import { assert } from '../kernel/assert.ts';
import type { Segment } from './journal.ts';

/** A change of one owner's log, as a session asked for it. */
export type LogChange =
  | { readonly type: 'append'; readonly owner: string; readonly text: string }
  | { readonly type: 'replace'; readonly owner: string; readonly texts: readonly string[] };

/** One commit as the store gets it. */
export interface CommitPlan {
  readonly put: readonly Segment[];
  readonly remove: readonly number[];
}

/** What the index knows of one stored segment. */
interface Held {
  /** Owners that have entries in it, dead ones too; an owner's entries in one segment are all live or all replaced. */
  readonly owners: ReadonlySet<string>;
  readonly live: Set<string>;
  readonly replaces: readonly string[];
}

/** The limits of segments, in UTF-16 code units and numbers. */
export interface SegmentLimits {
  /** About where a segment is split. */
  readonly segmentUnits: number;
  /** Small segments at the end of the log that are merged into one when there are more of them. */
  readonly tailSegments: number;
}

const unitsOf = (segment: Segment): number => segment.texts.reduce((sum, text) => sum + text.length, 0);

/**
 * Which segments hold what of whom: plans commits and removals, holds no texts but those of the tail, the small segments
 * at the end of the log. When the tail has grown to a full segment, the next commit rewrites it as one, so that thousands
 * of small commits do not become thousands of segments to read.
 */
export class SegmentIndex {
  readonly #limits: SegmentLimits;
  readonly #held = new Map<number, Held>();
  /** Live positions of each owner, ascending. */
  readonly #positions = new Map<string, number[]>();
  #tail: Segment[] = [];
  #tailUnits = 0;
  #next = 1;

  constructor(limits: SegmentLimits) {
    this.#limits = limits;
  }

  /** Segments in the store. */
  get segments(): number {
    return this.#held.size;
  }

  /** Positions of all segments in the store. */
  stored(): number[] {
    return [...this.#held.keys()];
  }

  /** Positions of the segments that hold the owner's log, oldest first. */
  positionsOf(owner: string): readonly number[] {
    return this.#positions.get(owner) ?? [];
  }

  /** A segment of the tail; undefined for an older one, which has to be read. */
  inTail(position: number): Segment | undefined {
    return this.#tail.find((s) => s.position === position);
  }

  /** Takes over a store's segments, which come by position. */
  rebuild(segments: readonly Segment[]): void {
    this.clear();
    this.#next = 1;
    for (const segment of segments) this.#take(segment);
    // The tail is the longest run of small segments at the end.
    let from = segments.length;
    while (
      from > 0 &&
      segments.length - from < this.#limits.tailSegments &&
      unitsOf(segments[from - 1]!) < this.#limits.segmentUnits / 2
    )
      from--;
    this.#tail = segments.slice(from);
    this.#tailUnits = this.#tail.reduce((sum, s) => sum + unitsOf(s), 0);
  }

  clear(): void {
    this.#held.clear();
    this.#positions.clear();
    this.#tail = [];
    this.#tailUnits = 0;
  }

  /** The commit that makes `changes`, in their order. Nothing changes here until `commit` is called with it. */
  plan(changes: readonly LogChange[]): CommitPlan {
    const replaced = new Set<string>();
    for (const change of changes) if (change.type === 'replace') replaced.add(change.owner);
    let added = 0;
    for (const c of changes)
      added += c.type === 'append' ? c.text.length : c.texts.reduce((sum, text) => sum + text.length, 0);
    const merges =
      this.#tail.length >= this.#limits.tailSegments || this.#tailUnits + added >= this.#limits.segmentUnits;
    const old = merges ? this.#tail : [];

    // Entries in order, each with the number of the last replacement of its owner that it has lived through.
    const generations = new Map<string, number>();
    const entries: { owner: string; text: string; generation: number }[] = [];
    const replaces = new Set<string>();
    for (const segment of old) {
      for (const owner of segment.replaces) replaces.add(owner);
      const live = this.#held.get(segment.position)!.live;
      segment.owners.forEach((owner, i) => {
        if (live.has(owner)) entries.push({ owner, text: segment.texts[i]!, generation: 0 });
      });
    }
    for (const change of changes) {
      if (change.type === 'append') {
        const generation = generations.get(change.owner) ?? 0;
        entries.push({ owner: change.owner, text: change.text, generation });
        continue;
      }
      const generation = (generations.get(change.owner) ?? 0) + 1;
      generations.set(change.owner, generation);
      replaces.add(change.owner);
      for (const text of change.texts) entries.push({ owner: change.owner, text, generation });
    }
    const alive = entries.filter((e) => e.generation === (generations.get(e.owner) ?? 0));

    // Segments without a live entry go, unless they still have to hide dead entries of an older one.
    const gone = new Set(old.map((s) => s.position));
    const kept: Held[] = [];
    for (const [position, held] of this.#held) {
      if (gone.has(position)) continue;
      const lives = [...held.live].some((owner) => !replaced.has(owner));
      if (lives || held.replaces.some((owner) => kept.some((k) => k.owners.has(owner)))) kept.push(held);
      else gone.add(position);
    }
    const needed = [...replaces].filter((owner) => kept.some((k) => k.owners.has(owner)));
    return { put: this.#split(alive, needed), remove: [...gone] };
  }

  /** Takes note that the plan is durable. */
  commit(plan: CommitPlan): void {
    const gone = new Set(plan.remove);
    for (const segment of plan.put) this.#take(segment);
    for (const position of gone) this.#drop(position);
    this.#tail = this.#tail.filter((s) => !gone.has(s.position));
    for (const segment of plan.put)
      if (unitsOf(segment) < this.#limits.segmentUnits / 2) this.#tail.push(segment);
      else this.#tail = [];
    this.#tailUnits = this.#tail.reduce((sum, s) => sum + unitsOf(s), 0);
  }

  #split(entries: readonly { owner: string; text: string }[], replaces: readonly string[]): Segment[] {
    const segments: Segment[] = [];
    let owners: string[] = [];
    let texts: string[] = [];
    let units = 0;
    const close = (): void => {
      // What is replaced is told by the first segment: all of the commit's own entries are live.
      segments.push({
        position: this.#next + segments.length,
        owners,
        texts,
        replaces: segments.length === 0 ? replaces : [],
      });
      owners = [];
      texts = [];
      units = 0;
    };
    for (const entry of entries) {
      owners.push(entry.owner);
      texts.push(entry.text);
      units += entry.text.length;
      if (units >= this.#limits.segmentUnits) close();
    }
    if (owners.length > 0 || (segments.length === 0 && replaces.length > 0)) close();
    return segments;
  }

  #take(segment: Segment): void {
    assert(segment.position >= this.#next, `segment ${segment.position} comes after ${this.#next - 1}`);
    this.#next = segment.position + 1;
    for (const owner of segment.replaces) {
      for (const position of this.positionsOf(owner)) this.#held.get(position)!.live.delete(owner);
      this.#positions.delete(owner);
    }
    const owners = new Set(segment.owners);
    this.#held.set(segment.position, {
      owners,
      live: new Set(owners),
      replaces: segment.replaces,
    });
    for (const owner of owners) {
      const positions = this.#positions.get(owner);
      if (positions) positions.push(segment.position);
      else this.#positions.set(owner, [segment.position]);
    }
  }

  #drop(position: number): void {
    for (const owner of this.#held.get(position)?.live ?? []) {
      const left = this.positionsOf(owner).filter((p) => p !== position);
      if (left.length > 0) this.#positions.set(owner, left);
      else this.#positions.delete(owner);
    }
    this.#held.delete(position);
  }
}
