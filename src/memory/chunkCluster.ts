import { chunkRecursive, type Span } from './chunk.ts';

/** Turns a text into a vector; vectors of one embedding have equal length. A zero vector says that nothing is known of the text. */
export type Embed = (text: string) => Float32Array;

/** How many neighbours on either side are read with a sentence when breaks are looked for. */
const CONTEXT = 2;

function unitVector(vector: Float32Array): Float32Array {
  const norm = Math.sqrt(dot(vector, vector));
  return norm === 0 ? vector : vector.map((x) => x / norm);
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/**
 * Cluster chunking (Smith and Troynikov 2024, ClusterSemanticChunker): small pieces are joined into runs so that the sum of
 * the similarities inside the runs, less the mean similarity of any two pieces, is the greatest that there is; found by
 * dynamic programming over the ends of runs. Takes time in proportion to pieces x (tokensMax / tokensMin)^2.
 * @param tokensMin the most tokens of a piece, @param tokensMax the most tokens of a chunk
 */
export function chunkCluster(text: string, tokensMax: number, embed: Embed, tokensMin = 50): Span[] {
  const pieces = chunkRecursive(text, tokensMin);
  const n = pieces.length;
  if (n < 2) return pieces;
  const vectors = pieces.map(({ from, to }) => unitVector(embed(text.slice(from, to))));
  // The mean over all pairs follows from the sum of the vectors: |sum|^2 holds every pair twice and each with itself.
  const sum = new Float64Array(vectors[0]!.length);
  let own = 0;
  for (const v of vectors) {
    for (let d = 0; d < v.length; d++) sum[d]! += v[d]!;
    own += dot(v, v);
  }
  const mean = (sum.reduce((s, x) => s + x * x, 0) - own) / (n * (n - 1));
  const longest = Math.max(1, Math.floor(tokensMax / tokensMin));
  const best = new Float64Array(n + 1);
  const starts = new Int32Array(n + 1);
  for (let end = 1; end <= n; end++) {
    best[end] = -Infinity;
    let reward = 0;
    for (let start = end - 1; start >= Math.max(0, end - longest); start--) {
      for (let other = start + 1; other < end; other++)
        reward += 2 * (dot(vectors[start]!, vectors[other]!) - mean);
      if (best[start]! + reward > best[end]!) {
        best[end] = best[start]! + reward;
        starts[end] = start;
      }
    }
  }
  const out: Span[] = [];
  for (let end = n; end > 0; end = starts[end]!)
    out.push({ from: pieces[starts[end]!]!.from, to: pieces[end - 1]!.to });
  return out.reverse();
}

/**
 * Breakpoint chunking (after Kamradt 2023): cuts where a sentence and what stands around it differ most from the next; of
 * all such places as many as it takes for chunks of `tokensMean` tokens.
 */
export function chunkBreakpoint(text: string, tokensMean: number, embed: Embed, tokensMin = 50): Span[] {
  const pieces = chunkRecursive(text, tokensMin);
  const vectors = pieces.map((_, i) => {
    const from = pieces[Math.max(0, i - CONTEXT)]!.from;
    const to = pieces[Math.min(pieces.length - 1, i + CONTEXT)]!.to;
    return unitVector(embed(text.slice(from, to)));
  });
  const wanted = Math.max(0, Math.round(text.length / 4 / tokensMean) - 1);
  const cuts = pieces
    .slice(1)
    .map((_, i) => ({ at: i + 1, distance: 1 - dot(vectors[i]!, vectors[i + 1]!) }))
    .sort((a, b) => b.distance - a.distance || a.at - b.at)
    .slice(0, wanted)
    .map((cut) => cut.at)
    .sort((a, b) => a - b);
  const bounds = [0, ...cuts, pieces.length];
  return bounds
    .slice(1)
    .flatMap((end, i) =>
      end > bounds[i]! ? [{ from: pieces[bounds[i]!]!.from, to: pieces[end - 1]!.to }] : [],
    );
}
