import type { AgentMemory } from '../memory/agentMemoryTypes.ts';
import type { MoveCount, RingTotals } from '../memory/ringMeters.ts';
import type { Zone } from '../memory/ringPolicy.ts';
import { Histogram, type HistogramState } from '../metrics/histogram.ts';

/** The rings of all agents of a node, by zone: what is in them now, and what happened since the last report. */
export interface RingTelemetry extends RingTotals {
  /** Times of the recalls that found a memory of the zone, ms; zones without one left out. */
  readonly access: readonly (readonly [Zone, HistogramState])[];
}

/** Sums up the rings of a node's agents from report to report. */
export interface RingReporter {
  /** A recall took so long and found memories of these zones. */
  accessed(ms: number, zones: ReadonlySet<string>): void;
  take(): RingTelemetry;
}

const ZONES: readonly Zone[] = ['rush', 'growth', 'core'];

export function createRingReporter(memories: Iterable<AgentMemory>): RingReporter {
  const access = new Map<Zone, Histogram>(ZONES.map((zone) => [zone, new Histogram()]));
  const hitsBefore: Record<Zone, number> = { rush: 0, growth: 0, core: 0 };
  const movesBefore = new Map<string, readonly [count: number, bytes: number]>();
  const all = [...memories];
  /** What each told last: an agent that did nothing since is not counted again. */
  const known: RingTotals[] = [];
  const sums = new Map(ZONES.map((zone) => [zone, { zone, count: 0, bytes: 0, hits: 0 }]));
  const moveSums = new Map<string, [...MoveCount]>();

  function count(totals: RingTotals, sign: 1 | -1): void {
    for (const { zone, count, bytes, hits } of totals.zones) {
      const sum = sums.get(zone)!;
      sum.count += sign * count;
      sum.bytes += sign * bytes;
      sum.hits += sign * hits;
    }
    for (const [from, to, count, bytes] of totals.moves) {
      const key = `${from}>${to}`;
      let sum = moveSums.get(key);
      if (!sum) moveSums.set(key, (sum = [from, to, 0, 0]));
      sum[2] += sign * count;
      sum[3] += sign * bytes;
    }
  }

  return {
    accessed(ms, zones) {
      for (const [zone, histogram] of access) if (zones.has(zone)) histogram.record(ms);
    },
    take() {
      for (const [i, memory] of all.entries()) {
        const totals = memory.ringTotals();
        const before = known[i];
        if (totals === before) continue;
        if (before) count(before, -1);
        count(totals, 1);
        known[i] = totals;
      }
      const zones = [...sums.values()].map((sum) => {
        const hits = sum.hits - hitsBefore[sum.zone];
        hitsBefore[sum.zone] = sum.hits;
        return { ...sum, hits };
      });
      const moved = [...moveSums].flatMap(([key, [from, to, count, bytes]]): MoveCount[] => {
        const [countBefore, bytesBefore] = movesBefore.get(key) ?? [0, 0];
        movesBefore.set(key, [count, bytes]);
        return count === countBefore ? [] : [[from, to, count - countBefore, bytes - bytesBefore]];
      });
      const accessed = [...access].flatMap(([zone, histogram]): [Zone, HistogramState][] => {
        if (histogram.count === 0) return [];
        const state = histogram.toState();
        histogram.reset();
        return [[zone, state]];
      });
      return { zones, moves: moved, access: accessed };
    },
  };
}
