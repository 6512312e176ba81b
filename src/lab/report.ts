import type { Recovery, StartUp, StoryLine, VitalSigns } from '../fleet/views.ts';

export type { Recovery, StartUp, StoryLine, VitalSigns } from '../fleet/views.ts';

/** A threshold of the scenario and how it was met. */
export interface Judgement {
  /** e.g. `responseTime.p99Ms < 2000`. */
  readonly claim: string;
  /** Null when it was not measured: that fails. */
  readonly value: number | null;
  readonly pass: boolean;
}

/** Everything that a run found. */
export interface Report {
  readonly scenario: unknown;
  readonly seed: string;
  readonly build: string;
  readonly world: 'live' | 'virtual';
  readonly durationMs: number;
  readonly startUp: StartUp;
  readonly vitalSigns: VitalSigns;
  /** Figures that follow from others, e.g. `medianRecoveryMs`, `unrecovered`. */
  readonly derived: Readonly<Record<string, number>>;
  readonly judgements: readonly Judgement[];
  readonly events: readonly StoryLine[];
  readonly recoveries: readonly Recovery[];
}
