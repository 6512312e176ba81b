import type { Gate } from '../agents/gate.ts';
import type { LedgerTotals } from '../bus/ledger.ts';
import type { Histogram } from '../metrics/histogram.ts';
import type { DeskView, WireCounts } from './ports.ts';
import type { LinkActivity, SeriesPoint, VitalSigns } from './views.ts';

const SERIES_SECONDS = 180;

/** What the vital signs are made of; every part is counted elsewhere and only read here. */
export interface VitalSources {
  readonly gate: Gate;
  readonly rush: Histogram;
  readonly desk: DeskView;
  readonly corpus: string;
  readonly agentsUp: number;
  readonly nodesUp: number;
  readonly ledger: LedgerTotals;
  readonly wire: WireCounts;
  readonly ackedWrites: number;
  readonly memoriesLost: number;
}

export function vitalSigns(s: VitalSources): VitalSigns {
  const { responses, total } = s.gate;
  const use = s.desk.use();
  return {
    responseTime: {
      p50Ms: responses.quantile(0.5),
      p95Ms: responses.quantile(0.95),
      p99Ms: responses.quantile(0.99),
      samples: responses.count,
    },
    concurrency: { agents: s.agentsUp, nodes: s.nodesUp },
    memory: {
      metric: 'self-test: known-item search, source passage cited',
      dataset: s.corpus,
      value: total.judged === 0 ? 0 : total.found / total.judged,
      queries: total.judged,
    },
    rateLimit: { wire429: s.wire.status429, agent429: total.agent429, ...use },
    delivery: s.ledger,
    rush: { p50Ms: s.rush.quantile(0.5), p999Ms: s.rush.quantile(0.999), samples: s.rush.count },
    crash: { ackedWrites: s.ackedWrites, lost: s.memoriesLost },
  };
}

/** The run second by second, kept for the charts. */
export interface Series {
  /** Closes the second that just ended. */
  tick(second: number, gate: Gate, desk: DeskView, delivered: number): void;
  points(): readonly SeriesPoint[];
}

export function createSeries(): Series {
  const points: SeriesPoint[] = [];
  let deliveredBefore = 0;
  let hitsBefore = 0;
  let missesBefore = 0;
  return {
    tick(second, gate, desk, delivered) {
      const { counts, responses } = gate.takeSecond();
      const provider = desk.view();
      const at = (q: number): number | null => (responses.count === 0 ? null : responses.quantile(q));
      points.push({
        second,
        p50Ms: at(0.5),
        p95Ms: at(0.95),
        p99Ms: at(0.99),
        asked: counts.asked,
        answered: counts.answered,
        failed: counts.failed,
        messages: Math.max(0, delivered - deliveredBefore),
        limitUse: provider.limits.map((l) => l.used / l.limit),
        cacheHits: provider.cacheHits - hitsBefore,
        cacheMisses: provider.cacheMisses - missesBefore,
      });
      deliveredBefore = delivered;
      hitsBefore = provider.cacheHits;
      missesBefore = provider.cacheMisses;
      if (points.length > SERIES_SECONDS) points.shift();
    },
    points: () => points,
  };
}

/** Messages by link, gathered until they are looked at. */
export interface Traffic {
  add(from: number, to: number, messages: number): void;
  take(): LinkActivity[];
}

export function createTraffic(): Traffic {
  const links = new Map<string, { from: number; to: number; messages: number }>();
  return {
    add(from, to, messages) {
      const key = `${from}>${to}`;
      const link = links.get(key);
      if (link) link.messages += messages;
      else links.set(key, { from, to, messages });
    },
    take() {
      const taken = [...links.values()];
      links.clear();
      return taken;
    },
  };
}
