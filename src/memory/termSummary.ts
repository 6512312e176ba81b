import { hash32 } from '../kernel/rng.ts';

/** What one agent archives: which terms stand together in which of its passages. Plain data, structured-cloneable. */
export interface TermSummary {
  /** 32-bit hashes of the different terms of each passage, one passage after the other, ascending in each. */
  readonly hashes: Uint32Array;
  /** By passage: where its hashes end. */
  readonly ends: Uint32Array;
}

/** The summary of passages, each given as its terms. */
export const summarise = (passages: Iterable<Iterable<string>>): TermSummary =>
  joined(Array.from(passages, (terms) => different(Uint32Array.from(terms, (term) => hash32(term)))));

/** The different ones of hashes, ascending; sorts them where they are. */
export function different(hashes: Uint32Array): Uint32Array {
  hashes.sort();
  let n = 0;
  for (let i = 0; i < hashes.length; i++)
    if (i === 0 || hashes[i] !== hashes[n - 1]) hashes[n++] = hashes[i]!;
  return hashes.subarray(0, n);
}

/** The summary of passages, each given as the hashes of its different terms. */
export function joined(passages: readonly Uint32Array[]): TermSummary {
  const ends = new Uint32Array(passages.length);
  let end = 0;
  passages.forEach((own, i) => (ends[i] = end += own.length));
  const hashes = new Uint32Array(end);
  passages.forEach((own, i) => hashes.set(own, ends[i]! - own.length));
  return { hashes, ends };
}

/** Whether a passage of the summary has the term: always for one that went in, for another once in 2^32 tries a term. */
export const mayKnow = ({ hashes }: TermSummary, term: string): boolean => hashes.includes(hash32(term));
