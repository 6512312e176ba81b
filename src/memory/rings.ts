import type { RingView } from './record.ts';

/** What the rings need to know of one memory. */
export interface RingMember {
  readonly ring: string;
  readonly date: string;
  /** An exchange of this session. */
  readonly isRush: boolean;
  readonly hits: number;
  readonly bytes: number;
}

interface Sum {
  count: number;
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
export function ringsOf(
  members: readonly RingMember[],
  coreRecalls: number,
  scars: ReadonlyMap<string, number>,
): RingView[] {
  const empty = (): Sum => ({ count: 0, bytes: 0, hits: 0, since: '' });
  const core = empty();
  const rush = empty();
  const growth = new Map<string, Sum>();
  for (const m of members) {
    let sum = m.hits >= coreRecalls ? core : m.isRush ? rush : undefined;
    // A ring takes its age from all that was ever laid down in it, wherever that has gone since.
    if (!m.isRush) {
      let own = growth.get(m.ring);
      if (!own) growth.set(m.ring, (own = empty()));
      if (m.date !== '' && (own.since === '' || m.date < own.since)) own.since = m.date;
      sum ??= own;
    }
    if (!sum) continue;
    sum.count++;
    sum.bytes += m.bytes;
    sum.hits += m.hits;
  }
  const view = (label: string, zone: RingView['zone'], s: Sum): RingView => ({
    label,
    zone,
    count: s.count,
    bytes: s.bytes,
    hits: s.hits,
    scars: scars.get(label) ?? 0,
  });
  // Undated rings come last; sort is stable, so they keep the order of their first memory.
  const sorted = [...growth].sort(([, a], [, b]) =>
    a.since === b.since ? 0 : a.since === '' ? 1 : b.since === '' ? -1 : a.since < b.since ? -1 : 1,
  );
  return [
    view(CORE, 'core', core),
    ...sorted
      .filter(([label, s]) => s.count > 0 || scars.has(label))
      .map(([label, s]) => view(label, 'growth', s)),
    view(RUSH, 'rush', rush),
  ];
}
