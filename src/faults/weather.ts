/** How badly frames travel. Chances in [0, 1]. */
export interface Weather {
  readonly loss: number;
  readonly duplication: number;
  /** Chance that a frame is overtaken: it takes up to `reorderMs` longer, and those behind it do not wait. */
  readonly reordering: number;
  readonly reorderMs: number;
  /** Every frame's way takes this, and up to `jitterMs` more, keeping the order of its channel. */
  readonly delayMs: number;
  readonly jitterMs: number;
}

export const FAIR_WEATHER: Weather = {
  loss: 0,
  duplication: 0,
  reordering: 0,
  reorderMs: 0,
  delayMs: 0.25,
  jitterMs: 0.25,
};
