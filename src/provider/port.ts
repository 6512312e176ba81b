import type { Result } from '../kernel/result.ts';
import type { AnswerLayer } from './cache/sharedAnswers.ts';
import type { Priority } from './fairQueue.ts';
import type { RefusedBy, ToldLimit } from './quotaTypes.ts';

/** A model endpoint as HTTP: takes a Request, answers a Response; rejects only as `fetch` would (network gone, aborted). */
export type FetchHandler = (request: Request) => Promise<Response>;

/** What an agent asks of a model. */
export interface ModelRequest {
  /** Who asks: for fairness and for the record. */
  readonly agent: string;
  readonly messages: readonly { readonly role: 'system' | 'user' | 'assistant'; readonly content: string }[];
  /** The most tokens the answer may have. */
  readonly maxTokens: number;
  /** On the Env's clock: past it the answer is of no use. */
  readonly deadlineAtMs: number;
  /** When the answer should be there; the deadline when missing. Later it is late, so it is not sent when that is to be expected. */
  readonly dueAtMs?: number;
  /** Requests of equal key may share an answer; omit to never cache. */
  readonly cacheKey?: string;
  /** What a kept answer rests on, e.g. sources of passages: once one of these changes it is forgotten. */
  readonly restsOn?: readonly string[];
  /** The question inside, in words: a like one with the same `restsOn` may share its answer where the scenario says so. */
  readonly question?: string;
  /** 0: someone waits for it; 1 (when missing): ordinary; 2: may take its time. */
  readonly priority?: Priority;
}

/** How an answer came that was streamed, ms. */
export interface AnswerTiming {
  /** From the request's sending to the first piece of text. */
  readonly firstTokenMs: number;
  /** Mean time between two tokens after the first; null for an answer of one token or in one piece. */
  readonly tokenGapMs: number | null;
}

/** A model's answer with what it cost. */
export interface Completion {
  readonly text: string;
  /** As the provider counted them; 0 for a cached answer. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Came out of the response cache, or out of another agent's request under way. */
  readonly cached: boolean;
  /** Waited for the quota before the first byte was sent. */
  readonly queuedMs: number;
  /** From request sent to the last byte of the answer, the last attempt; 0 for a cached answer. */
  readonly providerMs: number;
  /** Requests that went over the wire, retries included. */
  readonly attempts: number;
  /** Of an answer that was streamed. */
  readonly timing?: AnswerTiming;
}

/** Why there is no answer. `shed`: it could not have made its deadline, so it was not sent. */
export interface ModelFailure {
  readonly reason: 'shed' | 'rate-limited' | 'overloaded' | 'timeout' | 'refused' | 'failed';
  /** What happened, why, and what to do next, for a person. */
  readonly message: string;
  readonly attempts: number;
}

/** A model as agents see it. Never rejects. */
export interface ModelPort {
  complete(request: ModelRequest): Promise<Result<Completion, ModelFailure>>;
}

/** What a node asks of the API manager's desk in the conductor before it may send a request. */
export interface DeskRequest {
  readonly agent: string;
  /** Estimated tokens of the prompt. */
  readonly inputTokens: number;
  /** The most the answer may have. */
  readonly maxOutputTokens: number;
  readonly deadlineAtMs: number;
  readonly dueAtMs?: number;
  readonly cacheKey?: string;
  readonly restsOn?: readonly string[];
  readonly question?: string;
  /** The kept answer is stale: fetch it anew. */
  readonly refresh?: boolean;
  readonly priority?: Priority;
  /** The endpoint that has just failed it, or is at it already. */
  readonly avoid?: number;
  /** A second request for an answer that is late: goes at once, within the budget for hedges, or not at all. */
  readonly hedge?: boolean;
  /** The same request failed here so often just before: somebody retries on top of us. */
  readonly nested?: number;
}

/** Budget for requests that a node may send without asking, all of them to one endpoint. */
export interface DeskLease {
  readonly lease: number;
  /** Permits `firstPermit`, `firstPermit + step` and so on, `places` in all, one a request. */
  readonly firstPermit: number;
  readonly step: number;
  readonly places: number;
  /** The most that one request may have. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly expiresAtMs: number;
  readonly endpoint: number;
}

/** The desk's reply. `go`: send it now to that endpoint, then settle the permit, whatever came of it. */
export type DeskReply =
  | {
      readonly type: 'go';
      readonly permit: number;
      readonly queuedMs: number;
      /** When it was given, on the desk's clock. */
      readonly goAtMs: number;
      readonly endpoint: number;
      /** An answer that is not there by then is late: another endpoint may be asked too. Infinity for never. */
      readonly hedgeAfterMs: number;
      readonly lease?: DeskLease;
    }
  | {
      readonly type: 'cached';
      readonly text: string;
      readonly queuedMs: number;
      readonly layer: AnswerLayer | 'node';
      /** It is stale: whoever has it shall ask again with `refresh`, when nobody waits. */
      readonly refresh: boolean;
    }
  /** An equal request was refused just before, and would be again. */
  | { readonly type: 'refused'; readonly message: string }
  | { readonly type: 'shed'; readonly message: string };

/** What became of a permitted request. */
export interface DeskSettlement {
  readonly permit: number;
  /** HTTP status of the last byte; 0 when there was none (network error, cut off). */
  readonly status: number;
  /** As counted by the provider; null when unknown. Zeros with status 0: the request was never sent. */
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number } | null;
  /** From the endpoint's headers; null without. */
  readonly retryAfterMs: number | null;
  /** What the endpoint's headers say of its limits, and which of them a 429 was for. */
  readonly told?: readonly ToldLimit[];
  readonly over?: RefusedBy;
  /** There was no way to the endpoint at all. */
  readonly unreachable?: boolean;
  /** How the answer came, where it was streamed. */
  readonly timing?: AnswerTiming;
  /** To be cached under the request's key; null when it failed. */
  readonly text: string | null;
  /** It was refused for what it asks, and would be again: a sentence. */
  readonly refusal?: string;
  /** The agent was told of this failure: there was no other try. For the count of 429s that agents see. */
  readonly gaveUp?: boolean;
}

/** What a node tells the desk. */
export type DeskNote =
  /** A request has just gone on this lease, with that permit. */
  | {
      readonly type: 'lease-used';
      readonly lease: number;
      readonly permit: number;
      readonly request: DeskRequest;
    }
  | { readonly type: 'lease-returned'; readonly lease: number }
  /** So many tokens of the answer under that permit are there by now. */
  | { readonly type: 'progress'; readonly permit: number; readonly outputTokens: number }
  /** Answers that the node gave out of its own layer since it last told. */
  | { readonly type: 'node-answers'; readonly hits: number }
  /** What answers rest on has changed. */
  | { readonly type: 'changed'; readonly tags: readonly string[] };

/** What changed, up to a version. */
export interface Changes {
  readonly version: number;
  readonly tags: readonly string[];
}

/** The way from a node to the desk. Callbacks come later, never inside the call; messages arrive in order. */
export interface DeskPort {
  acquire(request: DeskRequest, done: (reply: DeskReply) => void): void;
  settle(settlement: DeskSettlement): void;
  note(note: DeskNote): void;
  /** Hears of what changed after version `since`, once there is something; ask again for more. */
  watch(since: number, done: (changes: Changes) => void): void;
}
