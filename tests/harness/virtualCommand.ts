import type { Scenario } from '../../src/scenario/scenario.ts';
import type { SourceDocument } from '../../src/memory/documents.ts';
import { runLinkOf } from '../../src/scenario/runLink.ts';
import type { RunScript } from '../../src/scenario/script.ts';
import { madeTextFor } from '../../src/worlds/virtual/madeText.ts';
import { runGrove, type RunProgress } from './groveRun.ts';
import { relayCaseOf, runRelay, type RelayCase, type VirtualOutcome } from './relayRun.ts';
import { sabotages } from './sabotage.ts';
import { scenarioFrom } from './shippedScenario.ts';
import { describeCase, shrink } from './shrink.ts';

/** What the command line asks for. */
export interface VirtualCommand {
  /** A scenario as JSON. */
  readonly scenario: unknown;
  /** Null: the scenario's own. */
  readonly seed: string | null;
  /** What to remember; null for made words. */
  readonly documents: readonly SourceDocument[] | null;
  /** Breaks the protocol of a relay on purpose, by its name. */
  readonly sabotage: string | null;
}

/** As a `Command` is for a relay: durable nodes without a provider. */
const isRelay = (scenario: Scenario): boolean => scenario.faults.on === 'relay';

function sabotageOf(name: string | null) {
  if (name === null) return undefined;
  const found = sabotages[name];
  if (!found)
    throw new Error(`There is no sabotage ${name}; there are: ${Object.keys(sabotages).join('; ')}.`);
  return found;
}

/** One run in virtual time. Throws Error for a scenario that is none. */
export function runOnce(command: VirtualCommand, onProgress?: RunProgress): Promise<VirtualOutcome> {
  const scenario = scenarioFrom(command.scenario, command.seed ?? undefined);
  if (isRelay(scenario)) return runRelay(scenario, relayCaseOf(scenario), sabotageOf(command.sabotage));
  const { documents } = command;
  const corpus = documents ? { name: 'State of the Union', documents } : madeTextFor(scenario.agents.count);
  return runGrove(scenario, corpus, undefined, undefined, undefined, onProgress);
}

/** What a failing run was made smaller to. */
export interface SmallerCase {
  readonly words: string;
  readonly case: RelayCase;
  readonly clearTick: number | null;
}

/** A smaller case of a failing run; null where there is no way to make one. */
export async function shrinkRun(command: VirtualCommand): Promise<SmallerCase | null> {
  const scenario = scenarioFrom(command.scenario, command.seed ?? undefined);
  if (!isRelay(scenario)) return null;
  const sabotage = sabotageOf(command.sabotage);
  const { smallest, tried } = await shrink(
    relayCaseOf(scenario),
    async (c) => (await runRelay(scenario, c, sabotage)).violations.length > 0,
  );
  const { violations, clearTick } = await runRelay(scenario, smallest, sabotage);
  const words = `The smallest of ${tried} that still fails:\n${describeCase(smallest)}\n${violations.join('\n')}`;
  return { words, case: smallest, clearTick };
}

/** The script that a page replays a run of the command line from. */
export function scriptOf(command: VirtualCommand, smaller: RelayCase | null = null): RunScript {
  const scenario = scenarioFrom(command.scenario, command.seed ?? undefined);
  const text = command.documents || isRelay(scenario) ? 'built-in' : 'made';
  if (smaller === null) return { scenario, text, inputs: [] };
  const { nodes, putMs, plan } = smaller;
  // The plan has the faults of the case; those that the scenario's rates would draw have no part in it.
  const agents = { ...scenario.agents, count: nodes, pool: Math.min(scenario.agents.pool, nodes) };
  return {
    scenario: { ...scenario, agents, durationS: putMs / 1_000 },
    text,
    inputs: [],
    plan: plan as NonNullable<RunScript['plan']>,
  };
}

/**
 * The link that opens a run on the page.
 * @param tick where it is to stand; null to play it from its start
 */
export const linkTo = (script: RunScript, build: string, tick: number | null, page: string): string =>
  runLinkOf({ script, build, tick }, page);
