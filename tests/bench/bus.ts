import { median, type BenchContext, type BenchResult, type BenchRow } from '../harness/bench.ts';
import type { BusPlan, BusRun } from './bus/main.ts';

/**
 * Acked messages a second of the bus (level `memory`) against the raw transport: the same BroadcastChannels, the same
 * batches, no protocol. All nodes send at once; each figure is over all nodes, from the first send to the last ack.
 */
export async function run({ args, page, log }: BenchContext): Promise<BenchResult> {
  const repeats = Number(args['repeats'] ?? 5);
  const bytes = Number(args['bytes'] ?? 100);
  const tab = await page('index.html');
  const measure = (plan: BusPlan): Promise<BusRun> => tab.evaluate((p) => window.runBus(p), plan);
  const sizes = [
    { nodes: 2, fanOut: 1, messages: 300_000 },
    { nodes: 4, fanOut: 3, messages: 50_000 },
    { nodes: 8, fanOut: 7, messages: 12_000 },
    { nodes: 100, fanOut: 4, messages: 300 },
  ].filter((size) => args['nodes'] === undefined || size.nodes === Number(args['nodes']));
  const rows: BenchRow[] = [];
  let resends = 0;
  for (const size of sizes) {
    const raw: number[] = [];
    const acked: number[] = [];
    for (let repeat = -1; repeat < repeats; repeat++) {
      const without = await measure({ kind: 'raw', bytes, ...size });
      const withBus = await measure({ kind: 'bus', bytes, ...size });
      // The first round warms up the browser.
      if (repeat < 0) continue;
      raw.push(without.receivedPerS);
      acked.push(withBus.ackedPerS);
      resends += withBus.resends;
    }
    rows.push({ name: `raw, ${size.nodes} nodes`, unit: 'messages/s', samples: raw });
    rows.push({
      name: `bus, ${size.nodes} nodes`,
      unit: 'acked messages/s',
      samples: acked,
      against: `raw, ${size.nodes} nodes`,
    });
    log(`${size.nodes} nodes: acked / raw ${(median(acked) / median(raw)).toFixed(2)}`);
  }
  return {
    title: `Bus over BroadcastChannel, bodies of ${bytes} B`,
    notes: [
      `Resend timers that ran out: ${resends}. No bar is stated for these ratios yet; they are reported.`,
    ],
    rows,
    targets: [{ name: 'needless resends', value: resends, bar: 0, pass: resends === 0 }],
  };
}
