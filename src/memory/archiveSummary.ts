import { hash32 } from '../kernel/rng.ts';
import { FIRST_CODE, hashTerms, SENTENCE_END } from './documentTokens.ts';
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
  /** By passage: room for its terms at first, then where the next of its hashes goes. */
  const at = new Uint32Array(count);
  index.eachList(
    (_, array, from, to) => {
      for (let p = from; p < to; p++) {
        const place = placeOf(array[p]!);
        if (place >= 0) at[place]!++;
      }
    },
    (document, firstId, entries) => {
      for (let passage = 0; passage < entries; passage++) {
        const place = places[firstId + passage]!;
        if (place >= 0) at[place]! += document.passages[passage]!.length;
      }
    },
  );
  let total = 0;
  const starts = at.map((room) => (total += room) - room);
  at.set(starts);
  const hashes = new Uint32Array(total);
  index.eachList(
    (name, array, from, to) => {
      const hash = hash32(name, 0, name.charCodeAt(0) === 0x40 ? 1 : 0);
      for (let p = from; p < to; p++) {
        const place = placeOf(array[p]!);
        if (place >= 0) hashes[at[place]!++] = hash;
      }
    },
    // Putting postings in order only to count terms would cost more than all else when an agent is planted.
    (document, firstId, entries) => {
      const ofWords = hashTerms(document.vocabulary);
      for (let passage = 0; passage < entries; passage++) {
        const place = places[firstId + passage]!;
        if (place < 0) continue;
        const codes = document.passages[passage]!;
        for (let i = 0; i < codes.length; i++) {
          const code = codes.charCodeAt(i);
          if (code !== SENTENCE_END) hashes[at[place]!++] = ofWords[code - FIRST_CODE]!;
        }
      }
    },
  );
  return joined(Array.from(starts, (start, place) => different(hashes.subarray(start, at[place]))));

  function placeOf(posting: number): number {
    return places[recordOf(posting)] ?? -1;
  }
}
