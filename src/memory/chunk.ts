import { sentenceEnds } from './sentences.ts';
import { estimateTokens } from './text.ts';

/** A stretch of a text: characters from (inclusive) to (exclusive). */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Places between `from` and `to` where a text may be cut, in order. */
type Cuts = (text: string, span: Span) => readonly number[];

/** Cuts behind each match. */
const behind =
  (separator: RegExp): Cuts =>
  (text, { from, to }) => {
    const cuts: number[] = [];
    separator.lastIndex = from;
    for (let m = separator.exec(text); m !== null && m.index < to; m = separator.exec(text))
      cuts.push(Math.min(m.index + m[0].length, to));
    return cuts;
  };

/** A sentence keeps the space behind it. */
const behindSentences: Cuts = (text, { from, to }) =>
  sentenceEnds(text, from, to).map((end) => (end < to && /\s/.test(text[end]!) ? end + 1 : end));

/** Where a text may be cut, best place first. */
const LEVELS: readonly Cuts[] = [
  behind(/\n\s*\n/g),
  behind(/\n/g),
  behindSentences,
  behind(/[;:,]\s/g),
  behind(/\s+/g),
];
/** `estimateTokens` counts a token for so many characters. */
const CHARACTERS_PER_TOKEN = 4;

const tokensIn = ({ from, to }: Span): number => Math.ceil((to - from) / CHARACTERS_PER_TOKEN);

/** The stretches between the cuts of one level; together they are `span` exactly. */
function cutAt(text: string, span: Span, cuts: Cuts): Span[] {
  const pieces: Span[] = [];
  let from = span.from;
  for (const to of [...cuts(text, span), span.to]) {
    if (to > from) pieces.push({ from, to });
    from = to;
  }
  return pieces;
}

/** Cuts between characters, never between the halves of a surrogate pair. */
function cutHard(text: string, span: Span, tokensMax: number): Span[] {
  const pieces: Span[] = [];
  const step = Math.max(1, tokensMax) * CHARACTERS_PER_TOKEN;
  for (let from = span.from; from < span.to;) {
    let to = Math.min(from + step, span.to);
    if (to < span.to && /[\uD800-\uDBFF]/.test(text[to - 1]!)) to--;
    pieces.push({ from, to });
    from = to;
  }
  return pieces;
}

/**
 * Recursive chunking: cuts at paragraphs, and only what is still too long at lines, sentences, clauses, words and at last
 * between characters; neighbours are joined again while they fit. The chunks are in order, do not overlap and together
 * are the whole text.
 * @param tokensMax the most a chunk may have, in tokens as `estimateTokens` counts them
 */
export function chunkRecursive(
  text: string,
  tokensMax: number,
  span: Span = { from: 0, to: text.length },
  level = 0,
): Span[] {
  if (span.from >= span.to) return [];
  if (tokensIn(span) <= tokensMax) return [span];
  const cuts = LEVELS[level];
  if (!cuts) return cutHard(text, span, tokensMax);
  const out: Span[] = [];
  for (const piece of cutAt(text, span, cuts)) {
    const last = out.at(-1);
    if (last && tokensIn({ from: last.from, to: piece.to }) <= tokensMax)
      out[out.length - 1] = { from: last.from, to: piece.to };
    else if (tokensIn(piece) <= tokensMax) out.push(piece);
    else out.push(...chunkRecursive(text, tokensMax, piece, level + 1));
  }
  return out;
}

/** Fixed chunking: every `tokensMax` tokens, wherever that falls, each chunk repeating the last `overlapTokens` of the one before. */
export function chunkFixed(text: string, tokensMax: number, overlapTokens = 0): Span[] {
  if (!(overlapTokens < tokensMax))
    throw new RangeError(
      `chunkFixed: an overlap of ${overlapTokens} needs chunks longer than that, not ${tokensMax}`,
    );
  const overlap = overlapTokens * CHARACTERS_PER_TOKEN;
  return cutHard(text, { from: 0, to: text.length }, tokensMax - overlapTokens).map(({ from, to }, i) => ({
    from: i === 0 ? from : Math.max(0, from - overlap),
    to,
  }));
}

/** The most a chunk of running text has, as `npm run bench -- chunking` scores it. */
const CHUNK_TOKENS = 300;

/** The chunks that running text is remembered in (see `chunkRecursive`), their white space evened out. */
export function chunkTexts(text: string): string[] {
  return chunkRecursive(text, CHUNK_TOKENS)
    .map(({ from, to }) => text.slice(from, to).replace(/\s+/g, ' ').trim())
    .filter((chunk) => chunk !== '');
}

/** The span without the white space at its ends. */
export function trimSpan(text: string, { from, to }: Span): Span {
  while (from < to && /\s/.test(text[from]!)) from++;
  while (to > from && /\s/.test(text[to - 1]!)) to--;
  return { from, to };
}

/** Tokens of a span's text. */
export const spanTokens = (text: string, { from, to }: Span): number => estimateTokens(text.slice(from, to));
