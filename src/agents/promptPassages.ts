import { sentencePieces, spansOf } from '../memory/recallSpans.ts';
import {
  GAP,
  buildPrompt,
  estimateTokens,
  type PromptMessage,
  type PromptPassage,
} from '../provider/prompt.ts';

/** A memory that may go into a prompt. */
interface PromptMemory {
  readonly record: PromptPassage & { readonly source: string };
  readonly score: number;
}

/** What a question is put to the model with. */
export interface PromptChoice<M> {
  readonly messages: readonly PromptMessage[];
  /** The memories in it by their numbers, from 1. */
  readonly given: readonly M[];
  /** What is in it of each: its source, and where it is not whole the characters. */
  readonly extracts: readonly string[];
}

/** What a told passage has to score, as a share of the best, to go into the prompt. */
const WORTH_TELLING = 0.4;
/** Memories that spans are taken of, at least, where there are so many. */
const MEMORIES = 6;
/** Number, speaker and date of a passage, and the marks of its gaps, about. */
const TOKENS_PER_MEMORY = 14;
/** Tokens that spans of one memory take in a full prompt, about. */
const TOKENS_OF_EACH = 100;

/** Of memories, best first, those that are worth telling beside the best. */
export function worthTelling<M extends { readonly score: number }>(memories: readonly M[]): M[] {
  // Scores may be below zero, where a share of the best says nothing.
  const top = memories[0]?.score ?? 0;
  const bar = top > 0 ? top * WORTH_TELLING : -Infinity;
  return memories.filter((m) => m.score >= bar);
}

/**
 * Puts memories to a question within a budget of tokens: whole where all of them fit, else the spans of whole sentences
 * that are likeliest to tell, out of the best memories.
 * @param memories best first, at least one
 */
export function choosePrompt<M extends PromptMemory>(
  question: string,
  memories: readonly M[],
  budgetTokens: number,
): PromptChoice<M> {
  const whole = buildPrompt(
    question,
    memories.map((m) => m.record),
    Infinity,
  );
  if (whole.inputTokens <= budgetTokens)
    return { messages: whole.messages, given: memories, extracts: memories.map((m) => m.record.source) };

  let room = budgetTokens - buildPrompt(question, [], Infinity).inputTokens;
  const considered: M[] = [];
  let tokens = 0;
  for (const memory of memories) {
    if (considered.length >= MEMORIES && tokens >= room) break;
    considered.push(memory);
    tokens += estimateTokens(memory.record.text) + TOKENS_PER_MEMORY;
  }
  room -= TOKENS_PER_MEMORY * Math.min(considered.length, MEMORIES, Math.ceil(room / TOKENS_OF_EACH));
  const best = memories[0]!.score;
  const spans = spansOf(
    question,
    considered.map((memory) => ({
      record: { text: memory.record.text, memory },
      weight: best > 0 ? memory.score / best : 1,
    })),
    Math.max(1, room),
    1,
    sentencePieces,
  );
  const chosen = new Map<M, { text: string; extract: string }>();
  for (const { record, from, to, text } of spans) {
    const before = chosen.get(record.memory);
    chosen.set(record.memory, {
      text: before ? `${before.text} ${GAP} ${text}` : text,
      extract: `${before?.extract ?? record.memory.record.source}@${from}-${to}`,
    });
  }
  const parts = [...chosen];
  const { messages, used } = buildPrompt(
    question,
    parts.map(([memory, { text }]) => ({ ...memory.record, text })),
    budgetTokens,
  );
  return {
    messages,
    given: parts.slice(0, used).map(([memory]) => memory),
    extracts: parts.slice(0, used).map(([, { extract }]) => extract),
  };
}
