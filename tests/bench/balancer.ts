import { atMost, median, type BenchContext, type BenchResult } from '../harness/bench.ts';
import { balancer, leastInFlight, oracle, random, roundRobin, twoChoices } from '../harness/choosers.ts';
import { runFarm } from '../harness/serverFarm.ts';

const LOADS = [0.6, 0.8, 0.95];
const SERVERS = 30;
/** Fastest over slowest, at most. */
const SPREAD = 10;
const CHOOSERS = {
  oracle,
  'EWMA x (in flight + 1)': balancer,
  'least in flight': leastInFlight,
  'two choices': twoChoices,
  'round robin': roundRobin,
  random,
} as const;
const OURS = 'EWMA x (in flight + 1)';

/** How close the balancer comes to one that knows every speed and every queue. `--requests` and `--repeats` change the size. */
export function run({ args, log }: BenchContext): Promise<BenchResult> {
  const requests = Number(args['requests'] ?? 100_000);
  const repeats = Number(args['repeats'] ?? 5);
  const result = {
    rows: [] as BenchResult['rows'][number][],
    targets: [] as BenchResult['targets'][number][],
  };
  for (const slots of [1, 4])
    for (const load of LOADS) {
      const where = `load ${load}, ${slots === 1 ? 'one' : slots} at a time`;
      log(where);
      const p99 = new Map<string, number[]>();
      for (const [name, chooser] of Object.entries(CHOOSERS))
        p99.set(
          name,
          Array.from(
            { length: repeats },
            (_, i) =>
              runFarm({ seed: `farm/${i}`, servers: SERVERS, load, requests, slots, spread: SPREAD }, chooser)
                .p99Ms,
          ),
        );
      for (const [name, samples] of p99)
        result.rows.push({
          name: `${where}: p99, ${name}`,
          unit: 'ms',
          samples,
          ...(name === 'oracle' ? {} : { against: `${where}: p99, oracle` }),
        });
      const ratios = p99.get(OURS)!.map((ms, i) => ms / p99.get('oracle')![i]!);
      // Where a server works on several at once, latency does not grow with what is under way until its places are taken.
      if (slots === 1)
        result.targets.push(atMost(`${where}: p99 / p99 of the oracle, same requests`, median(ratios), 1.1));
    }
  return Promise.resolve({
    title: `Balancer: ${SERVERS} servers, the fastest up to ${SPREAD} times as fast as the slowest`,
    notes: [
      `${requests} requests of log-normal demand (mean 150 ms at mean speed), Poisson arrivals; every chooser meets the same ones, the first tenth is left out.`,
      'The oracle knows the speed of each server and when its queue will be done, and takes the one where a mean request would end first; the others see their own requests and latencies.',
    ],
    ...result,
  });
}
