import * as hdr from 'hdr-histogram-js';
import { createRng } from '../../src/kernel/rng.ts';
import { Histogram } from '../../src/metrics/histogram.ts';
import { atMost, median, type BenchContext, type BenchResult } from '../harness/bench.ts';

const values = 1 << 16;
const rounds = 40;

// Each loop is written out: one loop that takes the recorder as a function would measure that call.

function recordOurs(data: Float64Array): number {
  const histogram = new Histogram(0.001);
  for (let round = 0; round < rounds; round++) for (const value of data) histogram.record(value);
  return histogram.quantile(0.99);
}

function recordTheirs(data: Float64Array): number {
  const histogram = hdr.build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 2 ** 32,
    numberOfSignificantValueDigits: 2,
  });
  for (let round = 0; round < rounds; round++) for (const value of data) histogram.recordValue(value);
  return histogram.getValueAtPercentile(99) / 1000;
}

function recordNothing(data: Float64Array): number {
  let sum = 0;
  for (let round = 0; round < rounds; round++) for (const value of data) sum += value;
  return sum;
}

/** What one record costs, beside hdr-histogram-js of two significant digits, on log-normal response times. */
export async function run({ args }: BenchContext): Promise<BenchResult> {
  const repeats = Number(args['repeats'] ?? 15);
  const rng = createRng('bench/histogram');
  const ms = Float64Array.from({ length: values }, () => rng.logNormal(4, 1.5));
  const us = ms.map((v) => Math.round(v * 1000));
  const subjects = [
    { name: 'Histogram', data: ms, record: recordOurs, samples: [] as number[], result: 0 },
    { name: 'hdr-histogram-js', data: us, record: recordTheirs, samples: [] as number[], result: 0 },
    { name: 'empty loop', data: ms, record: recordNothing, samples: [] as number[], result: 0 },
  ];
  for (let repeat = -3; repeat < repeats; repeat++)
    for (const subject of subjects) {
      const begin = performance.now();
      subject.result = subject.record(subject.data);
      const ns = ((performance.now() - begin) * 1e6) / (rounds * values);
      // The first rounds warm the compiler up.
      if (repeat >= 0) subject.samples.push(ns);
    }
  const [ours, theirs] = subjects;
  return {
    title: 'Histogram: cost of one record',
    notes: [
      `The 99th percentile of the same data: ${ours!.result.toFixed(1)} ms, by hdr-histogram-js ${theirs!.result.toFixed(1)} ms.`,
    ],
    rows: subjects.map(({ name, samples }) => ({
      name,
      unit: 'ns',
      samples,
      ...(name === 'Histogram' ? { against: 'hdr-histogram-js' } : {}),
    })),
    targets: [
      atMost(
        'a record costs no more than in hdr-histogram-js (ratio)',
        median(ours!.samples) / median(theirs!.samples),
        1,
      ),
    ],
  };
}
