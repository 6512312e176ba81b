/** Round-trip time and the resend timeout drawn from it (RFC 6298). Times in ms. */
export interface RttState {
  /** Smoothed round-trip time; -1 before the first sample. */
  srttMs: number;
  rttvarMs: number;
  /** Current resend timeout, backed off when it expired. */
  rtoMs: number;
}

const RTO_MAX_MS = 60_000;

export const initialRtt = (floorMs: number): RttState => ({
  srttMs: -1,
  rttvarMs: 0,
  rtoMs: Math.max(1_000, floorMs),
});

/** Takes a sample of a message that was sent once (Karn's rule is the caller's part). RFC 6298, section 2. */
export function sampleRtt(state: RttState, sampleMs: number, floorMs: number): void {
  if (state.srttMs < 0) {
    state.srttMs = sampleMs;
    state.rttvarMs = sampleMs / 2;
  } else {
    state.rttvarMs += (Math.abs(state.srttMs - sampleMs) - state.rttvarMs) / 4;
    state.srttMs += (sampleMs - state.srttMs) / 8;
  }
  state.rtoMs = Math.min(RTO_MAX_MS, Math.max(floorMs, state.srttMs + 4 * state.rttvarMs));
}

/** Doubles the timeout after it expired. RFC 6298, rule 5.5. */
export function backOff(state: RttState): void {
  state.rtoMs = Math.min(RTO_MAX_MS, state.rtoMs * 2);
}
