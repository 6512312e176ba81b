import { parseScenario, type Scenario } from '../../scenario/scenario.ts';

/** How many agents, and in how many workers: 0 for one worker an agent. */
export interface Size {
  readonly agents: number;
  readonly pool: number;
}

export type Plan =
  | { readonly ok: true; readonly scenario: Scenario }
  | { readonly ok: false; readonly sentences: readonly string[] };

/** Checks an unknown value as a scenario; a refusal holds one sentence an issue. */
export function planOf(value: unknown): Plan {
  const parsed = parseScenario(value);
  return parsed.ok
    ? { ok: true, scenario: parsed.value }
    : { ok: false, sentences: parsed.error.map((s) => `${s}.`) };
}

/** `scenario` with another size. A refusal says what is wrong in one sentence. */
export function resize(scenario: Scenario, size: Size): Plan {
  if (size.pool > size.agents)
    return {
      ok: false,
      sentences: [
        `A pool of ${size.pool} workers for ${size.agents} agents would leave workers empty; ask for at most ${size.agents}.`,
      ],
    };
  return planOf({
    ...scenario,
    agents: { ...scenario.agents, count: size.agents, pool: size.pool },
  });
}
