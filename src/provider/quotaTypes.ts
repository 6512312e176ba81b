import type { Priority } from './fairQueue.ts';
import type { Unit } from './meter.ts';
import type { Lease, TokenUse } from './quotaState.ts';

export type CountedUnit = Exclude<Unit, 'totalTokens'>;

/** What the endpoint's headers say of a limit. */
export interface ToldLimit {
  readonly unit: Unit;
  readonly limit: number;
  readonly remaining: number;
  /** What it is a limit over, where that is not a minute. */
  readonly windowMs?: number;
}

/** What a 429 was for. `acceleration`: no limit was used up, the use rose too sharply. */
export type RefusedBy = Unit | 'concurrency' | 'acceleration';

export type QuotaInput =
  | ({
      readonly type: 'acquire';
      /** The caller's own number for it. */
      readonly id: number;
      /** Who loses it when a node dies. */
      readonly holder: number;
      /** Whose turn it takes: shares are fair between flows. */
      readonly flow: string;
      readonly priority: Priority;
      readonly deadlineAtMs: number;
      /** Shed when it cannot be over by then; the deadline when missing. */
      readonly dueAtMs?: number;
      /** Shed unless it goes at once. */
      readonly nowOrNever?: boolean;
    } & TokenUse)
  | { readonly type: 'progress'; readonly permit: number; readonly outputTokens: number }
  | {
      readonly type: 'settle';
      readonly permit: number;
      readonly status: number;
      /** Zeros with status 0: it was never sent. */
      readonly usage: TokenUse | null;
      readonly retryAfterMs: number | null;
      /** From sending to the first token, of a streamed answer. */
      readonly firstTokenMs?: number;
      readonly told?: readonly ToldLimit[];
      /** Of a 429: what it named; missing when it named nothing. */
      readonly over?: RefusedBy;
    }
  | ({
      readonly type: 'lease';
      readonly holder: number;
      readonly places: number;
      readonly forMs: number;
    } & TokenUse)
  | ({
      readonly type: 'lease-used';
      readonly lease: number;
      readonly permit: number;
      readonly flow: string;
      readonly priority: Priority;
      readonly deadlineAtMs: number;
    } & TokenUse)
  | { readonly type: 'lease-returned'; readonly lease: number; readonly holder: number }
  | { readonly type: 'release-holder'; readonly holder: number }
  | { readonly type: 'tick' };

export type QuotaEffect =
  | { readonly type: 'go'; readonly id: number; readonly permit: number; readonly queuedMs: number }
  | { readonly type: 'shed'; readonly id: number; readonly message: string }
  /** That many permits from `firstPermit` on, one a request. */
  | { readonly type: 'leased'; readonly lease: Lease; readonly firstPermit: number }
  /** Used (or given back), for the account of use: requests and prompts as they go, answers as they come. */
  | { readonly type: 'charged'; readonly unit: CountedUnit; readonly amount: number };

/** The input of that type. */
export type InputOf<T extends QuotaInput['type']> = Extract<QuotaInput, { type: T }>;
