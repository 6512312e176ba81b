import { ringLabel } from './memoryLabels.ts';
import type { MemoryOptions } from './options.ts';
import type { MemoryRecord, RingView } from './record.ts';
import type { RingLife } from './ringLife.ts';
import type { Zone } from './ringPolicy.ts';

/** What the rings need to know of one memory. */
export interface RingMember {
  readonly ring: string;
  readonly date: string;
  readonly zone: Zone;
  readonly stale: boolean;
  /** Memories merged into this one. */
  readonly merged: number;
  readonly hits: number;
  readonly bytes: number;
}

/** What is counted by ring label rather than found out from its members. */
export interface RingMeter {
  scars: number;
  movedIn: number;
  movedOut: number;
  accesses: number;
  accessMs: number;
}

export const emptyMeter = (): RingMeter => ({ scars: 0, movedIn: 0, movedOut: 0, accesses: 0, accessMs: 0 });

/** The memories that are in a ring, in the order of seq. @param bytesOf bytes of text of the entry at that place */
export function membersOf(
  entries: readonly Omit<MemoryRecord, 'text'>[],
  life: RingLife,
  epoch: MemoryOptions['epoch'],
  bytesOf: (place: number) => number,
): RingMember[] {
  const mergedBy = life.mergedCounts();
  return entries.flatMap((entry, i): RingMember[] => {
    const { zone, hits, staleBy } = life.state(i + 1);
    if (zone === 'merged' || zone === 'forgotten') return [];
    const ring = ringLabel({ ...entry, text: '' }, epoch);
    const merged = mergedBy.get(i + 1) ?? 0;
    return [{ ring, date: entry.date, zone, stale: staleBy !== 0, merged, hits, bytes: bytesOf(i) }];
  });
}

interface Sum {
  count: number;
  stale: number;
  merged: number;
  bytes: number;
  hits: number;
  /** The earliest date of its members; '' when none has one. */
  since: string;
}

const CORE = 'core';
const RUSH = 'rush';

/**
 * Sorts memories, in the order of seq, into rings, each into exactly one: core first, growth rings oldest first, rush last.
 * Core and rush are there even when empty; a growth ring with scars stays even when all its memories went to the core.
 */
export function ringsOf(members: readonly RingMember[], meters: ReadonlyMap<string, RingMeter>): RingView[] {
  const empty = (): Sum => ({ count: 0, stale: 0, merged: 0, bytes: 0, hits: 0, since: '' });
  const core = empty();
  const rush = empty();
  const growth = new Map<string, Sum>();
  for (const m of members) {
    let sum = m.zone === 'core' ? core : m.zone === 'rush' ? rush : undefined;
    // A ring takes its age from all that was ever laid down in it, wherever that has gone since.
    if (m.zone !== 'rush') {
      let own = growth.get(m.ring);
      if (!own) growth.set(m.ring, (own = empty()));
      if (m.date !== '' && (own.since === '' || m.date < own.since)) own.since = m.date;
      sum ??= own;
    }
    if (!sum) continue;
    sum.count++;
    sum.bytes += m.bytes;
    sum.hits += m.hits;
    sum.merged += m.merged;
    if (m.stale) sum.stale++;
  }
  const view = (label: string, zone: Zone, { count, stale, merged, bytes, hits }: Sum): RingView => {
    const { scars, movedIn, movedOut, accesses, accessMs } = meters.get(label) ?? emptyMeter();
    return {
      ...{ label, zone, count, bytes, hits, scars, stale, merged, movedIn, movedOut },
      accessMs: accesses === 0 ? null : accessMs / accesses,
    };
  };
  // Undated rings come last; sort is stable, so they keep the order of their first memory.
  const sorted = [...growth].sort(([, a], [, b]) =>
    a.since === b.since ? 0 : a.since === '' ? 1 : b.since === '' ? -1 : a.since < b.since ? -1 : 1,
  );
  return [
    view(CORE, 'core', core),
    ...sorted
      .filter(([label, s]) => s.count > 0 || (meters.get(label)?.scars ?? 0) > 0)
      .map(([label, s]) => view(label, 'growth', s)),
    view(RUSH, 'rush', rush),
  ];
}
