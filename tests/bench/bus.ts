import type { BenchContext, BenchResult } from '../harness/bench.ts';
import { CONTENDERS, SIZES } from './bus/contenders.ts';
import { cost, latency, local, rates, type Part } from './bus/parts.ts';
import type { BusPlan, BusRun } from './bus/plan.ts';
import { Resends } from './bus/resends.ts';

const PARTS = ['cost', 'local', 'latency', 'rates'] as const;

/** Those of `all` that an argument names, by commas; all of them without one. */
function only<T extends string | number>(
  key: string,
  wanted: string | undefined,
  all: readonly T[],
): readonly T[] {
  if (wanted === undefined) return all;
  const names = wanted.split(',');
  const unknown = names.find((name) => !all.some((one) => String(one) === name));
  if (unknown !== undefined) throw new RangeError(`--${key}: there is no ${unknown}, only ${all.join(', ')}`);
  return all.filter((one) => names.includes(String(one)));
}

/**
 * What the protocol and local delivery cost; how long a message takes at 10,000 a second over 4 nodes; messages a second
 * from the first send to the last arrival (no protocol) or acknowledgement (the bus), all nodes sending at once.
 * Arguments: `--parts cost,local,latency,rates --nodes 2,4 --bytes 100 --kinds raw,memory --repeats 5`.
 */
export async function run({ args, page, log }: BenchContext): Promise<BenchResult> {
  const parts = only('parts', args['parts'], PARTS);
  const nodes = only(
    'nodes',
    args['nodes'],
    SIZES.map((size) => size.nodes),
  );
  const bytes = only('bytes', args['bytes'], [100, 1_000, 10_000]);
  const kinds = only(
    'kinds',
    args['kinds'],
    CONTENDERS.map(({ name }) => name),
  );
  const resends = new Resends(log);
  const began = performance.now();
  let tab: Awaited<ReturnType<typeof page>> | null = null;
  const part: Part = {
    repeats: Number(args['repeats'] ?? 3),
    contenders: CONTENDERS.filter(({ name }) => kinds.includes(name)),
    async measure(plan: BusPlan): Promise<BusRun> {
      tab ??= await page('index.html');
      return tab.evaluate((p) => window.runBus(p), plan);
    },
    async time(what, batch, others = 0) {
      if (tab) await tab.reload({ waitUntil: 'load' });
      else tab = await page('index.html');
      let ns = NaN;
      for (let i = 0; i <= others; i++)
        ns = await tab.evaluate((of) => window.timeAlone(of.what, of.batch), { what, batch });
      return ns;
    },
    log: (line) => log(`${((performance.now() - began) / 1_000).toFixed(0).padStart(4)} s  ${line}`),
    rows: [],
    targets: [],
    resends,
  };
  if (parts.includes('cost')) await cost(part);
  if (parts.includes('local')) await local(part);
  if (parts.includes('latency')) await latency(part);
  if (parts.includes('rates')) for (const size of bytes) for (const n of nodes) await rates(part, n, size);
  const live = parts.includes('latency') || parts.includes('rates');
  return {
    title: 'The bus beside what carries it',
    notes: [
      'raw posts each batch as an array of messages, as one does without a bus; by columns: as the bus packs them, without its protocol.',
      'raw and broadcast-channel: arrivals, without a protocol; memory, durable: acknowledged messages; all in the same batches.',
    ],
    rows: part.rows,
    targets: [...part.targets, ...(live ? resends.targets : [])],
  };
}
