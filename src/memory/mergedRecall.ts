import type { WeightedTerm } from './record.ts';

/** A memory that was recalled somewhere. */
interface Recalled {
  readonly record: { readonly source: string };
  readonly score: number;
}

/**
 * What several agents recalled as one list: best first, each source once with its best score, ties by source. Scores of
 * agents compare when all were asked with the same weights of terms.
 */
export function bestFirst<R extends Recalled>(recalled: readonly R[]): R[] {
  const best = new Map<string, R>();
  for (const one of recalled) {
    const other = best.get(one.record.source);
    if (!other || other.score < one.score) best.set(one.record.source, one);
  }
  return [...best.values()].sort((a, b) => b.score - a.score || (a.record.source < b.record.source ? -1 : 1));
}

/**
 * With what weights agents are asked: how rare a term is among the agents, and how rare among the asker's own memories:
 * together finer than either.
 * @param own of the same terms, in their order
 */
export const jointWeights = (common: readonly WeightedTerm[], own: readonly WeightedTerm[]): WeightedTerm[] =>
  common.map(({ term, weight }, i) => ({ term, weight: weight + own[i]!.weight }));
