/** When a circuit breaker opens, and for how long. */
export interface BreakerConfig {
  /** Outcomes looked at, the last ones. */
  readonly window: number;
  /** It never opens on fewer outcomes than this. */
  readonly minimum: number;
  /** Share of failures in (0, 1] at which it opens. */
  readonly ratio: number;
  /** First stay open; doubles with each failed probe, up to the most. */
  readonly openMs: number;
  readonly openMsMax: number;
}

export const BREAKER_DEFAULTS: BreakerConfig = {
  window: 20,
  minimum: 6,
  ratio: 0.6,
  openMs: 500,
  openMsMax: 8_000,
};

export type BreakerState =
  | {
      readonly type: 'closed';
      /** Oldest first; true for a failure. */ readonly outcomes: readonly boolean[];
    }
  | { readonly type: 'open'; readonly untilMs: number; readonly openMs: number }
  /** One probe is under way; it counts as lost at `probeUntilMs`. */
  | { readonly type: 'half-open'; readonly probeUntilMs: number; readonly openMs: number };

export type BreakerInput =
  /** May a request go? `giveUpMs`: when its outcome is known at the latest. */
  | { readonly type: 'ask'; readonly giveUpMs: number }
  | { readonly type: 'succeeded' }
  | { readonly type: 'failed' }
  /** It ended without saying anything about the endpoint's health. */
  | { readonly type: 'inconclusive' };

export interface BreakerStep {
  readonly state: BreakerState;
  /** To `ask`: whether it may go, and if not, when to ask again. True otherwise. */
  readonly allowed: boolean;
  readonly retryAtMs: number;
}

export const BREAKER_CLOSED: BreakerState = { type: 'closed', outcomes: [] };

/** A circuit breaker (Nygard, Release It!): closed, open after too many failures, half-open for one probe. Pure. */
export function stepBreaker(
  state: BreakerState,
  input: BreakerInput,
  nowMs: number,
  config: BreakerConfig = BREAKER_DEFAULTS,
): BreakerStep {
  const next = (to: BreakerState, allowed = true, retryAtMs = nowMs): BreakerStep => ({
    state: to,
    allowed,
    retryAtMs,
  });
  const open = (openMs: number): BreakerState => ({ type: 'open', untilMs: nowMs + openMs, openMs });

  if (input.type === 'ask') {
    if (state.type === 'closed') return next(state);
    const untilMs = state.type === 'open' ? state.untilMs : state.probeUntilMs;
    if (nowMs < untilMs) return next(state, false, state.type === 'open' ? untilMs : nowMs + state.openMs);
    return next({ type: 'half-open', probeUntilMs: input.giveUpMs, openMs: state.openMs });
  }
  if (state.type === 'closed') {
    if (input.type === 'inconclusive') return next(state);
    const outcomes = [...state.outcomes, input.type === 'failed'].slice(-config.window);
    const failures = outcomes.filter(Boolean).length;
    const tooMany =
      input.type === 'failed' &&
      outcomes.length >= config.minimum &&
      failures >= config.ratio * outcomes.length;
    return next(tooMany ? open(config.openMs) : { type: 'closed', outcomes });
  }
  // Outcomes of requests sent before it opened come in while it is open; only a probe's outcome moves it.
  if (state.type === 'open') return next(state);
  if (input.type === 'succeeded') return next(BREAKER_CLOSED);
  if (input.type === 'failed') return next(open(Math.min(config.openMsMax, state.openMs * 2)));
  return next({ type: 'open', untilMs: nowMs, openMs: state.openMs });
}
