import { atLeast, atMost, median, type BenchRow, type BenchTarget } from '../../harness/bench.ts';
import { allocatedBy } from './allocation.ts';
import { messagesOf, SIZES, type Contender } from './contenders.ts';
import { localDelivery } from './local.ts';
import type { Alone, BusPlan, BusRun } from './plan.ts';
import { protocolAlone } from './protocol.ts';
import type { Resends } from './resends.ts';

/** What a part of the bench is given, and where it writes what it found. */
export interface Part {
  readonly repeats: number;
  readonly contenders: readonly Contender[];
  measure(plan: BusPlan): Promise<BusRun>;
  /**
   * Ns a message in a page just opened, of what needs no other worker; of the last where `others` of the kind ran in that
   * page before: engines make the code of an only one faster, and a worker has one node.
   */
  time(what: Alone, batch: number, others?: number): Promise<number>;
  log(line: string): void;
  readonly rows: BenchRow[];
  readonly targets: BenchTarget[];
  readonly resends: Resends;
}

/** Messages/s at one number of nodes and one size of message; the contenders take turns. */
export async function rates(part: Part, nodes: number, bytes: number): Promise<void> {
  const { repeats, contenders, log } = part;
  const size = SIZES.find((s) => s.nodes === nodes);
  if (!size) throw new RangeError(`--nodes: there is no plan for ${nodes} nodes`);
  const { fanOut, messages, bar } = size;
  const label = (name: string): string => `${name}, ${nodes} nodes, ${bytes} B`;
  const samples = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  // The first round of all warms up the browser.
  for (let repeat = part.rows.length === 0 ? -1 : 0; repeat < repeats; repeat++)
    for (const { name, kind, transport } of contenders) {
      const n = messagesOf(messages, bytes, kind);
      const run = await part.measure({ kind, transport, nodes, fanOut, messages: n, bytes, perS: 0 });
      const perS = Math.round(run.ackedPerS).toLocaleString('en');
      log(`${label(name)}, ${repeat < 0 ? 'warm-up' : `repeat ${repeat + 1} of ${repeats}`}: ${perS}/s`);
      if (repeat < 0) continue;
      samples.get(name)!.push(run.ackedPerS);
      part.resends.count(run, label(name));
    }
  for (const { name, against } of contenders)
    part.rows.push({
      name: label(name),
      unit: 'messages/s',
      samples: samples.get(name)!,
      ...(against !== undefined && samples.has(against) && { against: label(against) }),
    });
  const [bus, raw] = [samples.get('memory'), samples.get('raw')];
  if (bus && raw && bytes === 100)
    part.targets.push(atLeast(`memory / raw, ${nodes} nodes, ${bytes} B`, median(bus) / median(raw), bar));
}

const percentile = (sorted: readonly number[], p: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] ?? NaN;

/**
 * How long a message takes at 10,000 a second over 4 nodes, whatever comes back (open loop): over channels without a
 * protocol, and over the bus. They take turns.
 */
export async function latency(part: Part): Promise<void> {
  for (const transport of ['broadcast', 'ports'] as const) {
    const where = `at 10,000 messages/s over 4 nodes, ${transport}`;
    const rows = new Map<string, number[]>();
    const note = (name: string, ms: number): void =>
      void rows.set(`${name}, ${where}`, [...(rows.get(`${name}, ${where}`) ?? []), ms]);
    // The first round warms up the browser.
    for (let repeat = -1; repeat < part.repeats; repeat++)
      for (const kind of ['raw', 'memory'] as const) {
        // 2,500 a second from each of four nodes, for fifteen seconds.
        const run = await part.measure({
          ...{ kind, transport, nodes: 4, fanOut: 3, messages: 12_500, bytes: 100, perS: 2_500 },
        });
        if (repeat < 0) continue;
        part.resends.count(run, where);
        const [raw, oneWay99] = [kind === 'raw' ? 'raw, ' : '', percentile(run.oneWayMs, 0.99)];
        note(`${raw}one way, p50`, percentile(run.oneWayMs, 0.5));
        note(`${raw}one way, p99`, oneWay99);
        if (kind === 'raw') {
          part.log(`raw, ${where}: p99 ${oneWay99.toFixed(2)} ms`);
          continue;
        }
        const acked99 = percentile(run.ackedMs, 0.99);
        note('acked, p50', percentile(run.ackedMs, 0.5));
        note('acked, p99', acked99);
        part.log(`${where}: p99 ${oneWay99.toFixed(2)} ms, acked ${acked99.toFixed(2)} ms`);
      }
    for (const [name, samples] of rows)
      part.rows.push({
        name,
        unit: 'ms',
        samples,
        ...(rows.has(`raw, ${name}`) && { against: `raw, ${name}` }),
      });
    const found = (name: string): number => median(rows.get(`${name}, ${where}`)!);
    part.targets.push(atMost(`one way, p99 ${where}`, found('one way, p99'), 2));
    part.targets.push(atMost(`acked, p99 ${where}`, found('acked, p99'), 5));
  }
}

/** What the protocol itself costs for a message, from its sending to its acknowledgement, with nothing copied. */
export async function cost(part: Part): Promise<void> {
  for (const batch of [1, 16, 256])
    await alone(part, 'protocol', batch, `the protocol alone, both ends, ${batch} a batch`);
}

/** Messages whose addressee lives on the node of their sender: sent, handed on, dealt with. */
export async function local(part: Part): Promise<void> {
  const ns = await alone(part, 'local', 256, 'inside one node, level memory');
  part.targets.push(atLeast('millions of messages/s inside one node', 1_000 / ns, 20));
  const samples: number[] = [];
  for (let i = 0; i < part.repeats; i++) samples.push(await part.time('local', 256, 2));
  part.rows.push({ name: 'inside the third node of a thread, level memory', unit: 'ns/message', samples });
}

/** Times it in the page, as it is built for users, and weighs it here. Returns the median of its ns. */
async function alone(part: Part, what: Alone, batch: number, label: string): Promise<number> {
  const ns: number[] = [];
  for (let i = 0; i < part.repeats; i++) ns.push(await part.time(what, batch));
  const bytes = Array.from({ length: part.repeats }, () => {
    const send = (what === 'local' ? localDelivery : protocolAlone)(batch);
    send(Math.ceil(400_000 / batch));
    const batches = Math.ceil(4_096 / batch);
    return allocatedBy(() => send(batches)) / (batches * batch);
  });
  part.rows.push({ name: label, unit: 'ns/message', samples: ns });
  part.rows.push({ name: `${label}, allocated`, unit: 'bytes/message', samples: bytes });
  return median(ns);
}
