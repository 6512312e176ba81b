import { analyse } from './text.ts';

/**
 * The index terms of a document's passages, found out beforehand: character i of `passages[n]` stands for the i-th term
 * of passage n, its code less `FIRST_CODE` being the term's place in `vocabulary`.
 */
export interface DocumentTerms {
  /** Most frequent first, so that most characters take one byte. */
  readonly vocabulary: readonly string[];
  readonly passages: readonly string[];
}

const FIRST_CODE = 0x20;
/** Codes end before the surrogates, which are no characters of their own. */
const TERMS_MAX = 0xd800 - FIRST_CODE;

/** Finds out the index terms of texts, so that whoever remembers them need not; null when they have too many different ones. */
export function packTerms(texts: readonly string[]): DocumentTerms | null {
  const analysed = texts.map(analyse);
  const counts = new Map<string, number>();
  for (const terms of analysed) for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  const vocabulary = [...counts.keys()].sort((a, b) => counts.get(b)! - counts.get(a)!);
  if (vocabulary.length > TERMS_MAX) return null;
  const places = new Map(vocabulary.map((term, place) => [term, place]));
  const packed = (terms: readonly string[]): string =>
    terms.map((term) => String.fromCharCode(FIRST_CODE + places.get(term)!)).join('');
  return { vocabulary, passages: analysed.map(packed) };
}

/** The terms of passage `n`, in order. */
export function unpackTerms({ vocabulary, passages }: DocumentTerms, n: number): string[] {
  const packed = passages[n]!;
  return Array.from({ length: packed.length }, (_, i) => vocabulary[packed.charCodeAt(i) - FIRST_CODE]!);
}
