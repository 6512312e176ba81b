import type { NodeSpec } from '../agents/contract.ts';
import type { AgentId } from '../kernel/ids.ts';
import type { GrovePlan } from './plan.ts';
import type { Ward } from './ward.ts';

/** What a new incarnation of a node is told. @param again the one before died */
export const specOf = (
  plan: GrovePlan,
  ward: Ward,
  wards: Iterable<Ward>,
  again: boolean,
  acked: NodeSpec['acked'],
): NodeSpec => ({
  ...plan.spec,
  self: ward.id,
  inc: ward.inc,
  agents: ward.charges,
  allAgents: plan.charges.map((c) => c.id),
  placement: plan.placement,
  acked,
  abandoned: [...wards].filter((w) => w.givenUp).map((w) => w.id),
  scar: again,
});

/**
 * What crash memory must give back of some agents: what it committed, also the last of it, which no telemetry has told.
 * @param committed per agent, in their order
 * @param told per agent, as the node last said
 */
export const ackedOf = (
  agents: readonly AgentId[],
  committed: readonly number[],
  told: ReadonlyMap<AgentId, { readonly seq: number; readonly fingerprint: number }>,
): NodeSpec['acked'] =>
  agents.map((id, i) => {
    const last = told.get(id);
    const seq = Math.max(committed[i] ?? 0, last?.seq ?? 0);
    return [id, seq, last?.seq === seq ? last.fingerprint : null];
  });
