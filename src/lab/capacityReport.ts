import type { CapacityEstimate } from './capacityEstimate.ts';
import type { CapacityPlan, PolicyType } from './capacityPlan.ts';
import type { CapacityOutcome } from './capacityRun.ts';

/** What stands in the way of more: a limit, or the model's own time when no limit is near. */
export interface Binding {
  readonly type: 'limit' | 'refusal' | 'model';
  /** For people: `output tokens/min`, `concurrency`, `acceleration`; empty for the model. */
  readonly name: string;
  /** Use of the limit in the busiest minute; for a refusal the share of requests that were refused. */
  readonly share: number;
}

/** One run of a search. */
export interface Probe {
  readonly agents: number;
  readonly keeps: boolean;
  /** Of the tasks, and of the calls, that were over by its end. */
  readonly tasksInTime: number;
  readonly callsInTime: number;
  readonly taskP99Ms: number | null;
  readonly wire429: number;
  /** It was ended early, since it could not keep the bar any more. */
  readonly stopped: boolean;
}

/** How many agents the endpoint bears under a policy. */
export interface Knee {
  readonly policy: PolicyType;
  /** The most agents that were tried and kept the bar; 0 when not even one did. */
  readonly agents: number;
  /** The fewest that were tried and broke it; null when all that were tried kept it. */
  readonly breaksAt: number | null;
  /** What broke it there; null when nothing did. */
  readonly binding: Binding | null;
  /** By number of agents. */
  readonly probes: readonly Probe[];
  /** Simulated time of each. */
  readonly probeS: number;
}

/** How the number of places of the policy `fixed` was found. */
export interface Tuning {
  readonly places: number;
  readonly tried: readonly { readonly places: number; readonly inTime: number; readonly wire429: number }[];
}

export interface CapacityReport {
  readonly plan: CapacityPlan;
  readonly build: string;
  readonly profile: { readonly title: string; readonly asOf: string; readonly sources: readonly string[] };
  readonly estimate: CapacityEstimate;
  readonly outcomes: readonly CapacityOutcome[];
  readonly knees: readonly Knee[];
  readonly tuning: Tuning | null;
  /** Of everything above: equal for equal plans and builds. */
  readonly hash: string;
}
