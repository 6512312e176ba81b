import { createRng } from '../../src/kernel/rng.ts';
import { drawOutputTokens, drawPromptTokens, profileOf, type Profile } from '../../src/provider/profile.ts';
import { readAzureTrace } from '../harness/azureTrace.ts';
import { atMost, type BenchContext, type BenchResult } from '../harness/bench.ts';
import { fitLogNormals } from '../harness/logNormalFit.ts';

const DRAWS = 100_000;
const QUANTILES = [0.1, 0.5, 0.9, 0.99];
const TITLE = 'Lengths of prompts and answers: the profiles beside a fresh fit to the Azure trace';

/** Fits mixtures of log-normals to the Azure trace anew and shows them beside those that the profiles carry. */
export function run({ log }: BenchContext): Promise<BenchResult> {
  const trace = readAzureTrace();
  if (trace === null) {
    const note =
      'The Azure LLM inference trace is not at hand (TREERING_DATA or ../shared, traces/llm/azure-llm-2023-conv.csv.gz), so nothing was fitted and nothing is judged.';
    log(note);
    return Promise.resolve({ title: TITLE, notes: [note], rows: [], targets: [] });
  }
  const profile = profileOf('anthropic-1000');
  const notes: string[] = [
    `${trace.prompt.length} requests of the Azure LLM inference trace 2023, CC-BY 4.0.`,
  ];
  const rows: BenchResult['rows'][number][] = [];
  const targets: BenchResult['targets'][number][] = [];
  for (const [side, name, draw] of [
    ['prompt', 'promptTokens', drawPromptTokens],
    ['output', 'outputTokens', drawOutputTokens],
  ] as const) {
    const { min, max, parts } = profile[name];
    const fitted: Profile = {
      ...profile,
      [name]: { min, max, parts: fitLogNormals(trace[side], parts.length) },
    };
    const drawn = (of: Profile): number[] => {
      const rng = createRng(`bench/lengths/${side}`);
      return Array.from({ length: DRAWS }, () => draw(rng, of)).sort((a, b) => a - b);
    };
    const told = (of: Profile): string =>
      [...of[name].parts]
        .sort((a, b) => a.lnMean - b.lnMean)
        .map((p) => `${p.weight.toFixed(4)} x (${p.lnMean.toFixed(3)}, ${p.lnSd.toFixed(3)})`)
        .join(' + ');
    notes.push(
      `${side}, profile: ${told(profile)}`,
      `${side}, fitted now: ${told(fitted)}; weight x (mean, standard deviation) of the logarithm`,
    );
    const [ofProfile, ofFit] = [drawn(profile), drawn(fitted)];
    for (const q of QUANTILES) {
      const at = (sorted: readonly number[]): number => sorted[Math.floor(q * sorted.length)]!;
      const what = `${side}, ${100 * q}th percentile`;
      rows.push(
        { name: `${what}: trace`, unit: 'tokens', samples: [at(trace[side])] },
        { name: `${what}: profile`, unit: 'tokens', samples: [at(ofProfile)] },
        { name: `${what}: fitted now`, unit: 'tokens', samples: [at(ofFit)] },
      );
      targets.push(
        atMost(`${what}: profile off the trace, %`, 100 * Math.abs(at(ofProfile) / at(trace[side]) - 1), 20),
      );
    }
  }
  return Promise.resolve({ title: TITLE, notes, rows, targets });
}
