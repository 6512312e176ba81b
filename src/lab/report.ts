import type { Recovery, StartUp, StoryLine, VitalSigns } from '../fleet/views.ts';
import type { ExamReport } from '../memory/exam.ts';
import type { RunInput, TextName } from '../scenario/script.ts';
import type { Finding } from '../worlds/virtual/stage.ts';

export type { Recovery, StartUp, StoryLine, VitalSigns } from '../fleet/views.ts';

/** A threshold of the scenario and how it was met. */
export interface Judgement {
  /** e.g. `responseTime.p99Ms < 2000`. */
  readonly claim: string;
  /** Of claims about memory accuracy: the metric and the data set that the value is of. */
  readonly of?: string;
  /** Null when it was not measured: that fails. */
  readonly value: number | null;
  readonly pass: boolean;
}

/** What decides a run of the virtual world beside scenario, seed and build, and what came of it. */
export interface VirtualAccount {
  readonly text: TextName;
  /** What was done to it from outside. */
  readonly inputs: readonly RunInput[];
  /** Of all its events: the same for every run of the same scenario, seed, build, text and inputs. */
  readonly hash: string;
  readonly events: number;
  readonly ended: boolean;
  readonly findings: readonly Finding[];
}

/** An exam that was taken: which files, what came of it, and the vital sign that it makes. */
export interface ExamAccount {
  readonly files: readonly string[];
  readonly sign: VitalSigns['memory'];
  readonly report: ExamReport;
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
  /** Runs of the virtual world have it. */
  readonly virtual?: VirtualAccount;
  /** The memory exam that `vitalSigns.memory` is of, when one has been taken. */
  readonly exam?: ExamAccount;
}
