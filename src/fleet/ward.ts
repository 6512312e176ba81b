import type { AgentCharge, NodeTelemetry } from '../agents/contract.ts';
import type { HostHandle, LinkFaults } from './ports.ts';
import type { NodeView } from './views.ts';

/** A node as its conductor knows it. */
export interface Ward {
  readonly id: number;
  readonly charges: readonly AgentCharge[];
  inc: number;
  state: NodeView['state'];
  handle: HostHandle | null;
  telemetry: NodeTelemetry | null;
  /** Signs of life, of all its incarnations. */
  beats: number;
  answers: number;
  /** When a fault killed it, until its death was noticed. */
  killedAtMs: number | null;
  /** Restarted too often: it stays dead. */
  givenUp: boolean;
  pausedUntilMs: number;
}

/** A node that nobody has started yet. */
export const newWard = (id: number, charges: readonly AgentCharge[]): Ward => ({
  id,
  charges,
  inc: 1,
  state: 'spawning',
  handle: null,
  telemetry: null,
  beats: 0,
  answers: 0,
  killedAtMs: null,
  givenUp: false,
  pausedUntilMs: 0,
});

/** The links of all that have a host. */
export const linksOf = (wards: Iterable<Ward>): (readonly [node: number, LinkFaults])[] =>
  [...wards].flatMap((w) => (w.handle ? [[w.id, w.handle.links] as const] : []));

/** Whether its agents are at work, paused ones included. */
export const isLive = (w: Ward): boolean => w.state === 'up' || w.state === 'suspect' || w.state === 'paused';

export function nodeView(w: Ward, region: string): NodeView {
  return {
    id: w.id,
    region,
    state: w.state,
    incarnation: w.inc,
    agents: w.charges.map((c) => c.id),
    inbox: w.telemetry?.inbox ?? 0,
    memories: w.telemetry?.memories ?? 0,
    answers: w.answers,
  };
}

export function noteBeat(w: Ward, told: NodeTelemetry | null): void {
  w.beats++;
  if (w.state === 'suspect') w.state = 'up';
  if (told) w.telemetry = told;
}

/** Ends a node's worker, if it still runs, and gives back what was held for it. */
export function endWard(w: Ward): void {
  w.handle?.release();
  w.handle = null;
  w.state = 'dead';
}
