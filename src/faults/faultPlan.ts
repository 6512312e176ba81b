import { createRng } from '../kernel/rng.ts';
import type { FaultOptions } from './options.ts';
import { FAIR_WEATHER, type Weather } from './weather.ts';

/** Something that goes wrong at a time known beforehand. */
export type PlannedFault = { readonly atMs: number } & (
  | {
      readonly type: 'kill';
      readonly node: number;
      /** Until its next incarnation starts. */
      readonly downMs: number;
      /** How long the killed one goes on all the same, as a terminated worker in synchronous code does. */
      readonly zombieMs: number;
    }
  | { readonly type: 'pause'; readonly node: number; readonly forMs: number }
  | { readonly type: 'partition'; readonly nodes: readonly number[]; readonly forMs: number }
  | {
      readonly type: 'link';
      readonly from: number;
      readonly to: number;
      readonly loss: number;
      readonly delayMs: number;
      readonly forMs: number;
    }
  | {
      readonly type: 'provider';
      readonly slowdown: number;
      readonly failing: number;
      readonly forMs: number;
    }
  | { readonly type: 'power cut'; readonly downMs: number }
  /** A node's clock jumps ahead, and runs at another rate from then on. */
  | { readonly type: 'clock'; readonly node: number; readonly jumpMs: number; readonly rate: number }
  /** The disk takes its time: for so long it finishes nothing. */
  | { readonly type: 'disk'; readonly forMs: number }
);

/** All that goes wrong in a run. */
export interface FaultPlan {
  /** Until the last planned fault is over. */
  readonly weather: Weather;
  /** In the order of time. */
  readonly faults: readonly PlannedFault[];
  /** Per node from 0 (the gate): how fast its clock runs at first. */
  readonly clockRates: readonly number[];
}

/** Draws a plan from the scenario's seed: the same seed, nodes and duration give the same plan. */
export function drawFaultPlan(
  scenario: {
    readonly seed: string;
    readonly faults: FaultOptions;
    readonly bus: { readonly clockDriftMs: number };
  },
  nodes: number,
  durationMs: number,
): FaultPlan {
  const rates = scenario.faults;
  const rng = createRng(`${scenario.seed}/faults`);
  const faults: PlannedFault[] = [];
  /** Poisson arrivals; each kind has a stream of its own, so that one more of a kind leaves the others alone. */
  const arrivals = (
    kind: string,
    perMin: number,
    draw: (atMs: number, r: typeof rng) => PlannedFault,
  ): void => {
    if (perMin <= 0) return;
    const own = rng.fork(kind);
    for (
      let atMs = own.exponential(60_000 / perMin);
      atMs < durationMs;
      atMs += own.exponential(60_000 / perMin)
    )
      faults.push(draw(Math.round(atMs), own));
  };
  const anyNode = (r: typeof rng, from = 0): number => from + r.int(nodes + 1 - from);
  const rateOf = (r: typeof rng): number => 1 + (r.next() * 2 - 1) * rates.clockDriftMax;
  // The gate lives with the conductor in the grove, and falls only with everything else.
  const firstMortal = rates.on === 'relay' ? 0 : 1;
  arrivals('kill', rates.killsPerMin, (atMs, r) => ({
    atMs,
    type: 'kill',
    node: anyNode(r, firstMortal),
    downMs: r.int(400),
    zombieMs: r.next() < 0.3 ? r.int(2_000) : 0,
  }));
  arrivals('pause', rates.pausesPerMin, (atMs, r) => ({
    atMs,
    type: 'pause',
    node: anyNode(r, firstMortal),
    forMs: 100 + r.int(4_000),
  }));
  arrivals('partition', rates.partitionsPerMin, (atMs, r) => {
    const side = Array.from({ length: nodes + 1 }, (_, i) => i).filter(() => r.next() < 0.5);
    return { atMs, type: 'partition', nodes: side, forMs: 200 + r.int(6_000) };
  });
  arrivals('link', rates.linkTroublesPerMin, (atMs, r) => ({
    atMs,
    type: 'link',
    from: anyNode(r, 1),
    to: anyNode(r),
    loss: r.next() * 0.8,
    delayMs: r.int(200),
    forMs: 200 + r.int(5_000),
  }));
  arrivals('provider', rates.providerTroublesPerMin, (atMs, r) => ({
    atMs,
    type: 'provider',
    slowdown: 1 + r.int(4),
    failing: r.next() * 0.5,
    forMs: 500 + r.int(5_000),
  }));
  arrivals('power cut', rates.powerCutsPerMin, (atMs, r) => ({
    atMs,
    type: 'power cut',
    downMs: 50 + r.int(1_000),
  }));
  arrivals('clock', rates.clockJumpsPerMin, (atMs, r) => ({
    atMs,
    type: 'clock',
    node: anyNode(r),
    jumpMs: r.int(r.next() < 0.2 ? 20_000 : 1_000),
    rate: rateOf(r),
  }));
  arrivals('disk', rates.diskStallsPerMin, (atMs, r) => ({ atMs, type: 'disk', forMs: 20 + r.int(2_000) }));
  faults.sort((a, b) => a.atMs - b.atMs);
  const weather = {
    loss: rng.next() * rates.lossMax,
    duplication: rng.next() * rates.duplicationMax,
    reordering: rng.next() * rates.reorderingMax,
    reorderMs: rates.reorderingMax > 0 ? rng.next() * 50 : 0,
    delayMs: FAIR_WEATHER.delayMs,
    jitterMs: FAIR_WEATHER.jitterMs + (rates.reorderingMax > 0 ? rng.next() * 10 : 0),
  };
  const clockRates = Array.from({ length: nodes + 1 }, () => rateOf(rng));
  return {
    weather,
    faults: disciplined(faults, clockRates, scenario.bus.clockDriftMs * OFF_SHARE, durationMs),
    clockRates,
  };
}

/** Of what the protocol bears between two clocks, so much may one be off: two that are off to different sides still keep within it. */
const OFF_SHARE = 0.4;

/**
 * Keeps clocks as near to the true time as a time service would: a jump goes no further than `offMsMax`, and a clock that has
 * drifted so far runs at the opposite rate from then on. Without it the jumps of a long run would add up beyond any bound.
 */
function disciplined(
  faults: readonly PlannedFault[],
  rates: readonly number[],
  offMsMax: number,
  durationMs: number,
): PlannedFault[] {
  const start = rates.map((rate) => ({ off: 0, rate, atMs: 0 }));
  const clocks = start.map((clock) => ({ ...clock }));
  const all: PlannedFault[] = [];

  /** Lets a clock run until then, and turns its rate round wherever it reaches the bound. */
  function run(node: number, untilMs: number): void {
    const clock = clocks[node]!;
    for (;;) {
      const drift = clock.rate - 1;
      const leftMs = drift === 0 ? Infinity : (Math.sign(drift) * offMsMax - clock.off) / drift;
      const turnsAtMs = clock.atMs + leftMs;
      if (!(turnsAtMs < untilMs)) break;
      all.push({ atMs: Math.floor(turnsAtMs), type: 'clock', node, jumpMs: 0, rate: 2 - clock.rate });
      Object.assign(clock, { off: Math.sign(drift) * offMsMax, rate: 2 - clock.rate, atMs: turnsAtMs });
    }
    clock.off += (untilMs - clock.atMs) * (clock.rate - 1);
    clock.atMs = untilMs;
  }

  for (const fault of faults) {
    if (fault.type === 'clock' && clocks[fault.node]) {
      run(fault.node, fault.atMs);
      const clock = clocks[fault.node]!;
      const jumpMs = Math.max(0, Math.min(fault.jumpMs, Math.floor(offMsMax - clock.off)));
      all.push({ ...fault, jumpMs });
      Object.assign(clock, { off: clock.off + jumpMs, rate: fault.rate });
      continue;
    }
    // Machines that start again set their clocks.
    if (fault.type === 'power cut')
      clocks.forEach((_, node) => {
        run(node, fault.atMs);
        clocks[node] = { ...start[node]!, atMs: fault.atMs };
      });
    all.push(fault);
  }
  clocks.forEach((_, node) => run(node, durationMs));
  return all.sort((a, b) => a.atMs - b.atMs);
}

/** When the last of the plan's faults is over. */
export function endOfFaults(plan: FaultPlan): number {
  return plan.faults.reduce((end, f) => {
    const lasts = f as { readonly forMs?: number; readonly downMs?: number; readonly zombieMs?: number };
    return Math.max(end, f.atMs + Math.max(lasts.forMs ?? 0, lasts.downMs ?? 0, lasts.zombieMs ?? 0));
  }, 0);
}
