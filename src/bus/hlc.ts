/**
 * A hybrid logical clock (Kulkarni, Demirbas, Madappa, Avva, Leone: Logical Physical Clocks, 2014): stamps that follow
 * cause and effect as Lamport's do, and stay close to physical time. A stamp is one whole number, milliseconds of the
 * grove's clock times 65,536 plus a count, so stamps compare as numbers and 4 years fit a double exactly. More than 65,535
 * events in one millisecond carry over into the milliseconds.
 */
export type Hlc = number;

const COUNTS = 65_536;

/** The stamp given last. */
export interface HlcState {
  last: Hlc;
  /** Stamps of peers that were too far ahead to be followed. */
  refused: number;
}

/** @param last goes on from there: a clock must not fall behind what an earlier incarnation stamped */
export const createHlc = (last: Hlc = 0): HlcState => ({ last, refused: 0 });

/** The millisecond that a stamp stands for. */
export const hlcMs = (stamp: Hlc): number => Math.floor(stamp / COUNTS);

/** Stamps an event of one's own, e.g. a send. @param nowMs the physical clock, ms >= 0 */
export function tick(state: HlcState, nowMs: number): Hlc {
  const physical = Math.floor(nowMs) * COUNTS;
  return (state.last = physical > state.last ? physical : state.last + 1);
}

/**
 * Stamps the receipt of a message that was stamped `remote`: later than both. A remote stamp more than `driftMsMax` ahead of
 * the own physical clock is not followed and counted instead: one peer's jumping clock must not drag along all others.
 */
export function observe(state: HlcState, remote: Hlc, nowMs: number, driftMsMax: number): Hlc {
  if (remote > (Math.floor(nowMs) + driftMsMax) * COUNTS) state.refused++;
  else if (remote > state.last) state.last = remote;
  return tick(state, nowMs);
}
