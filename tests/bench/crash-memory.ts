import {
  atLeast,
  atMost,
  median,
  type BenchContext,
  type BenchResult,
  type BenchRow,
} from '../harness/bench.ts';
import type { CrashBench } from './crash-memory/main.ts';
import type { OtherTask } from './crash-memory/others.worker.ts';

const BYTES = 1_000;

const PARTS = ['many', 'single', 'recovery', 'others'] as const;
type Part = (typeof PARTS)[number];

/**
 * Acked records of 1 kB a second, single writes and recovery of crash memory, mirror and checksums included, beside
 * plain IndexedDB puts, Dexie and idb-keyval in the same browser. `--parts` takes some of PARTS, with commas between;
 * `--profile memory` leaves the disk out.
 */
export async function run({ args, page, log }: BenchContext): Promise<BenchResult> {
  const repeats = Number(args['repeats'] ?? 5);
  const records = Number(args['records'] ?? 160_000);
  const parts = (args['parts'] ?? PARTS.join(',')).split(',');
  const strange = parts.find((part) => !PARTS.includes(part as Part));
  if (strange !== undefined) throw new Error(`There is no part ${strange}; there are ${PARTS.join(', ')}.`);
  const has = (part: Part): boolean => parts.includes(part);
  const profile = args['profile'] === 'memory' ? 'memory' : 'disk';
  const tab = await page('index.html', profile);
  const call = <K extends keyof CrashBench>(
    name: K,
    ...given: Parameters<CrashBench[K]>
  ): Promise<Awaited<ReturnType<CrashBench[K]>>> =>
    tab.evaluate(
      ([n, a]) => (window.bench[n as K] as (...b: unknown[]) => unknown)(...(a as unknown[])) as never,
      [name, given] as const,
    );
  const samples = new Map<string, { unit: string; all: number[] }>();
  const note = (name: string, unit: string, value: number): void => {
    const row = samples.get(name) ?? { unit, all: [] };
    row.all.push(value);
    samples.set(name, row);
  };
  const others: OtherTask[] = [
    { kind: 'raw puts', records: 10_000, bytes: BYTES, bulk: 1, window: 64 },
    { kind: 'raw puts', records: 20_000, bytes: BYTES, bulk: 100, window: 4 },
    // What crash memory does with them, without checksum, mirror and index, from one worker that has them all: the ceiling.
    { kind: 'packed puts', records: 80_000, bytes: BYTES, bulk: 1_000, window: 1 },
    { kind: 'packed puts', records: 80_000, bytes: BYTES, bulk: 1_000, window: 2 },
    { kind: 'dexie', records: 5_000, bytes: BYTES, bulk: 1, window: 64 },
    { kind: 'dexie bulk', records: 20_000, bytes: BYTES, bulk: 100, window: 4 },
    { kind: 'idb-keyval', records: 5_000, bytes: BYTES, bulk: 1, window: 64 },
    { kind: 'idb-keyval many', records: 20_000, bytes: BYTES, bulk: 100, window: 4 },
  ];
  const named = (t: OtherTask): string =>
    t.kind === 'packed puts'
      ? `raw, ${t.bulk} packed in a value, ${t.window} under way`
      : `${t.kind.split(' ')[0]}, ${t.bulk} a transaction`;
  let mirror: string | null = null;
  // The first round warms up the browser.
  for (let repeat = -1; repeat < repeats; repeat++) {
    const keep = (name: string, unit: string, value: number): void => {
      if (repeat >= 0) note(name, unit, value);
    };
    if (has('many'))
      for (const durability of ['strict', 'relaxed'] as const) {
        const many = { durability, nodes: 8, records, bytes: BYTES, window: 256 };
        const run = await call('write', many);
        mirror ??= run.mirror;
        keep(`crash memory, ${durability}, 8 nodes`, 'records/s', run.ackedPerS);
        keep(`records a commit, ${durability}`, 'records', records / run.commits);
        await call('drop');
      }
    if (has('single')) {
      const single = { durability: 'strict', nodes: 1, records: 300, bytes: BYTES, window: 1 } as const;
      const { ms } = await call('write', single);
      keep('a single write, p50', 'ms', ms[ms.length >> 1]!);
      keep('a single write, p99', 'ms', ms[Math.floor(0.99 * ms.length)]!);
      await call('drop');
    }
    if (has('recovery'))
      for (const count of [10_000, 100_000]) {
        await call('write', { durability: 'strict', nodes: 8, records: count, bytes: BYTES, window: 256 });
        const back = await call('recover', 8);
        if (back.records !== count) throw new Error(`${back.records} of ${count} records came back`);
        keep(`recovery of ${count} records`, 'ms', back.ms);
        keep(`of which the opening, ${count} records`, 'ms', back.openMs);
        await call('drop');
      }
    for (const task of has('others') ? others : []) {
      const other = await call('other', task);
      if (other.read !== task.records) throw new Error(`${task.kind} gave back ${other.read}`);
      keep(named(task), 'records/s', (1_000 * task.records) / other.writeMs);
      keep(`reading 10,000 records, ${named(task)}`, 'ms', (other.readMs * 10_000) / task.records);
    }
    log(`round ${repeat + 1} of ${repeats}`);
  }
  const mid = (name: string): number => median(samples.get(name)!.all);
  const first = 'crash memory, strict, 8 nodes';
  const rows = [...samples].map(([name, { unit, all }]): BenchRow => ({
    name,
    unit,
    samples: all,
    ...(unit === 'records/s' && name !== first && samples.has(first) && { against: first }),
  }));
  return {
    title: `Crash memory: records of ${BYTES} B, one record an append, acked when database and mirror have them`,
    notes: [
      `Profile: ${profile === 'disk' ? 'files on the disk, so that a flush is one' : 'in memory, so that no flush reaches a disk'}.`,
      `Mirror: ${mirror ?? 'on, flushed before every strict ack'}. The others keep one copy and no checksum; all of them strict, from one worker.`,
      'Recovery: from the call that opens crash memory until eight nodes have all texts as strings, every checksum checked.',
    ],
    rows,
    targets: [
      has('many') && atLeast('acked records/s, strict, 8 nodes', mid(first), 80_000),
      has('single') && atMost('a single strict write, p99, ms', mid('a single write, p99'), 10),
      has('recovery') && atMost('10,000 memories recovered, ms', mid('recovery of 10000 records'), 150),
      has('recovery') && atMost('100,000 memories recovered, ms', mid('recovery of 100000 records'), 1_000),
    ].filter((target) => target !== false),
  };
}
