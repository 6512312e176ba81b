import type { Scenario } from '../../src/scenario/scenario.ts';
import type { SourceDocument } from '../../src/memory/documents.ts';
import { runGrove } from './groveRun.ts';
import { madeCorpus } from './madeCorpus.ts';
import { relayCaseOf, runRelay, type VirtualOutcome } from './relayRun.ts';
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
export function runOnce(command: VirtualCommand): Promise<VirtualOutcome> {
  const scenario = scenarioFrom(command.scenario, command.seed ?? undefined);
  if (isRelay(scenario)) return runRelay(scenario, relayCaseOf(scenario), sabotageOf(command.sabotage));
  const { documents } = command;
  const corpus = documents
    ? { name: 'State of the Union', documents }
    : madeCorpus(Math.max(20, Math.ceil(scenario.agents.count / 5)), 10);
  return runGrove(scenario, corpus);
}

/** A smaller case of a failing run, in words; null where there is no way to make one. */
export async function shrinkRun(command: VirtualCommand): Promise<string | null> {
  const scenario = scenarioFrom(command.scenario, command.seed ?? undefined);
  if (!isRelay(scenario)) return null;
  const sabotage = sabotageOf(command.sabotage);
  const { smallest, tried } = await shrink(
    relayCaseOf(scenario),
    async (c) => (await runRelay(scenario, c, sabotage)).violations.length > 0,
  );
  const { violations } = await runRelay(scenario, smallest, sabotage);
  return `The smallest of ${tried} that still fails:\n${describeCase(smallest)}\n${violations.join('\n')}`;
}
