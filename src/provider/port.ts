import type { Result } from '../kernel/result.ts';

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
  /** Requests of equal key may share an answer; omit to never cache. */
  readonly cacheKey?: string;
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
  readonly cacheKey?: string;
}

/** The desk's reply. `go`: send it now, then settle the permit, whatever came of it. */
export type DeskReply =
  | { readonly type: 'go'; readonly permit: number; readonly queuedMs: number }
  | { readonly type: 'cached'; readonly text: string; readonly queuedMs: number }
  | { readonly type: 'shed'; readonly message: string };

/** What became of a permitted request. */
export interface DeskSettlement {
  readonly permit: number;
  /** HTTP status of the last byte; 0 when there was none (network error, cut off). */
  readonly status: number;
  /** As counted by the provider; null when unknown. Zeros with status 0: the request was never sent. */
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number } | null;
  /** Seconds, from `retry-after`; null without. */
  readonly retryAfterS: number | null;
  /** To be cached under the request's key; null when it failed. */
  readonly text: string | null;
  /** The agent was told of this failure: there was no other try. For the count of 429s that agents see. */
  readonly gaveUp?: boolean;
}

/** The way from a node to the desk. Callbacks come later, never inside the call. */
export interface DeskPort {
  acquire(request: DeskRequest, done: (reply: DeskReply) => void): void;
  settle(settlement: DeskSettlement): void;
}
