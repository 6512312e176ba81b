import { existsSync, readFileSync } from 'node:fs';
import { LRUCache } from 'lru-cache';
import { AutoPolicy } from '../../src/provider/cache/auto.ts';
import {
  POLICY_NAMES,
  type EvictionPolicy,
  type PolicyName,
} from '../../src/provider/cache/evictionPolicy.ts';
import { createPolicy } from '../../src/provider/cache/policies.ts';
import {
  atLeast,
  atMost,
  type BenchContext,
  type BenchResult,
  type BenchRow,
  type BenchTarget,
} from '../harness/bench.ts';
import { beladyHits } from '../harness/cacheModels.ts';
import { BLOCK_TRACES, cacheTrace, NO_TRACES, PREFIX_TRACE, replayTrace } from '../harness/cacheTraces.ts';

/** Sizes of each trace: these shares of its different keys, and those for which there is something to meet. */
const SHARES = [0.1, 0.2, 0.4];
/** Hit rates in percent that the best single policy of an earlier study had. */
const TO_MEET: readonly (readonly [trace: string, size: number, hits: number])[] = [
  ['gli', 500, 33.6],
  ['gli', 1_000, 50.7],
  ['multi3', 1_000, 52.3],
  ['sprite', 1_000, 90.6],
  ['ps', 500, 56.8],
  ['2_pools', 450, 51.7],
];

/** Misses that libCacheSim's own tests state for cloudPhysicsIO, objects as heavy as their bytes, at 1/8 to 8/8 GiB. */
const PUBLISHED: Partial<Record<PolicyName, readonly number[]>> = {
  fifo: [93_403, 89_386, 84_387, 84_025, 72_498, 72_228, 72_182, 72_140],
  lru: [93_374, 89_783, 83_572, 81_722, 72_494, 72_104, 71_972, 71_704],
  sieve: [91_699, 86_720, 78_578, 76_707, 69_945, 66_221, 64_445, 64_376],
  's3-fifo': [90_117, 80_915, 75_060, 72_191, 69_815, 65_542, 60_799, 56_045],
};
const STEP_BYTES = 128 * 2 ** 20;

/** Requests of an `oracleGeneral` file: 24 bytes each, little endian: time, object (64 bits), size, next access. */
function oracleGeneral(file: string): { readonly keys: number[]; readonly sizes: number[] } {
  const bytes = readFileSync(file);
  const keys: number[] = [];
  const sizes: number[] = [];
  for (let at = 0; at + 24 <= bytes.length; at += 24) {
    keys.push(Number(bytes.readBigUInt64LE(at + 4)));
    sizes.push(bytes.readUInt32LE(at + 12));
  }
  return { keys, sizes };
}

/** Holds the policies against the published miss counts, which need the trace that they were counted on. */
function againstPublished(file: string): BenchTarget[] {
  const { keys, sizes } = oracleGeneral(file);
  return Object.entries(PUBLISHED).flatMap(([name, counts]) =>
    counts.map((published, i): BenchTarget => {
      const policy = createPolicy(name as PolicyName, STEP_BYTES * (i + 1));
      const misses = keys.length - replayTrace(policy, keys, (_key, at) => sizes[at]!);
      return {
        name: `${name} at ${(i + 1) / 8} GiB: misses as libCacheSim published them`,
        value: misses,
        bar: published,
        pass: misses === published,
      };
    }),
  );
}

function lruCacheHits(trace: readonly number[], max: number): number {
  const cache = new LRUCache<number, true>({ max });
  let hits = 0;
  for (const key of trace)
    if (cache.get(key)) hits++;
    else cache.set(key, true);
  return hits;
}

/** Time of one use in ns, of the policy alone, keys as numbers. */
function nsPerUse(create: () => EvictionPolicy, trace: readonly number[]): number {
  const begin = performance.now();
  replayTrace(create(), trace);
  return ((performance.now() - begin) * 1e6) / trace.length;
}

/** Hit rates of every policy on public traces, beside Belady's rule and the package lru-cache. */
export async function run({ args, log }: BenchContext): Promise<BenchResult> {
  const published = args['published'];
  if (published !== undefined && !existsSync(published)) throw new Error(`There is no file ${published}.`);
  const targets: BenchTarget[] = published === undefined ? [] : againstPublished(published);
  const rows: BenchRow[] = [];
  const names = [...BLOCK_TRACES, PREFIX_TRACE].filter((name) => cacheTrace(name) !== null);
  if (names.length === 0 && published === undefined) throw new Error(NO_TRACES);
  const policies: readonly (readonly [string, (size: number) => EvictionPolicy])[] = [
    ...POLICY_NAMES.map((name) => [name, (size: number) => createPolicy(name, size)] as const),
    ['auto', (size) => new AutoPolicy(size)],
  ];
  const shares = new Map<string, number[]>(
    [...policies.map(([name]) => name), 'lru-cache', 'best single'].map((name) => [name, []]),
  );
  let worstRegret = 0;
  for (const name of names) {
    const trace = cacheTrace(name)!;
    const distinct = new Set(trace).size;
    const wanted = TO_MEET.filter(([of]) => of === name);
    const sizes = new Set([
      ...SHARES.map((s) => Math.round(s * distinct)),
      ...wanted.map(([, size]) => size),
    ]);
    for (const size of [...sizes].sort((a, b) => a - b)) {
      const optimum = beladyHits(trace, size);
      const percent = (hits: number): number => Math.round((1_000 * hits) / trace.length) / 10;
      const hits = new Map(policies.map(([policy, create]) => [policy, replayTrace(create(size), trace)]));
      const single = Math.max(...POLICY_NAMES.map((policy) => hits.get(policy)!));
      const theirs = lruCacheHits(trace, size);
      const regret = (100 * (single - hits.get('auto')!)) / trace.length;
      worstRegret = Math.max(worstRegret, regret);
      for (const [policy, n] of [...hits, ['lru-cache', theirs], ['best single', single]] as const)
        shares.get(policy)!.push(n / optimum);
      log(
        `${name} ${size}: optimum ${percent(optimum)} %, ` +
          [...hits].map(([policy, n]) => `${policy} ${percent(n)}`).join(', ') +
          `, lru-cache ${percent(theirs)}`,
      );
      if (hits.get('lru') !== theirs)
        targets.push({
          name: `${name} ${size}: LRU as lru-cache`,
          value: hits.get('lru')!,
          bar: theirs,
          pass: false,
        });
      targets.push(atMost(`auto on ${name} at ${size}: points below the best single policy`, regret, 2));
      for (const [, at, bar] of wanted)
        if (at === size)
          targets.push(atLeast(`best single policy on ${name} at ${size}: hits in %`, percent(single), bar));
    }
  }
  const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;
  if (names.length > 0) {
    for (const [name, values] of shares)
      rows.push({
        name: `${name}: share of the optimum (over traces and sizes)`,
        unit: 'of 1',
        samples: values,
      });
    targets.push(atLeast('auto: mean share of the optimum', mean(shares.get('auto')!), 0.9));
    const trace = cacheTrace(names.includes('sprite') ? 'sprite' : names[0]!)!;
    for (const [name, create] of policies)
      rows.push({
        name: `${name}: time of a use`,
        unit: 'ns',
        samples: Array.from({ length: 5 }, () => nsPerUse(() => create(1_000), trace)),
      });
    rows.push({
      name: 'lru-cache: time of a use',
      unit: 'ns',
      samples: Array.from({ length: 5 }, () => {
        const begin = performance.now();
        lruCacheHits(trace, 1_000);
        return ((performance.now() - begin) * 1e6) / trace.length;
      }),
    });
  }
  return {
    title: 'Cache policies: hits on public traces',
    notes: [
      names.length === 0
        ? NO_TRACES
        : `Auto is at most ${worstRegret.toFixed(2)} points below the best single policy; mean share of the optimum: ` +
          [...shares].map(([name, values]) => `${name} ${mean(values).toFixed(3)}`).join(', ') +
          '.',
      ...(published === undefined
        ? [
            'With --published FILE (cloudPhysicsIO.oracleGeneral.bin of libCacheSim) the miss counts of its tests are held against ours, exactly.',
          ]
        : []),
    ],
    rows,
    targets,
  };
}
