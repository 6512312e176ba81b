import type { NodeTelemetry } from '../agents/contract.ts';
import type { RingTelemetry } from '../agents/ringTelemetry.ts';
import { Histogram } from '../metrics/histogram.ts';
import type { Registry } from '../metrics/registry.ts';

type Zone = RingTelemetry['zones'][number]['zone'];

/** What the rings of all nodes did, summed up over their incarnations; what they hold now is in each node's last report. */
export interface RingAccounts {
  /** Times of all accesses to rush memory, ms. */
  readonly rush: Histogram;
  hear(node: number, told: Pick<NodeTelemetry, 'rush' | 'rings'>): void;
  /** A node that died holds nothing until it is back. */
  forget(node: number): void;
  /** Puts every figure into a registry, by ring. */
  register(registry: Registry): void;
}

export function createRingAccounts(): RingAccounts {
  const rush = new Histogram();
  const held = new Map<number, RingTelemetry['zones']>();
  const hits = new Map<Zone, number>();
  const moves = new Map<string, { labels: Record<string, string>; count: number; bytes: number }>();
  const access = new Map<Zone, Histogram>();
  return {
    rush,
    hear(node, { rush: times, rings: told }) {
      rush.mergeState(times);
      held.set(node, told.zones);
      for (const { zone, hits: more } of told.zones) hits.set(zone, (hits.get(zone) ?? 0) + more);
      for (const [from, to, count, bytes] of told.moves) {
        const key = `${from}>${to}`;
        let sum = moves.get(key);
        if (!sum) moves.set(key, (sum = { labels: { from, to }, count: 0, bytes: 0 }));
        sum.count += count;
        sum.bytes += bytes;
      }
      for (const [zone, state] of told.access) {
        let histogram = access.get(zone);
        if (!histogram) access.set(zone, (histogram = new Histogram(state.unit)));
        histogram.mergeState(state);
      }
    },
    forget: (node) => void held.delete(node),
    register(registry) {
      for (const ring of ['rush', 'growth', 'core'] as const) {
        let count = 0;
        let bytes = 0;
        for (const zones of held.values())
          for (const zone of zones)
            if (zone.zone === ring) {
              count += zone.count;
              bytes += zone.bytes;
            }
        registry.gauge('treering_ring_memories', 'Memories by ring.', { ring }).set(count);
        registry.gauge('treering_ring_bytes', 'Bytes of text by ring.', { ring }).set(bytes);
        registry
          .counter('treering_ring_hits_total', 'Uses of memories by the ring in which they were.', { ring })
          .inc(hits.get(ring) ?? 0);
        const found = access.get(ring) ?? new Histogram();
        registry
          .histogram('treering_ring_access_ms', 'Recalls that found a memory of the ring, ms.', found.unit, {
            ring,
          })
          .merge(found);
      }
      for (const { labels, count, bytes } of moves.values()) {
        registry.counter('treering_ring_moves_total', 'Moves of memories between rings.', labels).inc(count);
        registry
          .counter('treering_ring_move_bytes_total', 'Bytes of text that moved between rings.', labels)
          .inc(bytes);
      }
    },
  };
}
