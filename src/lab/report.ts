/** The vital signs of a run: the same shape on screen, in `window.treering` and in a report. */
export interface VitalSigns {
  /** From the intended send time to the answer, open loop. NaN-free: 0 with `samples` 0 before the first answer. */
  readonly responseTime: {
    readonly p50Ms: number;
    readonly p95Ms: number;
    readonly p99Ms: number;
    readonly samples: number;
  };
  /** Agents up now, and the workers that host them. */
  readonly concurrency: { readonly agents: number; readonly nodes: number };
  /** value in [0, 1] over `queries` judged answers; the metric's and the data set's names go wherever the value goes. */
  readonly memory: {
    readonly metric: string;
    readonly dataset: string;
    readonly value: number;
    readonly queries: number;
  };
  /** bindingUse in [0, 1]: use of the limit that is used most, over the last minute; `saturated` when it held requests back. */
  readonly rateLimit: {
    readonly wire429: number;
    readonly agent429: number;
    readonly bindingLimit: string;
    readonly bindingUse: number;
    readonly saturated: boolean;
  };
  /** From the ledger, which is kept apart from the bus. */
  readonly delivery: {
    readonly sent: number;
    readonly delivered: number;
    readonly deadLettered: number;
    readonly inFlight: number;
    readonly lost: number;
    readonly duplicated: number;
    readonly misordered: number;
  };
  /** Time of one access to rush memory, inside the worker. */
  readonly rush: { readonly p50Ms: number; readonly p999Ms: number; readonly samples: number };
  /** Crash-memory writes that were acknowledged, and those of them missing after a recovery. */
  readonly crash: { readonly ackedWrites: number; readonly lost: number };
}

/** One thing that happened, told in a sentence. */
export interface StoryLine {
  readonly id: number;
  readonly atMs: number;
  readonly kind: 'life' | 'fault' | 'recovery' | 'answer' | 'warning';
  readonly text: string;
}

/** How a killed or hung node came back. */
export interface Recovery {
  readonly node: number;
  /** From the moment of death to the last of its agents ready again. */
  readonly ms: number;
  readonly messagesRedelivered: number;
  readonly messagesLost: number;
  readonly memoriesLost: number;
}

/** A threshold of the scenario and how it was met. */
export interface Judgement {
  /** e.g. `responseTime.p99Ms < 2000`. */
  readonly claim: string;
  readonly value: number;
  readonly pass: boolean;
}

/** Everything that a run found. */
export interface Report {
  readonly scenario: unknown;
  readonly seed: string;
  readonly build: string;
  readonly world: 'live' | 'virtual';
  readonly durationMs: number;
  /** Milliseconds from opening the page to every agent ready, and to the first answer; null when it did not happen. */
  readonly startUp: { readonly allAgentsMs: number | null; readonly firstAnswerMs: number | null };
  readonly vitalSigns: VitalSigns;
  readonly judgements: readonly Judgement[];
  readonly events: readonly StoryLine[];
  readonly recoveries: readonly Recovery[];
}
