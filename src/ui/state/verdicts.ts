import type { GroveSnapshot } from '../../lab/grove.ts';
import { amount, count, duration, percent } from './words.ts';

export type Status = 'met' | 'not met' | 'not yet measured';

/** One vital sign as the strip tells it. All texts are ready to be shown. */
export interface Verdict {
  readonly key: 'responseTime' | 'concurrency' | 'memory' | 'rateLimit' | 'delivery' | 'rush' | 'crash';
  readonly name: string;
  /** The bar, e.g. `p99 under 2 s`. */
  readonly bar: string;
  /** The measured figure with its unit; a dash before the first measurement. */
  readonly value: string;
  /** What exactly the figure is, in a few words. */
  readonly label: string;
  readonly status: Status;
  /** What the verdict rests on: samples, metric, data set. */
  readonly basis: string;
}

type Measured = Pick<GroveSnapshot, 'phase' | 'vitalSigns' | 'recoveries' | 'resumed' | 'progress'>;

const NOTHING = '–';
const say = (met: boolean): Status => (met ? 'met' : 'not met');

function responseTime({ vitalSigns: { responseTime: t } }: Measured): Verdict {
  const measured = t.samples > 0;
  return {
    key: 'responseTime',
    name: 'Response time',
    bar: 'p99 under 2 s',
    value: measured ? duration(t.p99Ms) : NOTHING,
    label: 'p99, from the intended send time',
    status: measured ? say(t.p99Ms < 2_000) : 'not yet measured',
    basis: measured
      ? `p50 ${duration(t.p50Ms)}, p95 ${duration(t.p95Ms)}, over ${amount(t.samples, 'answer')}`
      : 'waits for the first answer',
  };
}

function concurrency({ phase, vitalSigns: { concurrency: c }, progress }: Measured): Verdict {
  const settled = phase === 'running' || phase === 'paused';
  const asked = progress.agentsWanted;
  return {
    key: 'concurrency',
    name: 'Concurrent agents',
    bar: '100; next 1,000 and up',
    value: count(c.agents),
    label: `agents up in ${amount(c.nodes, 'worker')}`,
    status: c.agents >= 100 ? 'met' : settled ? 'not met' : 'not yet measured',
    basis:
      c.agents >= 1_000
        ? 'both bars are met'
        : c.agents >= 100
          ? 'the first bar is met'
          : settled && asked < 100
            ? `this scenario asks for ${count(asked)} only`
            : `${count(c.agents)} of ${count(asked)} are up`,
  };
}

function memory({ vitalSigns: { memory: m } }: Measured): Verdict {
  const measured = m.queries > 0;
  return {
    key: 'memory',
    name: 'Memory accuracy',
    bar: 'over 90 %',
    value: measured ? percent(m.value) : NOTHING,
    label: measured ? `${m.metric}, ${m.dataset}` : 'answers that found their source',
    status: measured ? say(m.value > 0.9) : 'not yet measured',
    basis: measured ? `over ${amount(m.queries, 'judged answer')}` : 'waits for the first judged answer',
  };
}

function rateLimit({ vitalSigns: { rateLimit: r, responseTime: t } }: Measured): Verdict {
  const refused = r.wire429 > 0 || r.agent429 > 0;
  const measured = refused || t.samples > 0 || r.bindingUse > 0;
  // The 98 % bar is about wasted quota, so it binds only while requests are being held back.
  const wasteful = r.saturated && r.bindingUse < 0.98;
  return {
    key: 'rateLimit',
    name: 'Rate limits',
    bar: 'none; 98 % used if saturated',
    value: measured ? `${count(r.wire429)} · ${count(r.agent429)}` : NOTHING,
    label: '429s on the wire · seen by agents',
    status: measured ? say(!refused && !wasteful) : 'not yet measured',
    basis: measured
      ? `${r.bindingLimit} is ${percent(r.bindingUse)} used; ${r.saturated ? 'saturated' : 'not saturated'}`
      : 'waits for the first request',
  };
}

function delivery({ vitalSigns: { delivery: d } }: Measured): Verdict {
  const accounted = d.delivered + d.deadLettered + d.inFlight;
  const wrong = d.lost + d.duplicated + d.misordered;
  const measured = d.sent > 0;
  const good = wrong === 0 && accounted === d.sent;
  return {
    key: 'delivery',
    name: 'Message delivery',
    bar: '100 %, once and in order',
    value: measured ? percent(good ? 1 : Math.min(accounted / d.sent, 1)) : NOTHING,
    label: 'accounted for by the ledger',
    status: measured ? say(good) : 'not yet measured',
    basis: !measured
      ? 'waits for the first message'
      : wrong > 0
        ? `${count(d.lost)} lost, ${count(d.duplicated)} twice, ${count(d.misordered)} out of order of ${count(d.sent)}`
        : accounted !== d.sent
          ? `${count(Math.abs(d.sent - accounted))} of ${count(d.sent)} ${accounted < d.sent ? 'unaccounted for' : 'counted too often'}`
          : `${count(d.sent)} sent, ${count(d.inFlight)} in flight, ${amount(d.deadLettered, 'dead letter')}`,
  };
}

function rush({ vitalSigns: { rush: r } }: Measured): Verdict {
  const measured = r.samples > 0;
  return {
    key: 'rush',
    name: 'Rush memory',
    bar: 'p99.9 under 100 ms, aim 1 ms',
    value: measured ? duration(r.p999Ms) : NOTHING,
    label: 'p99.9 of one access, in the worker',
    status: measured ? say(r.p999Ms < 100) : 'not yet measured',
    basis: measured
      ? `p50 ${duration(r.p50Ms)}, over ${amount(r.samples, 'access', 'accesses')}${r.p999Ms < 1 ? '; aim met' : ''}`
      : 'waits for the first recall',
  };
}

function crash({ vitalSigns: { crash: c }, recoveries, resumed }: Measured): Verdict {
  // Nothing can be lost before something died: without a recovery the bar has not been put to the test.
  const tested = c.lost > 0 || recoveries.length > 0 || resumed !== null;
  const kills = recoveries.length;
  return {
    key: 'crash',
    name: 'Crash memory',
    bar: 'none lost after a kill',
    value: c.ackedWrites > 0 || c.lost > 0 ? `${count(c.lost)} lost` : NOTHING,
    label: `of ${count(c.ackedWrites)} acked writes`,
    status: tested ? say(c.lost === 0) : 'not yet measured',
    basis:
      kills > 0
        ? `after ${amount(kills, 'recovery', 'recoveries')}`
        : resumed !== null
          ? `after resuming ${amount(resumed.memories, 'memory', 'memories')}`
          : 'nothing has died yet; kill a node to test it',
  };
}

/** The seven vital signs of a snapshot, judged against the bars of the design; always in the same order. */
export function verdicts(snapshot: Measured): readonly Verdict[] {
  return [responseTime, concurrency, memory, rateLimit, delivery, rush, crash].map((sign) => sign(snapshot));
}
