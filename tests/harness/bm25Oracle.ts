import { analyse } from '../../src/memory/text.ts';

/** An entry as the oracle takes it: its place decides who its neighbours are. */
export interface OracleEntry {
  readonly text: string;
  readonly thread: string;
  readonly removed?: boolean;
}

const K1 = 0.9;
const B = 0.4;

/** BM25 of each entry's own terms and of its window's, straight from the formula, without an index. */
export function bm25Oracle(
  entries: readonly OracleEntry[],
  query: string,
  window: readonly number[],
): { own: number[]; window: number[] } {
  const texts = entries.map((e) => (e.removed ? [] : analyse(e.text)));
  const runs = entries.map((e, i) => (e.thread === '' ? String(i) : `thread ${e.thread}`));
  const live = entries.filter((e) => !e.removed).length;
  const near = (i: number): [number, number][] =>
    entries.flatMap((e, j): [number, number][] => {
      const weight = window[Math.abs(i - j)];
      return weight !== undefined && runs[i] === runs[j] && !e.removed ? [[j, weight]] : [];
    });
  const windowLengths = entries.map((e, i) =>
    e.removed ? 0 : near(i).reduce((sum, [j, w]) => sum + w * texts[j]!.length, 0),
  );
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / live;
  const ownMean = mean(texts.map((t) => t.length));
  const windowMean = mean(windowLengths);
  const terms = [...new Set(analyse(query))];
  const count = (i: number, term: string): number => texts[i]!.filter((t) => t === term).length;
  const score = (term: string, tf: number, length: number, average: number): number => {
    const having = texts.filter((t) => t.includes(term)).length;
    const idf = Math.log(1 + (live - having + 0.5) / (having + 0.5));
    return tf === 0 ? 0 : (idf * tf * (K1 + 1)) / (tf + K1 * (1 - B + (B * length) / average));
  };
  const over = (value: (i: number, term: string) => number): number[] =>
    entries.map((e, i) => (e.removed ? 0 : terms.reduce((sum, term) => sum + value(i, term), 0)));
  return {
    own: over((i, term) => score(term, count(i, term), texts[i]!.length, ownMean)),
    window: over((i, term) =>
      score(
        term,
        near(i).reduce((sum, [j, w]) => sum + w * count(j, term), 0),
        windowLengths[i]!,
        windowMean,
      ),
    ),
  };
}
