/** One message of a chat. */
export interface PromptMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** A passage that an answer may rest on. */
export interface PromptPassage {
  readonly speaker: string;
  /** ISO 8601, as exact as known; empty when unknown. */
  readonly date: string;
  readonly text: string;
}

export interface Prompt {
  readonly messages: readonly PromptMessage[];
  /** How many of the passages are in it: the first ones, at least 1 where there was one. */
  readonly used: number;
  /** Estimated tokens of all messages. */
  readonly inputTokens: number;
}

/** A prompt taken apart again; `index` is the passage's number in the prompt, from 1. */
export interface ParsedPrompt {
  readonly question: string;
  readonly passages: readonly (PromptPassage & { readonly index: number })[];
}

const CHARS_PER_TOKEN = 4;
/** Role and separators around each message. */
const TOKENS_PER_MESSAGE = 4;
const INSTRUCTION =
  'Answer the question from the numbered passages alone. Put the number of the passage after each statement, as in [2]. When the passages do not tell, say so.';
/** Stands where a passage was shortened. */
export const GAP = '[…]';
const QUESTION_MARK = 'Question: ';

/** Tokens of a text, at about 4 characters a token: the estimate that client and simulated endpoint share. */
export function estimateTokens(text: string): number {
  return Math.ceil(text.length / CHARS_PER_TOKEN);
}

/** Estimated tokens of a whole chat. */
export function estimatePromptTokens(messages: readonly PromptMessage[]): number {
  return messages.reduce((sum, m) => sum + TOKENS_PER_MESSAGE + estimateTokens(m.content), 0);
}

/** Passages and question stand on one line each, so that neither can pass itself off as the other. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function passageLine(index: number, passage: PromptPassage, maxChars = Infinity): string {
  const speaker = oneLine(passage.speaker).replaceAll('(', '[').replaceAll(')', ']') || 'unknown';
  const date = oneLine(passage.date).replaceAll(')', ']') || 'undated';
  const line = `[${index}] (${speaker}, ${date}) ${oneLine(passage.text)}`;
  return line.length <= maxChars ? line : `${line.slice(0, Math.max(1, maxChars - 1))}…`;
}

/**
 * The chat that asks a model to answer from passages. They are given best first; as many as fit the budget go in. The
 * first goes in whatever its length, cut to the budget.
 * @param budgetTokens most tokens of the whole prompt
 */
export function buildPrompt(
  question: string,
  passages: readonly PromptPassage[],
  budgetTokens: number,
): Prompt {
  const ask = `${QUESTION_MARK}${oneLine(question)}`;
  const build = (lines: readonly string[]): readonly PromptMessage[] => [
    { role: 'system', content: INSTRUCTION },
    { role: 'user', content: [...lines, ask].join('\n') },
  ];
  const lines: string[] = [];
  const budgetChars = CHARS_PER_TOKEN * (budgetTokens - estimatePromptTokens(build([])) - 1);
  let chars = 0;
  for (const passage of passages) {
    const room = budgetChars - chars - 1;
    const line = passageLine(lines.length + 1, passage, lines.length === 0 ? Math.max(80, room) : Infinity);
    if (lines.length > 0 && line.length > room) break;
    lines.push(line);
    chars += line.length + 1;
  }
  const messages = build(lines);
  return { messages, used: lines.length, inputTokens: estimatePromptTokens(messages) };
}

/** Reads a chat as `buildPrompt` writes it; another chat is one question without passages. */
export function parsePrompt(messages: readonly PromptMessage[]): ParsedPrompt {
  const text = messages.findLast((m) => m.role === 'user')?.content ?? '';
  const passages: (PromptPassage & { index: number })[] = [];
  let question: string | null = null;
  for (const line of text.split('\n')) {
    const match = /^\[(\d+)\] \(([^)]*), ([^),]*)\) (.*)$/.exec(line);
    if (match !== null)
      passages.push({ index: Number(match[1]), speaker: match[2]!, date: match[3]!, text: match[4]! });
    else if (line.startsWith(QUESTION_MARK)) question = line.slice(QUESTION_MARK.length);
  }
  return { question: question ?? text, passages };
}
