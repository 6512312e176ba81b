import { drawFaultPlan } from '../../faults/faultPlan.ts';
import type { FaultOptions } from '../../faults/options.ts';
import { FAIR_WEATHER, type Weather } from '../../faults/weather.ts';
import type { StormPlan } from '../../fleet/storm.ts';
import type { Fault } from '../../fleet/views.ts';
import type { Scenario } from '../../scenario/scenario.ts';

/** How much longer a frame takes that is overtaken, at most. */
const REORDER_MS = 50;

/** The worst that the weather of one link may be. */
export const worstWeather = ({ lossMax, duplicationMax, reorderingMax }: FaultOptions): Weather => ({
  ...FAIR_WEATHER,
  delayMs: 0,
  jitterMs: 0,
  loss: lossMax,
  duplication: duplicationMax,
  reordering: reorderingMax,
  reorderMs: reorderingMax > 0 ? REORDER_MS : 0,
});

/** What only virtual time can do to a grove. */
const VIRTUAL_ONLY = {
  powerCutsPerMin: 'power cuts',
  clockJumpsPerMin: 'jumping clocks',
  diskStallsPerMin: 'a disk that stalls',
  clockDriftMax: 'clocks that drift',
} as const;

/** What a scenario asks for that the live world cannot do. */
export const leftOut = (faults: FaultOptions): readonly string[] =>
  (Object.keys(VIRTUAL_ONLY) as (keyof typeof VIRTUAL_ONLY)[])
    .filter((key) => faults[key] > 0)
    .map((key) => VIRTUAL_ONLY[key]);

/** The faults that a scenario draws from its seed, as the live world has them; the same seed gives the same ones. */
export function liveStorm(
  scenario: Pick<Scenario, 'seed' | 'faults' | 'bus' | 'durationS'>,
  nodes: number,
): StormPlan {
  const forMs = scenario.durationS * 1_000;
  const { faults } = drawFaultPlan(scenario, nodes, forMs);
  return {
    forMs,
    faults: faults.flatMap((planned): StormPlan['faults'] => {
      const fault = liveFault(planned);
      return fault ? [{ atMs: planned.atMs, fault }] : [];
    }),
  };
}

function liveFault(planned: ReturnType<typeof drawFaultPlan>['faults'][number]): Fault | null {
  switch (planned.type) {
    case 'kill':
      return { type: 'kill', node: planned.node };
    case 'pause':
    case 'link':
    case 'partition':
    case 'provider': {
      const { atMs: _, ...fault } = planned;
      return fault;
    }
    case 'power cut':
    case 'clock':
    case 'disk':
      return null;
  }
}
