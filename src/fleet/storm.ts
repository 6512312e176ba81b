import type { LinkFaults } from './ports.ts';
import type { Fault } from './views.ts';

/** What a scenario has go wrong in the live world: planned faults, and bad weather on every link until it is over. */
export interface StormPlan {
  readonly forMs: number;
  /** In the order of time, ms after the beginning. */
  readonly faults: readonly { readonly atMs: number; readonly fault: Fault }[];
}

/** What a storm needs of the conductor. */
export interface Stormy {
  now(): number;
  /** Calls `fn` after `delayMs`, unless the grove was stopped. */
  after(delayMs: number, fn: () => void): void;
  /** The gate's links and those of every node that has a host, by number. */
  links(): readonly (readonly [node: number, LinkFaults])[];
  inject(fault: Fault): void;
}

/** Faults of many links at once, which a host that is started meanwhile must have too. */
export interface Storm {
  /** Planned faults and bad weather begin. */
  begin(plan: StormPlan): void;
  /** Cuts these nodes off from all others, for so long. */
  cut(nodes: readonly number[], forMs: number): void;
  /** A node has a new host. */
  join(node: number, links: LinkFaults): void;
}

/** @param nodes how many there are beside the gate */
export function createStorm(nodes: number, on: Stormy): Storm {
  const all = Array.from({ length: nodes + 1 }, (_, id) => id);
  let overAtMs = 0;
  let cuts: { readonly side: ReadonlySet<number>; readonly untilMs: number }[] = [];

  const cutOff = (node: number, links: LinkFaults, side: ReadonlySet<number>, forMs: number): void =>
    links.cut(
      all.filter((id) => side.has(id) !== side.has(node)),
      forMs,
    );

  return {
    begin(plan) {
      overAtMs = on.now() + plan.forMs;
      for (const [, links] of on.links()) links.blow(plan.forMs);
      for (const { atMs, fault } of plan.faults) on.after(atMs, () => on.inject(fault));
    },
    cut(nodes, forMs) {
      const side = new Set(nodes);
      const nowMs = on.now();
      cuts = [...cuts.filter((c) => c.untilMs > nowMs), { side, untilMs: nowMs + forMs }];
      for (const [node, links] of on.links()) cutOff(node, links, side, forMs);
    },
    join(node, links) {
      const nowMs = on.now();
      if (overAtMs > nowMs) links.blow(overAtMs - nowMs);
      for (const { side, untilMs } of cuts) if (untilMs > nowMs) cutOff(node, links, side, untilMs - nowMs);
    },
  };
}
