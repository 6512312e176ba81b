import { assert } from '../kernel/assert.ts';
import { bytesOf, runsOf, startOf, type EntryRun, type PackedEntries } from './packedEntries.ts';
import { buildSegment, type Segment } from './segment.ts';

/** A change of logs, as a session asked for it; the entries of a replacement are all of its owner. */
export type LogChange =
  | { readonly type: 'append'; readonly entries: PackedEntries }
  | { readonly type: 'replace'; readonly owner: string; readonly entries: PackedEntries };

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
  readonly entries: number;
  readonly bytes: number;
}

/** The limits of segments, in bytes of text and numbers. */
export interface SegmentLimits {
  /** About where a segment is split. */
  readonly segmentBytes: number;
  /** Small segments at the end of the log that are merged into one when there are more of them. */
  readonly tailSegments: number;
}

/** A segment of less than this part of a full one is small: rewriting a bigger one would cost more than reading it saves. */
const SMALL_PART = 8;

const textBytes = (segment: Segment): number => segment.entries.bytes.length;

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
  #tailBytes = 0;
  #next = 1;
  #entries = 0;
  #bytes = 0;

  constructor(limits: SegmentLimits) {
    this.#limits = limits;
  }

  /** Segments in the store. */
  get segments(): number {
    return this.#held.size;
  }

  /** Entries in them, dead ones included. */
  get entries(): number {
    return this.#entries;
  }

  /** Bytes of the segments in the store. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Everybody who has a log. */
  owners(): string[] {
    return [...this.#positions.keys()];
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
      this.#isSmall(segments[from - 1]!)
    )
      from--;
    this.#tail = segments.slice(from);
    this.#tailBytes = this.#tail.reduce((sum, s) => sum + textBytes(s), 0);
  }

  clear(): void {
    this.#held.clear();
    this.#positions.clear();
    this.#entries = this.#bytes = 0;
    this.#tail = [];
    this.#tailBytes = 0;
  }

  /** The commit that makes `changes`, in their order. Nothing changes here until `commit` is called with it. */
  plan(changes: readonly LogChange[]): CommitPlan {
    /** By owner: the last change that replaces its log, and with it all that was before. */
    const replaced = new Map<string, number>();
    let added = 0;
    changes.forEach((change, i) => {
      if (change.type === 'replace') replaced.set(change.owner, i);
      added += change.entries.bytes.length;
    });
    const merges =
      this.#tail.length > 0 &&
      (this.#tail.length >= this.#limits.tailSegments ||
        this.#tailBytes + added >= this.#limits.segmentBytes);
    const old = merges ? this.#tail : [];

    const alive: EntryRun[] = [];
    const replaces = new Set<string>(replaced.keys());
    for (const segment of old) {
      for (const owner of segment.replaces) replaces.add(owner);
      const { live } = this.#held.get(segment.position)!;
      alive.push(...runsOf(segment.entries, (owner) => live.has(owner) && !replaced.has(owner)));
    }
    changes.forEach((change, i) => {
      alive.push(...runsOf(change.entries, (owner) => (replaced.get(owner) ?? i) <= i));
    });

    const gone = new Set(old.map((s) => s.position));
    // Nothing dies of a mere append.
    if (gone.size === 0 && replaces.size === 0) return { put: this.#split(alive, []), remove: [] };

    // Segments without a live entry go, unless they still have to hide dead entries of an older one.
    const keptOwners = new Set<string>();
    for (const [position, held] of this.#held) {
      if (gone.has(position)) continue;
      if (livesOn(held, replaced) || held.replaces.some((owner) => keptOwners.has(owner))) {
        for (const owner of held.owners) keptOwners.add(owner);
      } else gone.add(position);
    }
    const needed = [...replaces].filter((owner) => keptOwners.has(owner));
    return { put: this.#split(alive, needed), remove: [...gone] };
  }

  /** Takes note that the plan is durable. */
  commit(plan: CommitPlan): void {
    const gone = new Set(plan.remove);
    for (const segment of plan.put) this.#take(segment);
    for (const position of gone) this.#drop(position);
    this.#tail = this.#tail.filter((s) => !gone.has(s.position));
    for (const segment of plan.put)
      if (this.#isSmall(segment)) this.#tail.push(segment);
      else this.#tail = [];
    this.#tailBytes = this.#tail.reduce((sum, s) => sum + textBytes(s), 0);
  }

  #isSmall(segment: Segment): boolean {
    return textBytes(segment) < this.#limits.segmentBytes / SMALL_PART;
  }

  #split(runs: readonly EntryRun[], replaces: readonly string[]): Segment[] {
    const segments: Segment[] = [];
    let gathered: EntryRun[] = [];
    let bytes = 0;
    const close = (): void => {
      // What is replaced is told by the first segment: all of the commit's own entries are live.
      segments.push(
        buildSegment(this.#next + segments.length, gathered, segments.length === 0 ? replaces : []),
      );
      gathered = [];
      bytes = 0;
    };
    for (const run of runs) {
      let rest: EntryRun | null = run;
      while (rest) {
        const part: EntryRun = this.#fitting(rest, this.#limits.segmentBytes - bytes);
        gathered.push(part);
        bytes += bytesOf(part);
        if (bytes >= this.#limits.segmentBytes) close();
        rest = part.to < run.to ? { ...run, from: part.to } : null;
      }
    }
    if (gathered.length > 0 || (segments.length === 0 && replaces.length > 0)) close();
    return segments;
  }

  /** As much of a run as makes up so many bytes, the last entry whole. */
  #fitting(run: EntryRun, bytes: number): EntryRun {
    if (bytesOf(run) < bytes) return run;
    const { ends } = run.source;
    const enough = startOf(run.source, run.from) + bytes;
    let to = run.from;
    while (ends[to++]! < enough);
    return { ...run, to };
  }

  #take(segment: Segment): void {
    assert(segment.position >= this.#next, `segment ${segment.position} comes after ${this.#next - 1}`);
    this.#next = segment.position + 1;
    for (const owner of segment.replaces) {
      for (const position of this.positionsOf(owner)) this.#held.get(position)!.live.delete(owner);
      this.#positions.delete(owner);
    }
    const owners = new Set(segment.entries.owners);
    this.#held.set(segment.position, {
      owners,
      live: new Set(owners),
      replaces: segment.replaces,
      entries: segment.entries.ends.length,
      bytes: segment.bytes.length,
    });
    this.#entries += segment.entries.ends.length;
    this.#bytes += segment.bytes.length;
    for (const owner of owners) {
      const positions = this.#positions.get(owner);
      if (positions) positions.push(segment.position);
      else this.#positions.set(owner, [segment.position]);
    }
  }

  #drop(position: number): void {
    this.#entries -= this.#held.get(position)?.entries ?? 0;
    this.#bytes -= this.#held.get(position)?.bytes ?? 0;
    for (const owner of this.#held.get(position)?.live ?? []) {
      const left = this.positionsOf(owner).filter((p) => p !== position);
      if (left.length > 0) this.#positions.set(owner, left);
      else this.#positions.delete(owner);
    }
    this.#held.delete(position);
  }
}

/** Whether a segment has a live entry of an owner that is not being replaced. */
function livesOn(held: Held, replaced: ReadonlyMap<string, number>): boolean {
  for (const owner of held.live) if (!replaced.has(owner)) return true;
  return false;
}
