import {
  atLeast,
  atMost,
  median,
  type BenchContext,
  type BenchResult,
  type BenchRow,
} from '../harness/bench.ts';
import type { BenchTarget } from '../harness/bench.ts';
import { protocolCost } from './bus/allocation.ts';
import type { BusPlan, BusRun } from './bus/plan.ts';

interface Contender {
  readonly name: string;
  readonly kind: BusPlan['kind'];
  readonly transport: BusPlan['transport'];
  /** What it is measured against. */
  readonly against?: string;
}

const CONTENDERS: readonly Contender[] = [
  { name: 'raw', kind: 'raw', transport: 'broadcast' },
  { name: 'broadcast-channel', kind: 'package', transport: 'broadcast', against: 'raw' },
  { name: 'memory', kind: 'memory', transport: 'broadcast', against: 'raw' },
  { name: 'durable', kind: 'durable', transport: 'broadcast', against: 'raw' },
  { name: 'raw ports', kind: 'raw', transport: 'ports', against: 'raw' },
  { name: 'memory ports', kind: 'memory', transport: 'ports', against: 'raw ports' },
];

const SIZES = [
  { nodes: 2, fanOut: 1, messages: 300_000, bar: 0.9 },
  { nodes: 4, fanOut: 3, messages: 50_000, bar: 0.9 },
  { nodes: 8, fanOut: 7, messages: 12_000, bar: 0.9 },
  { nodes: 100, fanOut: 4, messages: 300, bar: 0.75 },
];

const only = (wanted: string | undefined, values: readonly number[]): readonly number[] =>
  wanted === undefined ? values : values.filter((v) => wanted.split(',').includes(String(v)));
const percentile = (sorted: readonly number[], p: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] ?? NaN;

/** Fewer of what is large, and of what a disk has to take. */
const messagesOf = (messages: number, bytes: number, kind: BusPlan['kind']): number =>
  Math.max(
    20,
    Math.round(messages / (bytes > 5_000 ? 30 : bytes > 500 ? 4 : 1) / (kind === 'durable' ? 10 : 1)),
  );

/**
 * Messages a second, from the first send to the last arrival (no protocol) or acknowledgement (the bus), all nodes sending
 * at once; then how long a message takes at 10,000 a second over 4 nodes. Arguments: `--nodes 2,4 --bytes 100 --repeats 5`.
 */
export async function run({ args, page, log }: BenchContext): Promise<BenchResult> {
  const repeats = Number(args['repeats'] ?? 3);
  const tab = await page('index.html');
  const measure = (plan: BusPlan): Promise<BusRun> => tab.evaluate((p) => window.runBus(p), plan);
  const rows: BenchRow[] = [];
  const targets: BenchTarget[] = [];
  const again = { resends: 0, resentMessages: 0 };
  const count = (run: BusRun, what: string): void => {
    again.resends += run.resends;
    again.resentMessages += run.resentMessages;
    if (run.resentMessages > 0)
      log(`${what}: ${run.resends} timers ran out, ${run.resentMessages} messages went again`);
  };

  for (const bytes of only(args['bytes'], [100, 1_000, 10_000]))
    for (const nodes of only(args['nodes'], [2, 4, 8, 100])) {
      const { fanOut, messages, bar } = SIZES.find((size) => size.nodes === nodes)!;
      const label = (name: string): string => `${name}, ${nodes} nodes, ${bytes} B`;
      const samples = new Map<string, number[]>(CONTENDERS.map(({ name }) => [name, []]));
      // The contenders take turns. The first round of all warms up the browser.
      for (let repeat = rows.length === 0 ? -1 : 0; repeat < repeats; repeat++)
        for (const { name, kind, transport } of CONTENDERS) {
          const n = messagesOf(messages, bytes, kind);
          const run = await measure({ kind, transport, nodes, fanOut, messages: n, bytes, perS: 0 });
          if (repeat < 0) continue;
          samples.get(name)!.push(run.ackedPerS);
          count(run, label(name));
        }
      for (const { name, against } of CONTENDERS)
        rows.push({
          name: label(name),
          unit: 'messages/s',
          samples: samples.get(name)!,
          ...(against !== undefined && { against: label(against) }),
        });
      const ratio = median(samples.get('memory')!) / median(samples.get('raw')!);
      log(`${nodes} nodes, ${bytes} B: memory / raw ${ratio.toFixed(2)}`);
      if (bytes === 100) targets.push(atLeast(`memory / raw, ${nodes} nodes, ${bytes} B`, ratio, bar));
    }

  if (args['nodes'] === undefined)
    for (const transport of ['broadcast', 'ports'] as const) {
      const label = `at 10,000 messages/s over 4 nodes, ${transport}`;
      const p99 = { oneWay: [] as number[], acked: [] as number[] };
      for (let repeat = 0; repeat < repeats; repeat++) {
        // 2,500 a second from each of four nodes, for five seconds.
        const run = await measure({
          ...{ kind: 'memory', transport, nodes: 4, fanOut: 3, messages: 4_166, bytes: 100, perS: 2_500 },
        });
        p99.oneWay.push(percentile(run.oneWayMs, 0.99));
        p99.acked.push(percentile(run.ackedMs, 0.99));
        count(run, label);
      }
      rows.push({ name: `one way, p99, ${label}`, unit: 'ms', samples: p99.oneWay });
      rows.push({ name: `acked, p99, ${label}`, unit: 'ms', samples: p99.acked });
      targets.push(atMost(`one way, p99 ${label}`, median(p99.oneWay), 2));
      targets.push(atMost(`acked, p99 ${label}`, median(p99.acked), 5));
    }
  for (const batch of [1, 256]) {
    const costs = Array.from({ length: repeats }, () => protocolCost(batch));
    const label = `the protocol alone, both ends, ${batch} a batch`;
    rows.push({ name: label, unit: 'ns/message', samples: costs.map(({ ns }) => ns) });
    rows.push({
      name: `${label}, allocated`,
      unit: 'bytes/message',
      samples: costs.map(({ bytes }) => bytes),
    });
  }
  targets.push(atMost('needless resends: timers that ran out', again.resends, 0));
  targets.push(atMost('needless resends: messages', again.resentMessages, 0));
  return {
    title: 'The bus beside what carries it',
    notes: [
      'raw and broadcast-channel: arrivals, without a protocol; memory, durable: acknowledged messages; all in the same batches.',
    ],
    rows,
    targets,
  };
}
