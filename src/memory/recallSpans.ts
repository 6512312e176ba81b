import { chunkRecursive, spanTokens, trimSpan, type Span } from './chunk.ts';
import { ChunkIndex, type ChunkPlace } from './chunkIndex.ts';
import type { MemoryRecord } from './record.ts';
import { sentenceEnds } from './sentences.ts';

/** A stretch of a memory: characters from (inclusive) to (exclusive) of its text. */
export interface RecalledSpan<R = MemoryRecord> extends Span {
  readonly record: R;
  readonly text: string;
}

export interface SpanChoice {
  /** Memories that spans are taken of, at most. */
  readonly memories?: number;
  /** Spans stop once they hold this share of the likelihood, 0 to 1: less is shorter and more to the point. */
  readonly share?: number;
}

/** A found memory. */
export interface SpanSource<R> {
  readonly record: R;
  /** How much its pieces count beside those of others; 1 when missing. */
  readonly weight?: number;
}

/** As `npm run bench -- chunking` chose them for a recall of 94 %. */
const PIECE_TOKENS = 50;
const SHARE = 0.88;

/** Cuts a text into pieces of at most so many tokens. */
export type CutPieces = (text: string, tokensMax: number) => readonly Span[];

/** Pieces of whole sentences, what a reader can make sense of: one that is longer than a piece is one, up to so many times. */
const SENTENCE_PIECES = 4;

/** Whole sentences joined up to a piece's length; see `SENTENCE_PIECES` for longer ones. */
export const sentencePieces: CutPieces = (text, tokensMax) => {
  const pieces: Span[] = [];
  const ends = sentenceEnds(text).filter((end) => end < text.length);
  let from = 0;
  let at = 0;
  for (const to of [...ends, text.length]) {
    // Ends at `at` unless this sentence still fits.
    if (at > from && spanTokens(text, { from, to }) > Math.min(PIECE_TOKENS, tokensMax)) {
      pieces.push({ from, to: at });
      from = at;
    }
    at = to;
  }
  pieces.push({ from, to: text.length });
  const longest = Math.min(SENTENCE_PIECES * PIECE_TOKENS, tokensMax);
  return pieces.flatMap((piece) => chunkRecursive(text, longest, piece));
};

const shortPieces: CutPieces = (text, tokensMax) => chunkRecursive(text, Math.min(PIECE_TOKENS, tokensMax));

/**
 * Cuts found memories into pieces and puts the likeliest together, neighbours joined, until they hold a share of the
 * likelihood or the budget of tokens is used up (see `ChunkIndex.assemble`). The best memory's spans come first, the
 * spans of one memory in its order. Where no word of the query is in any of them: the beginning of the best.
 * @param hits best first
 * @throws RangeError for a budget below 1 token
 */
export function spansOf<R extends { readonly text: string }>(
  query: string,
  hits: readonly SpanSource<R>[],
  tokensMax: number,
  share = SHARE,
  cut = shortPieces,
): RecalledSpan<R>[] {
  if (!(tokensMax >= 1)) throw new RangeError(`spans: a budget of ${tokensMax} tokens holds nothing`);
  const texts = hits.map((hit) => hit.record.text);
  const pieces = texts.flatMap((text, n) =>
    cut(text, Math.floor(tokensMax)).map((span): ChunkPlace => ({ text: n, ...span })),
  );
  const index = new ChunkIndex(texts, pieces);
  const found = index
    .search(query)
    .map(({ chunk, score }) => ({ chunk, score: score * (hits[pieces[chunk]!.text]!.weight ?? 1) }))
    .sort((a, b) => b.score - a.score || a.chunk - b.chunk);
  const assembled = index.assemble(found, { spans: Infinity, share, tokensMax });
  return (assembled.length > 0 ? assembled : pieces.slice(0, 1)).flatMap((place) => {
    const { record } = hits[place.text]!;
    const { from, to } = trimSpan(record.text, place);
    return to > from ? [{ record, from, to, text: record.text.slice(from, to) }] : [];
  });
}

/** Tokens of spans together, as their budget counts them. */
export const tokensOf = (spans: readonly RecalledSpan<{ readonly text: string }>[]): number =>
  spans.reduce((sum, { record, from, to }) => sum + spanTokens(record.text, { from, to }), 0);
