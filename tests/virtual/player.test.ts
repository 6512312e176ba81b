import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import busChaos from '../../public/scenarios/bus-chaos.json';
import type { RunScript } from '../../src/scenario/script.ts';
import { createGroveStage } from '../../src/worlds/virtual/groveStage.ts';
import { createPlayer, type Player } from '../../src/worlds/virtual/player.ts';
import { createRelayStage } from '../../src/worlds/virtual/relayStage.ts';
import type { Stage } from '../../src/worlds/virtual/stage.ts';
import { groveChaos } from '../harness/groveChaos.ts';
import { runGrove } from '../harness/groveRun.ts';
import { madeCorpus } from '../harness/madeCorpus.ts';
import { runRelay } from '../harness/relayRun.ts';
import { scenarioFrom } from '../harness/shippedScenario.ts';

const corpus = madeCorpus(12, 6);
const grove = scenarioFrom({ ...groveChaos, durationS: 6, seed: 'player' });
const relay = scenarioFrom({ ...busChaos, durationS: 12, seed: 'player' });
const scriptOf = (scenario: RunScript['scenario']): RunScript => ({ scenario, text: 'made', inputs: [] });
const openStage = ({ scenario }: RunScript): Stage =>
  scenario.faults.on === 'relay' ? createRelayStage({ scenario }) : createGroveStage({ scenario, corpus });

/** A player whose wall clock goes on by a millisecond at every look at it. */
function playerOf(room = 2): { player: Player; opened: () => number } {
  let nowMs = 0;
  let opened = 0;
  const player = createPlayer({
    now: () => ++nowMs,
    rest: () => new Promise((resolve) => void setImmediate(resolve)),
    open: async (script) => {
      opened++;
      return openStage(script);
    },
    room: () => room,
  });
  return { player, opened: () => opened };
}

/** Past any end. */
const END = 400_000 * 1_024;
async function untilEnd(player: Player): Promise<void> {
  player.setSpeed(null);
  player.play();
  while (player.view().mode === 'playing') await new Promise((resolve) => void setImmediate(resolve));
}

const acts = fc.oneof(
  fc.record({ do: fc.constant('seek' as const), share: fc.double({ min: 0, max: 1.1, noNaN: true }) }),
  fc.record({ do: fc.constant('step' as const), by: fc.constantFrom('event' as const, 0.3, 40) }),
  fc.record({ do: fc.constant('play' as const), turns: fc.nat(6), speed: fc.constantFrom(1, 30, null) }),
  fc.record({ do: fc.constant('cancel' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
);

describe.each([
  ['a whole grove', grove, 6],
  ['a relay', relay, 8],
] as const)('%s: the events do not depend on who looks at them', (_name, scenario, numRuns) => {
  test('played through pauses, steps, jumps and cancelled jumps it ends as the command line says', async () => {
    const straight =
      scenario.faults.on === 'relay' ? await runRelay(scenario) : await runGrove(scenario, corpus);
    const endTick = Math.round(straight.simulatedMs * 1_024);
    await fc.assert(
      fc.asyncProperty(fc.array(acts, { maxLength: 8 }), async (plan) => {
        const { player } = playerOf();
        await player.open(scriptOf(scenario));
        for (const act of plan) {
          if (act.do === 'seek') await player.seek(Math.round(act.share * endTick));
          else if (act.do === 'step') await player.step(act.by);
          else if (act.do === 'cancel') {
            const jump = player.seek(Math.round(act.share * endTick));
            for (let i = 0; i < 5; i++) await new Promise((resolve) => void setImmediate(resolve));
            player.cancel();
            await jump;
          } else {
            player.setSpeed(act.speed);
            player.play();
            for (let i = 0; i < act.turns; i++) await new Promise((resolve) => void setImmediate(resolve));
            player.pause();
          }
          // Looking changes nothing.
          await player.look(async ({ stage }) => [
            stage.snapshot(),
            await stage.inspect('a001'),
            stage.metrics(),
          ]);
        }
        await untilEnd(player);
        expect(player.view()).toMatchObject({ ended: true, hash: straight.hash });
      }),
      { numRuns, seed: 7 },
    );
  });
});

describe('what a visitor does in virtual time', () => {
  test('a step ends where it was to lead, however slow the machine is, and the next goes on from there', async () => {
    const { player } = playerOf();
    await player.open(scriptOf(grove));
    await player.seek(1_000 * 1_024);
    await player.step(700);
    expect(player.view().nowMs).toBe(1_700);
    await Promise.all([player.step(100), player.step(100), player.step(100)]);
    expect(player.view().nowMs).toBe(2_000);
  });

  test('becomes part of the script, and the script gives the same events again', async () => {
    const { player } = playerOf();
    await player.open(scriptOf(grove));
    await player.seek(END);
    const undisturbed = player.view().hash;
    await player.seek(3_000 * 1_024);
    expect(await player.input({ type: 'kill', node: 2 })).toBeNull();
    expect(await player.input({ type: 'ask', question: 'bafigo luma' })).toBeNull();
    await player.step(700);
    expect(await player.input({ type: 'rate', perS: 20 })).toBeNull();
    // Back before all of it and on again, from whatever world stands nearest.
    await player.seek(2_000 * 1_024);
    await player.seek(END);
    const { script, hash, ended } = player.view();
    expect(ended).toBe(true);
    expect(script!.inputs.map((i) => i.type)).toEqual(['kill', 'ask', 'rate']);
    expect(hash).not.toBe(undisturbed);

    const { player: other } = playerOf(0);
    await other.open(script!);
    await untilEnd(other);
    expect(other.view()).toMatchObject({ hash, ended: true, refused: [] });

    // Without them it is the first run again.
    for (const _ of script!.inputs.slice(1)) await player.withdraw(0);
    // A jump that overtakes the way back must not start from the world that still has it.
    void player.withdraw(0);
    while (player.view().script!.inputs.length > 0)
      await new Promise((resolve) => void setImmediate(resolve));
    await player.seek(END);
    expect(player.view().hash).toBe(undisturbed);
  });

  test('is refused when it cannot be done, and is then not in the script', async () => {
    const { player } = playerOf();
    await player.open(scriptOf(relay));
    await player.seek(2_000 * 1_024);
    expect(await player.input({ type: 'ask', question: 'who?' })).toContain('neither questions');
    expect(await player.input({ type: 'kill', node: 77 })).toContain('no node 77');
    await player.seek(END);
    expect(await player.input({ type: 'kill', node: 1 })).toContain('ended');
    expect(player.view().script!.inputs).toEqual([]);
  });
});

describe('a jump', () => {
  test('back starts at the nearest world, and one forth to where it was costs nothing', async () => {
    const { player, opened } = playerOf();
    await player.open(scriptOf(grove));
    await player.seek(5_000 * 1_024);
    const { hash, events } = player.view();
    await player.seek(3_000 * 1_024);
    const before = opened();
    expect(player.view().parkedMs).toContain(5_000);
    await player.seek(5_000 * 1_024);
    expect(player.view()).toMatchObject({ hash, events, mode: 'paused', nowMs: 5_000 });
    await player.seek(4_000 * 1_024);
    expect(opened()).toBe(before);
  });

  test('that is given up leaves the run where it was', async () => {
    const { player } = playerOf(0);
    await player.open(scriptOf(grove));
    await player.seek(5_000 * 1_024);
    const { hash } = player.view();
    const jump = player.seek(4_000 * 1_024);
    await new Promise((resolve) => void setImmediate(resolve));
    expect(player.view().mode).toBe('seeking');
    player.cancel();
    expect(await jump).toBe(false);
    expect(player.view()).toMatchObject({ hash, nowMs: 5_000, mode: 'paused' });
  });
});
