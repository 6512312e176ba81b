import type { Result } from '../kernel/result.ts';
import type { EnforcedLimit } from './limits.ts';
import type { Limiter } from './limiter.ts';
import type { Profile } from './profile.ts';
import type { PromptPart, PromptTokens } from './promptCache.ts';
import type { PromptMessage } from './prompt.ts';

/** The fields of a request that the endpoint heeds. */
export interface ModelCall {
  readonly model: string;
  readonly messages: readonly PromptMessage[];
  /** The whole prompt in the order of reading, for the prompt cache. */
  readonly parts: readonly PromptPart[];
  readonly maxTokens: number;
  readonly stream: boolean;
  /** A stream ends with the counts. */
  readonly includeUsage: boolean;
}

/** What a call came to. */
export interface ModelAnswer {
  readonly id: string;
  readonly text: string;
  readonly finish: 'stop' | 'length';
  readonly prompt: PromptTokens;
  readonly outputTokens: number;
  /** Seconds since 1970. */
  readonly createdS: number;
}

/** Why a call is refused or breaks off. */
export type Failure =
  | { readonly type: 'bad request'; readonly code: string; readonly message: string }
  | { readonly type: 'no route'; readonly message: string }
  /** Over a limit; `limit` null for concurrency. */
  | {
      readonly type: 'limit';
      readonly limit: EnforcedLimit | null;
      readonly used: number;
      readonly cost: number;
      readonly waitMs: number;
    }
  | { readonly type: 'acceleration'; readonly waitMs: number }
  | { readonly type: 'spend'; readonly capUsd: number }
  | { readonly type: 'overloaded' };

/** Headers of a response, by lower-case name. */
export type HeaderMap = Readonly<Record<string, string>>;

/** How one vendor's API looks from outside. */
export interface Dialect {
  takes(method: string, pathname: string): boolean;
  parse(body: unknown, profile: Profile): Result<ModelCall, Failure>;
  /** Status, body and headers of a refusal. */
  refusal(
    failure: Failure,
    model: string,
  ): {
    readonly status: number;
    readonly body: unknown;
    readonly headers: HeaderMap;
  };
  complete(call: ModelCall, answer: ModelAnswer): unknown;
  /** What a stream says before the text, for a piece of it, after it, and when it breaks off; each as SSE text. */
  readonly streamed: {
    begin(call: ModelCall, answer: ModelAnswer): string;
    piece(call: ModelCall, answer: ModelAnswer, text: string): string;
    end(call: ModelCall, answer: ModelAnswer): string;
    broken(call: ModelCall): string;
  };
  limitHeaders(limiters: readonly Limiter[], nowMs: number, epochMs: number): HeaderMap;
}

/** One server-sent event (WHATWG HTML, 9.2). */
export const sse = (data: unknown, event?: string): string =>
  `${event === undefined ? '' : `event: ${event}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;

/** Among limiters of a unit, the one with the smallest share left; undefined for none. */
export function tightest(limiters: readonly Limiter[], nowMs: number): Limiter | undefined {
  let best: Limiter | undefined;
  let least = Infinity;
  for (const limiter of limiters) {
    const share = limiter.remaining(nowMs) / limiter.limit.amount;
    if (share < least) {
      least = share;
      best = limiter;
    }
  }
  return best;
}

/** HTTP allows whole seconds only (RFC 9110, 10.2.3), so a wait is rounded up. */
export const retryAfterS = (waitMs: number): string => String(Math.max(1, Math.ceil(waitMs / 1000)));
