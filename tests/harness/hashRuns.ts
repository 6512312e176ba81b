import { groveChaos } from './groveChaos.ts';
import { runGrove } from './groveRun.ts';
import { madeCorpus } from './madeCorpus.ts';
import { mathsBits } from './mathsBits.ts';
import { runRelay } from './relayRun.ts';
import { scenarioFrom } from './shippedScenario.ts';

/** Runs whose hash is the same wherever they run; they take the shipped scenario of the relay as JSON. */
export const hashRuns: Readonly<Record<string, (busChaos: unknown) => Promise<string>>> = {
  'logarithms and their kin': async () => mathsBits(),
  'a relay in chaos': async (busChaos) => (await runRelay(scenarioFrom(busChaos, 'hash'))).hash,
  'a whole grove in chaos': async () =>
    (await runGrove(scenarioFrom(groveChaos, 'hash'), madeCorpus(12, 6))).hash,
  'prompts of spans': async () =>
    (
      await runGrove(
        scenarioFrom({ ...groveChaos, durationS: 4, memory: { promptTokens: 130 } }, 'spans'),
        madeCorpus(12, 6),
      )
    ).hash,
};
