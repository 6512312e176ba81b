import { parseScenario, type Scenario } from '../../src/scenario/scenario.ts';

/** A scenario from JSON, with its seed. Throws Error with the sentences that say what is wrong. */
export function scenarioFrom(json: unknown, seed?: string): Scenario {
  const parsed = parseScenario(json);
  if (!parsed.ok) throw new Error(parsed.error.join('\n'));
  return seed === undefined ? parsed.value : { ...parsed.value, seed };
}
