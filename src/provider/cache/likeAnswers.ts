import { SemanticIndex, wilsonInterval, type Embed, type SemanticCounts } from './semanticIndex.ts';

/** Questions known at a time: comparing with all of them costs well under a millisecond. */
const KNOWN = 2_000;

/** What the layer of like questions did, and how often it was wrong. */
export interface LikeAnswersCounts extends SemanticCounts {
  /** A 95 % interval of the rate of false hits, from those that were checked; [0, 1] before the first. */
  readonly falseRate: readonly [low: number, high: number];
}

/** The layer above equal questions: an answer of a question that means the same and rests on the same, in the same order. */
export interface LikeAnswers {
  /** The answer to a like question, or null: then the caller fetches the key's own, and `fill`s or `fail`s it. */
  find(key: string, question: string, restsOn: readonly string[]): string | null;
  fill(key: string, text: string): void;
  fail(key: string): void;
  counts(): LikeAnswersCounts;
}

/**
 * @param from cosine from which questions are alike, in (0, 1]
 * @param checkEvery one hit of so many is fetched all the same
 * @param kept the answer that is kept under a key
 */
export function createLikeAnswers(
  embed: Embed,
  from: number,
  checkEvery: number,
  kept: (key: string) => { readonly text: string; readonly tags: readonly string[] } | null,
): LikeAnswers {
  const index = new SemanticIndex(embed, { threshold: from, entries: KNOWN, checkEvery, guard: true });
  /** Keys that are being fetched: their question, and what the cache would have said where that is to be checked. */
  const fetched = new Map<string, { readonly question: string; readonly said: string | null }>();
  return {
    find(key, question, restsOn) {
      const hit = index.find(question, (other) => {
        const tags = kept(other)?.tags;
        return tags !== undefined && tags.length === restsOn.length && tags.every((t, i) => t === restsOn[i]);
      });
      const text = hit === null ? null : kept(hit.key)!.text;
      if (hit !== null && !hit.check) return text;
      fetched.set(key, { question, said: text });
      return null;
    },
    fill(key, text) {
      const one = fetched.get(key);
      if (one === undefined) return;
      fetched.delete(key);
      if (one.said !== null) index.checked(one.said, text);
      index.add(one.question, key);
    },
    fail: (key) => void fetched.delete(key),
    counts() {
      const { counts } = index;
      return { ...counts, falseRate: wilsonInterval(counts.falseHits, counts.checked) };
    },
  };
}
