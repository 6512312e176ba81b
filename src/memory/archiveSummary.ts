import { hash32 } from '../kernel/rng.ts';
import { FIRST_CODE, SENTENCE_END, termIn, wordsOf } from './documentTokens.ts';
import { recordOf } from './postings.ts';
import { labelTerms } from './recallLabels.ts';
import type { RecallIndex } from './recallTypes.ts';
import type { MemoryDraft } from './record.ts';
import { different, joined, summarise, type TermSummary } from './termSummary.ts';
import { analyse } from './text.ts';

/** The summary, for the directory, of passages that no index has taken in. */
export const summaryOfRecords = (records: readonly MemoryDraft[]): TermSummary =>
  summarise(records.map((record) => [...analyse(record.text), ...labelTerms(record)]));

/**
 * The summary, for the directory, of entries of an index: the different terms of their texts and of their labels, each
 * hashed once for all entries that have it.
 * @param places by entry: its place among the passages of the summary, from 0; -1 for an entry that is left out
 * @param count entries that are not left out
 */
export function summaryOf(index: RecallIndex, places: Int32Array, count: number): TermSummary {
  const passages: number[][] = [];
  for (let place = 0; place < count; place++) passages.push([]);
  index.eachList(
    (name, array, from, to) => {
      const hash = hash32(name.charCodeAt(0) === 0x40 ? name.slice(1) : name);
      for (let p = from; p < to; p++) passages[places[recordOf(array[p]!)]!]?.push(hash);
    },
    // Putting postings in order only to count terms would cost more than all else when an agent is planted.
    (document, firstId, entries) => {
      const hashes = Uint32Array.from(wordsOf(document.vocabulary), (token) => hash32(termIn(token)));
      for (let passage = 0; passage < entries; passage++) {
        const own = passages[places[firstId + passage]!];
        const codes = document.passages[passage]!;
        if (own)
          for (let i = 0; i < codes.length; i++) {
            const code = codes.charCodeAt(i);
            if (code !== SENTENCE_END) own.push(hashes[code - FIRST_CODE]!);
          }
      }
    },
  );
  return joined(passages.map((own) => different(Uint32Array.from(own))));
}
