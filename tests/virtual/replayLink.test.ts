import { expect, test } from 'vitest';
import busChaos from '../../public/scenarios/bus-chaos.json';
import { runFromUrl } from '../../src/scenario/runLink.ts';
import { stageOf } from '../../src/worlds/virtual/virtualControl.ts';
import { createVirtualRun } from '../../src/worlds/virtual/virtualRun.ts';
import { relayCaseOf, runRelay } from '../harness/relayRun.ts';
import { scenarioFrom } from '../harness/shippedScenario.ts';
import { linkTo, runOnce, scriptOf, type VirtualCommand } from '../harness/virtualCommand.ts';

const PAGE = 'https://example.org/grove/';
const BUILD = '0.1.0+abc';

/** What the page finds behind the link, run to its end. */
async function replay(link: string) {
  const opened = runFromUrl(link);
  if (!opened?.ok) throw new Error(opened?.error.join(' '));
  const { script, tick, build } = opened.value;
  expect(build).toBe(BUILD);
  const run = createVirtualRun(stageOf(script, null), [...script.inputs]);
  await run.advance(Infinity);
  return { run, tick };
}

/** Nodes are killed more often than they may be restarted: one is given up, and its messages go to the dead letters. */
const givenUp: VirtualCommand = {
  scenario: {
    durationS: 4,
    agents: { count: 4, pool: 4 },
    load: { questionsPerS: 5 },
    faults: { killEveryMs: 300 },
    fleet: { restartsPerMin: 1 },
  },
  seed: 'given up',
  documents: null,
  sabotage: null,
};

test('the link that the command line prints for a violation opens that run, and stands where all was well last', async () => {
  const outcome = await runOnce(givenUp);
  expect(outcome.violations.join()).toContain('deadLettered');
  const { run, tick } = await replay(linkTo(scriptOf(givenUp), BUILD, outcome.clearTick, PAGE));
  expect(run.hash).toBe(outcome.hash);
  expect(run.findings.map((f) => f.text).join()).toContain('messages among the dead letters');
  expect(tick).toBe(run.findings[0]!.clearTick);
  expect(run.findings[0]!.tick).toBeGreaterThan(tick!);
});

test('so does that of a smaller case, with a plan that no seed would draw', async () => {
  const scenario = scenarioFrom(busChaos, 'smaller');
  const whole = relayCaseOf(scenario);
  const smaller = {
    nodes: 3,
    putMs: 5_000,
    plan: {
      ...whole.plan,
      faults: whole.plan.faults.filter((f) => !('node' in f) || f.node <= 3).slice(0, 6),
    },
  };
  const { hash } = await runRelay(scenario, smaller);
  const command = { scenario: busChaos, seed: 'smaller', documents: null, sabotage: null };
  const { run } = await replay(linkTo(scriptOf(command, smaller), BUILD, null, PAGE));
  expect(run.hash).toBe(hash);
});
