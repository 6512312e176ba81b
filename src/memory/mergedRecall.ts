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
