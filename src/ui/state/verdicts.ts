import type { GroveSnapshot } from '../../lab/grove.ts';
import type { World } from '../../lab/worldSwitch.ts';
import { amount, count, duration, percent } from './words.ts';

/** `as asked`: all that the scenario wants, which is less than the bar. */
export type Status = 'met' | 'not met' | 'not yet measured' | 'as asked' | 'stopped';

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

type Measured = Pick<
  GroveSnapshot,
  'phase' | 'vitalSigns' | 'recovered' | 'resumed' | 'progress' | 'questions'
> & { readonly world?: World };

const NOTHING = '–';
/** Above this share of failed questions the answers that came say too little of the response time. */
const FAILED_MAX = 0.01;
const say = (met: boolean): Status => (met ? 'met' : 'not met');

function responseTime({
  vitalSigns: { responseTime: t },
  questions: { answered, failed },
}: Measured): Verdict {
  const measured = t.samples > 0 || failed > 0;
  const good = t.samples > 0 && t.p99Ms < 2_000 && failed <= FAILED_MAX * (answered + failed);
  const answers =
    t.samples > 0
      ? `p50 ${duration(t.p50Ms)}, p95 ${duration(t.p95Ms)}, over ${amount(t.samples, 'question')}`
      : 'no answer yet';
  return {
    key: 'responseTime',
    name: 'Response time',
    bar: 'p99 under 2 s',
    value: t.samples > 0 ? duration(t.p99Ms) : NOTHING,
    label: 'p99, from the intended send time',
    status: measured ? say(good) : 'not yet measured',
    basis: measured ? `${answers}; ${count(failed)} failed` : 'waits for the first answer',
  };
}

function concurrency({ phase, vitalSigns: { concurrency: c }, progress, world }: Measured): Verdict {
  const stopped = phase === 'stopped';
  const settled = phase === 'running' || phase === 'paused';
  const asked = progress.agentsWanted;
  const status: Status = stopped
    ? 'stopped'
    : c.agents >= 100
      ? 'met'
      : !settled
        ? 'not yet measured'
        : asked > 0 && c.agents >= asked
          ? 'as asked'
          : 'not met';
  return {
    key: 'concurrency',
    name: 'Concurrent agents',
    bar: '100; next 1,000 and up',
    value: stopped ? '0' : count(c.agents),
    label: stopped ? 'agents up' : `agents up in ${amount(c.nodes, world === 'virtual' ? 'node' : 'worker')}`,
    status,
    basis: stopped
      ? 'start the grove, and they come back'
      : c.agents >= 1_000
        ? 'both bars are met'
        : c.agents >= 100
          ? 'the first bar is met'
          : `${count(c.agents)} of ${count(asked)} up${asked < 100 && settled ? '; the first bar is 100' : ''}`,
  };
}

function memory({ vitalSigns: { memory: m, selfTest: s } }: Measured): Verdict {
  const measured = m.queries > 0;
  const over = m.interval
    ? `95 % between ${percent(m.interval[0])} and ${percent(m.interval[1])}, over ${amount(m.queries, 'question')}`
    : `over ${amount(m.queries, 'judged answer')}`;
  const beside = s && s.queries > 0 ? `; ${s.metric}, ${s.dataset}: ${percent(s.value)}` : '';
  return {
    key: 'memory',
    name: 'Memory accuracy',
    bar: 'over 90 %',
    value: measured ? percent(m.value) : NOTHING,
    label: measured ? `${m.metric}, ${m.dataset}` : 'answers that found their source',
    status: measured ? say(m.value > 0.9) : 'not yet measured',
    basis: measured ? over + beside : 'waits for the first judged answer',
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
  const wrong = d.lost + d.duplicated + d.misordered + d.corrupted;
  const measured = d.sent > 0;
  const balanced = wrong === 0 && accounted === d.sent;
  return {
    key: 'delivery',
    name: 'Message delivery',
    bar: '100 %, once and in order',
    value: measured ? percent(balanced ? 1 : Math.min(accounted / d.sent, 1)) : NOTHING,
    label: 'accounted for by the ledger',
    status: measured ? say(balanced && d.overdue === 0) : 'not yet measured',
    basis: !measured
      ? 'waits for the first message'
      : wrong > 0
        ? `${count(d.lost)} lost, ${count(d.duplicated)} twice, ${count(d.misordered)} out of order, ${count(d.corrupted)} changed of ${count(d.sent)}`
        : accounted !== d.sent
          ? `${count(Math.abs(d.sent - accounted))} of ${count(d.sent)} ${accounted < d.sent ? 'unaccounted for' : 'counted too often'}`
          : `${count(d.sent)} sent, ${count(d.inFlight)} in flight, ${count(d.overdue)} overdue, ${amount(d.deadLettered, 'dead letter')}`,
  };
}

/** A time of rush memory. The browser's clock steps by 0.1 ms: a 0 says only that it was less than a step. */
const access = (ms: number): string => (ms < 0.05 ? 'under 0.1 ms' : duration(ms));

function rush({ vitalSigns: { rush: r }, world }: Measured): Verdict {
  const measured = r.samples > 0;
  return {
    key: 'rush',
    name: 'Rush memory',
    bar: 'p99.9 under 100 ms, aim 1 ms',
    value: measured ? access(r.p999Ms) : NOTHING,
    label: 'p99.9 of one access, in the worker',
    status: measured ? say(r.p999Ms < 100) : 'not yet measured',
    basis: measured
      ? `p50 ${access(r.p50Ms)}, over ${amount(r.samples, 'access', 'accesses')}${r.p999Ms < 1 ? '; aim met' : ''}`
      : world === 'virtual'
        ? 'computing takes no simulated time; the live world measures it'
        : 'waits for the first recall',
  };
}

function crash({ vitalSigns: { crash: c }, recovered, resumed }: Measured): Verdict {
  // Nothing can be lost before something died: without a recovery the bar has not been put to the test.
  const tested = c.lost > 0 || recovered > 0 || resumed !== null;
  return {
    key: 'crash',
    name: 'Crash memory',
    bar: 'none lost after a kill',
    value: c.ackedWrites > 0 || c.lost > 0 ? `${count(c.lost)} lost` : NOTHING,
    label: `of ${count(c.ackedWrites)} acked writes`,
    status: tested ? say(c.lost === 0) : 'not yet measured',
    basis:
      recovered > 0
        ? `after ${amount(recovered, 'recovery', 'recoveries')}`
        : resumed !== null
          ? `after resuming ${amount(resumed.memories, 'memory', 'memories')}`
          : 'nothing has died yet; kill a node to test it',
  };
}

/** The seven vital signs of a snapshot, judged against the bars of the design; always in the same order. */
export function verdicts(snapshot: Measured): readonly Verdict[] {
  return [responseTime, concurrency, memory, rateLimit, delivery, rush, crash].map((sign) => sign(snapshot));
}
