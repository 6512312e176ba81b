import type { AgentView, Fault, GroveSnapshot } from '../fleet/views.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { Report } from './report.ts';

export type {
  AgentView,
  CrashMemoryView,
  Fault,
  GrovePhase,
  GroveSnapshot,
  InteractionView,
  CitationView,
  LegView,
  LinkActivity,
  NodeView,
  ProviderView,
  SeriesPoint,
} from '../fleet/views.ts';

/** A text given by the visitor: a file dropped or a paste. */
export interface TextInput {
  /** The file's name, its ending says the format; `pasted.txt` for a paste. */
  readonly name: string;
  readonly text: string;
}

/** Refused, with a sentence for the visitor. Nothing was changed. */
export interface Refusal {
  readonly ok: false;
  readonly message: string;
}
export type Outcome = { readonly ok: true } | Refusal;

/** A real model that the visitor agrees to; a key is kept in memory alone. */
export type OwnModel =
  | { readonly source: 'url'; readonly baseUrl: string; readonly key: string | null }
  | { readonly source: 'browser' };

/** The page's hold on one running grove. All promises resolve; refusals carry their sentence. */
export interface Grove {
  /** Builds the grove, resumes it from crash memory where there is one of the same scenario, and lets questions flow. */
  start(scenario: Scenario): Promise<Outcome>;
  /** Lets scenarios send their prompts to that model, until the page goes. Refused where there is none. */
  agree(model: OwnModel): Promise<Outcome>;
  pause(): Promise<Outcome>;
  resume(): Promise<Outcome>;
  /** Ends the run; memories stay in crash memory. */
  stop(): Promise<Report>;
  /** Stops, forgets everything in crash memory, and starts anew with the built-in text. */
  startAfresh(scenario: Scenario): Promise<Outcome>;
  setRate(questionsPerS: number): Promise<Outcome>;
  inject(fault: Fault): Promise<Outcome>;
  /** Asks a question; its way shows in the snapshot's `interactions` under the returned id. */
  ask(question: string): Promise<{ readonly ok: true; readonly id: string } | Refusal>;
  /** The grove remembers these texts instead of what it had; on a refusal it keeps what it had. */
  plant(texts: readonly TextInput[]): Promise<Outcome>;
  /** All of crash memory as one file; acks wait meanwhile. Progress is in the snapshot's `crashMemory.transfer`. */
  exportMemory(): Promise<{ readonly ok: true; readonly file: Blob } | Refusal>;
  /**
   * Puts a saved crash memory in the place of this grove's, and starts the grove in it; `scenario` has its layout. On a
   * refusal nothing was changed.
   */
  importMemory(file: Blob): Promise<{ readonly ok: true; readonly scenario: Scenario } | Refusal>;
  /** Ends the export or import under way; it is then refused. */
  cancelTransfer(): void;
  inspect(agent: string): Promise<AgentView | null>;
  snapshot(): Promise<GroveSnapshot>;
  report(): Promise<Report>;
  /** Prometheus text exposition (version 0.0.4) of every metric. */
  metrics(): Promise<string>;
}
