import { ln } from '../kernel/maths.ts';
import { GAP, estimateTokens, type ParsedPrompt } from './prompt.ts';

/** An answer made of sentences of the prompt. */
export interface ExtractedAnswer {
  readonly text: string;
  /** `length`: cut at the most tokens allowed. */
  readonly finish: 'stop' | 'length';
}

const STOP_WORDS = new Set(
  (
    'a about after all also an and any are as at be been before but by can could did do does for from had has have ' +
    'he her his how i if in into is it its may me more most my no not of on or our out said say shall she should so ' +
    'some such than that the their them then there these they this to under up upon us was we were what when where ' +
    'which while who whom why will with would you your tell'
  ).split(' '),
);

/** Words that carry meaning, with the commonest endings taken off so that `taxes` meets `tax`. */
function terms(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return words
    .filter((word) => !STOP_WORDS.has(word))
    .map((word) => (word.length > 4 ? word.replace(/(?:ies|ing|ed|es|s|y)$/, '') : word.replace(/s$/, '')));
}

function sentences(text: string): string[] {
  return text
    .split(` ${GAP} `)
    .flatMap((part) => part.split(/(?<=[.!?])\s+(?=[\p{Lu}\p{N}"'“])/u))
    .filter((s) => s.length > 0);
}

/**
 * Answers a question with the sentences of its passages that share most with it, each term weighted by its inverse
 * frequency among the prompt's sentences, sentences of passages that cover more of the question before others, each
 * followed by its passage's number.
 * @param wantTokens length aimed at; one sentence is given even when it is longer
 * @param maxTokens length never exceeded, in estimated tokens
 */
export function extractAnswer(prompt: ParsedPrompt, wantTokens: number, maxTokens: number): ExtractedAnswer {
  if (prompt.passages.length === 0) return cut(filler(prompt.question, wantTokens), maxTokens);
  const pool = prompt.passages.flatMap((p) =>
    sentences(p.text).map((text) => ({ text, index: p.index, terms: new Set(terms(text)) })),
  );
  const asked = new Set(terms(prompt.question));
  const weight = new Map<string, number>();
  for (const term of asked) {
    const frequency = pool.reduce((n, s) => n + (s.terms.has(term) ? 1 : 0), 0);
    if (frequency > 0) weight.set(term, ln(1 + pool.length / frequency));
  }
  const worth = (has: (term: string) => boolean): number => {
    let score = 0;
    for (const [term, w] of weight) if (has(term)) score += w;
    return score;
  };
  const passageWorth = new Map(
    prompt.passages.map((p) => {
      const own = pool.filter((s) => s.index === p.index);
      return [p.index, worth((term) => own.some((s) => s.terms.has(term)))];
    }),
  );
  const scored = pool
    .map((s, order) => {
      const own = worth((term) => s.terms.has(term));
      // A reader trusts a sentence more whose passage is about the whole question.
      return { text: s.text, mark: ` [${s.index}]`, own, score: own + passageWorth.get(s.index)!, order };
    })
    .filter((s) => s.own > 0)
    .sort((a, b) => b.score - a.score || a.order - b.order);
  if (scored.length === 0) return cut('The passages do not tell.', maxTokens);

  const chosen: string[] = [];
  let chars = 0;
  for (const { text: sentence, mark } of scored) {
    const text = sentence + mark;
    const longer = chars + text.length + (chosen.length > 0 ? 1 : 0);
    if (chosen.length > 0 && Math.ceil(longer / 4) > Math.min(wantTokens, maxTokens)) continue;
    chosen.push(text);
    chars = longer;
  }
  if (chosen.length > 1 || estimateTokens(chosen[0]!) <= maxTokens) return cut(chosen.join(' '), maxTokens);
  // A single sentence that is too long is cut before its mark: an answer says where it is from.
  const { text, mark } = scored[0]!;
  return { text: text.slice(0, Math.max(0, maxTokens * 4 - mark.length)) + mark, finish: 'length' };
}

/** A prompt without passages is answered with words of its own: they say nothing, but are as many as wanted. */
function filler(question: string, wantTokens: number): string {
  const words = question.slice(-400).match(/[\p{L}\p{N}]+/gu) ?? [];
  const line = words.length > 0 ? `${words.join(' ')} ` : 'nothing to answer ';
  return line
    .repeat(Math.ceil((wantTokens * 4) / line.length))
    .slice(0, wantTokens * 4)
    .trim();
}

function cut(text: string, maxTokens: number): ExtractedAnswer {
  if (estimateTokens(text) <= maxTokens) return { text, finish: 'stop' };
  return { text: text.slice(0, maxTokens * 4), finish: 'length' };
}
