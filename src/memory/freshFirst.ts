/** A found memory by number. */
export interface ScoredMemory {
  readonly seq: number;
  readonly score: number;
  /** The number of the memory that says it anew, where one does. */
  readonly staleBy?: number;
}

/** How much of its score a superseded memory loses when it is shown beside what supersedes it. */
const STALE_LOSS = 0.5;

/**
 * Puts what supersedes a found memory in its place, at the better of both scores, best first, ties by lower number.
 * @param freshest what says a memory anew, itself when nothing does
 * @param stale leaves the superseded ones in, marked, below what supersedes them
 */
export function inFavourOfFresh(
  found: readonly ScoredMemory[],
  freshest: (seq: number) => number,
  stale: boolean,
): ScoredMemory[] {
  const scores = new Map<number, number>();
  for (const { seq, score } of found) {
    const fresh = freshest(seq);
    scores.set(fresh, Math.max(scores.get(fresh) ?? -Infinity, score));
  }
  const hits = [...scores].map(([seq, score]): ScoredMemory => ({ seq, score }));
  if (stale)
    for (const { seq } of found) {
      const staleBy = freshest(seq);
      const score = scores.get(staleBy)!;
      if (staleBy !== seq) hits.push({ seq, score: score - STALE_LOSS * Math.abs(score), staleBy });
    }
  return hits.sort((a, b) => b.score - a.score || a.seq - b.seq);
}
