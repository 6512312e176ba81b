import type { LengthMixture } from '../../src/provider/profile.ts';

type Part = LengthMixture['parts'][number];

/** A part narrower than this is a single length. */
const SD_MIN = 0.02;
const ROUNDS = 400;

const density = (x: number, { lnMean, lnSd }: Part): number =>
  Math.exp(-0.5 * ((x - lnMean) / lnSd) ** 2) / (lnSd * Math.sqrt(2 * Math.PI));

/**
 * A mixture of `parts` log-normals, fitted by expectation maximisation (Dempster, Laird and Rubin 1977). It begins with parts
 * side by side, each of the same number of lengths.
 * @param sorted lengths in ascending order, each at least 1
 */
export function fitLogNormals(sorted: readonly number[], parts: number): readonly Part[] {
  const logs = new Map<number, number>();
  for (const length of sorted) logs.set(Math.log(length), (logs.get(Math.log(length)) ?? 0) + 1);
  const xs = [...logs];
  let fit: Part[] = Array.from({ length: parts }, (_, i) => ({
    weight: 1 / parts,
    lnMean: Math.log(sorted[Math.floor(((i + 0.5) / parts) * sorted.length)]!),
    lnSd: 0.5,
  }));
  for (let round = 0; round < ROUNDS; round++) {
    const sums = fit.map(() => ({ n: 0, x: 0, xx: 0 }));
    for (const [x, times] of xs) {
      const shares = fit.map((part) => part.weight * density(x, part));
      const all = shares.reduce((a, b) => a + b, 0);
      for (const [i, share] of shares.entries()) {
        const n = all > 0 ? (times * share) / all : 0;
        sums[i]!.n += n;
        sums[i]!.x += n * x;
        sums[i]!.xx += n * x * x;
      }
    }
    fit = sums.map(({ n, x, xx }) => {
      const lnMean = n > 0 ? x / n : 0;
      return {
        weight: n / sorted.length,
        lnMean,
        lnSd: Math.max(SD_MIN, Math.sqrt(Math.max(0, xx / Math.max(n, 1e-9) - lnMean * lnMean))),
      };
    });
  }
  return fit.sort((a, b) => a.lnMean - b.lnMean);
}
