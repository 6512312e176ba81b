import type {
  AgentInspection,
  DirectoryEntry,
  NodeReady,
  NodeSpec,
  NodeTelemetry,
} from '../agents/contract.ts';
import type { BusReport } from '../agents/busReport.ts';
import type { LedgerTotals } from '../bus/ledger.ts';
import type { Gate } from '../agents/gate.ts';
import type { GroveSnapshot } from './views.ts';

/** What a host tells its supervisor. */
export interface HostEvents {
  /** The sign of life, several times a second, with what happened since the last; null when nothing did. */
  readonly onBeat: (telemetry: NodeTelemetry | null) => void;
  /** The host is gone. */
  readonly onDied: () => void;
  /** The node cannot go on; the host should be ended. */
  readonly onFailure: (message: string) => void;
  readonly onWarning: (message: string) => void;
}

/** What can befall the links on which a node posts. */
export interface LinkFaults {
  /** Frames to `to` are lost with chance `loss`, or late, for so long. */
  disturb(to: number, loss: number, delayMs: number, forMs: number): void;
  /** Nothing arrives at these nodes, for so long. */
  cut(from: readonly number[], forMs: number): void;
  /** The scenario's bad weather is on every link, for so long. */
  blow(forMs: number): void;
}

/** One started host of a node; in the live world a worker. */
export interface HostHandle {
  /** Brings the node up in it. Rejects with a sentence. */
  start(spec: NodeSpec): Promise<NodeReady>;
  /** Ends it at once, whatever it is doing. Does not call `onDied`: who kills must still be found out. */
  terminate(): void;
  /** Ends it if it still runs, and gives back everything that was held for it. */
  release(): void;
  /** Stops everything in it for a while, as a frozen process. */
  pause(forMs: number): void;
  /** Its links to others. */
  readonly links: LinkFaults;
  /** Questions with a known answer, made of what its agents archive. */
  knownItems(): Promise<Parameters<Gate['addKnownItems']>[0]>;
  inspect(agent: string): Promise<AgentInspection | null>;
}

/** Where hosts come from. */
export interface HostPort {
  spawn(node: number, inc: number, events: HostEvents): HostHandle;
  /** Tells every node up what changed. */
  announce(news: FleetNews): void;
}

/** What all nodes hear from their supervisor. */
export type FleetNews =
  | { readonly type: 'restarted'; readonly node: number; readonly inc: number }
  | { readonly type: 'given up'; readonly node: number; readonly reason: string };

/** What the provider's endpoint counted. */
export interface WireCounts {
  readonly requests: number;
  readonly status429: number;
}

/** The API manager as the conductor sees it. */
export interface DeskView {
  view(): GroveSnapshot['provider'];
  use(): { readonly bindingLimit: string; readonly bindingUse: number; readonly saturated: boolean };
  releaseHolder(node: number): void;
}

/** Everything outside of the conductor that it reads or steers. */
export interface ConductorPorts {
  readonly hosts: HostPort;
  readonly desk: DeskView;
  /** For the directory: what agents archive. */
  learn(entries: readonly DirectoryEntry[]): void;
  /** These agents are gone for good. */
  forget(agents: readonly DirectoryEntry['agent'][]): void;
  /** Per agent: the highest memory number that crash memory committed in this run; 0 for none. */
  committed(agents: readonly string[]): Promise<readonly number[]>;
  ledger(): Promise<LedgerTotals>;
  wire(): Promise<WireCounts>;
  disturbProvider(slowdown: number, failing: number): void;
  /** The gate's account of its bus; null while it is not up. */
  gateBus(): (BusReport & Pick<NodeTelemetry, 'hurt'>) | null;
  readonly gateLinks: LinkFaults;
}
