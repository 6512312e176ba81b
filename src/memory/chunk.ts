import { estimateTokens } from './text.ts';

/** A stretch of a text: characters from (inclusive) to (exclusive). */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Where a text may be cut, best place first; each expression matches what ends the piece before the cut. */
const SEPARATORS: readonly RegExp[] = [/\n\s*\n/g, /\n/g, /[.!?…]["'’”)\]]*\s|[。！？]/g, /[;:,]\s/g, /\s+/g];
/** `estimateTokens` counts a token for so many characters. */
const CHARACTERS_PER_TOKEN = 4;

const tokensIn = ({ from, to }: Span): number => Math.ceil((to - from) / CHARACTERS_PER_TOKEN);

/** The stretches between the separators of one level, each with what ends it; together they are `span` exactly. */
function cutAt(text: string, span: Span, separator: RegExp): Span[] {
  const pieces: Span[] = [];
  let from = span.from;
  separator.lastIndex = span.from;
  for (let m = separator.exec(text); m !== null && m.index < span.to; m = separator.exec(text)) {
    const to = Math.min(m.index + m[0].length, span.to);
    if (to > from) pieces.push({ from, to });
    from = to;
  }
  if (from < span.to) pieces.push({ from, to: span.to });
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
  const separator = SEPARATORS[level];
  if (!separator) return cutHard(text, span, tokensMax);
  const out: Span[] = [];
  for (const piece of cutAt(text, span, separator)) {
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

/** The span without the white space at its ends. */
export function trimSpan(text: string, { from, to }: Span): Span {
  while (from < to && /\s/.test(text[from]!)) from++;
  while (to > from && /\s/.test(text[to - 1]!)) to--;
  return { from, to };
}

/** Tokens of a span's text. */
export const spanTokens = (text: string, { from, to }: Span): number => estimateTokens(text.slice(from, to));
