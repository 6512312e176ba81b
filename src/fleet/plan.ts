import type { RingAccounts } from './ringAccounts.ts';
import type { AgentCharge, NodeSpec } from '../agents/contract.ts';
import type { Interaction } from '../agents/gate.ts';
import type { FleetOptions } from './options.ts';
import type { StormPlan } from './storm.ts';
import type { AgentView, Fault, GrovePhase, GroveSnapshot } from './views.ts';

/** What the conductor is to bring up. */
export interface GrovePlan {
  readonly fleet: FleetOptions;
  readonly charges: readonly AgentCharge[];
  /** The node (from 1) of each agent. */
  readonly placement: readonly number[];
  readonly nodes: number;
  readonly corpus: GroveSnapshot['corpus'];
  /** What every node is told alike. */
  readonly spec: Pick<NodeSpec, 'grove' | 'seed' | 'corpus' | 'options' | 'ring' | 'date' | 'knownItems'>;
  readonly questionsPerS: number;
  readonly killEveryMs: number;
  /** What else goes wrong by itself, once all agents are up. */
  readonly storm?: StormPlan;
  /** Goes on from crash memory, with so many messages that were under way. */
  readonly resumed: boolean;
  readonly carriedMessages: number;
  /** Milliseconds between the opening of the page and the clock's zero. */
  readonly openedAgoMs: number;
}

export interface Conductor {
  readonly phase: GrovePhase;
  start(): void;
  setRate(perS: number): void;
  pause(): void;
  resume(): void;
  stop(): void;
  inject(fault: Fault): string | null;
  inspect(agent: string): Promise<AgentView | null>;
  snapshot(): GroveSnapshot;
  /** Every line of the story. */
  story(): GroveSnapshot['story'];
  /** Every recovery. */
  recoveries(): GroveSnapshot['recoveries'];
  readonly rings: RingAccounts;
  /** Messages went from a node that reports no telemetry: the gate. */
  noteTraffic(from: number, to: number, messages: number): void;
  /** The grove cannot go on. */
  fail(message: string): void;
  /** Something went wrong that the grove survives. */
  warn(message: string): void;
  /** A question was answered or failed. */
  noteEnd(interaction: Interaction): void;
}
