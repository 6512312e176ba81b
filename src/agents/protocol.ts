import type { MemoryRecord, WeightedTerm } from '../memory/record.ts';

/** The gate's address on the bus. */
export const GATE_ADDRESS = 'gate';

/** `question`: from the gate to the agent that shall answer it. Times on the grove's clock. */
export interface QuestionBody {
  readonly id: string;
  readonly text: string;
  readonly intendedAtMs: number;
  readonly deadlineAtMs: number;
}

/** `ask`: from one agent to another that is likelier to know. */
export interface AskBody {
  /** Names the attempt: a reply to an earlier one finds nobody waiting. */
  readonly ask: string;
  /** The question as it was put. */
  readonly text: string;
  readonly terms: readonly WeightedTerm[];
  readonly k: number;
}

/** A memory that one agent tells another. */
export interface ToldPassage {
  readonly record: Pick<MemoryRecord, 'text' | 'speaker' | 'date' | 'ring' | 'source'>;
  readonly score: number;
}

/** `passages`: the reply to an `ask`. */
export interface PassagesBody {
  readonly ask: string;
  readonly passages: readonly ToldPassage[];
}

export type LegName =
  'to the agent' | 'own memory' | 'asking others' | 'waiting for quota' | 'model' | 'remembering' | 'back';

/** One leg of a question's way; ms since its intended send time. */
export interface Leg {
  readonly name: LegName;
  readonly fromMs: number;
  readonly toMs: number;
  readonly detail: string;
}

/** A passage that an answer rests on. */
export interface Citation {
  /** The [n] in the answer's text. */
  readonly index: number;
  readonly agent: string;
  readonly speaker: string;
  readonly date: string;
  readonly ring: string;
  readonly source: string;
  readonly text: string;
}

/** `answer`: from the agent back to the gate. */
export interface AnswerBody {
  readonly id: string;
  readonly ok: boolean;
  /** The answer, or the sentence that says why there is none. */
  readonly text: string;
  readonly rateLimited: boolean;
  readonly cached: boolean;
  readonly citations: readonly Citation[];
  readonly asked: readonly { readonly agent: string; readonly hits: number }[];
  readonly legs: readonly Leg[];
}
