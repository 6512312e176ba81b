import type { Scenario } from '../scenario/scenario.ts';
import type { RunScript } from '../scenario/script.ts';
import type { Grove, GroveSnapshot } from './grove.ts';
import { judge } from './judge.ts';
import type { Report } from './report.ts';
import type { VirtualGrove } from './virtual.ts';

const LOOK_EVERY_MS = 100;
/** A grove that is not up by then has failed. */
const START_TIMEOUT_MS = 120_000;
/** After the questions stopped: how long what is under way may take beyond its deadline. */
const SETTLE_MS = 5_000;

/** How this module waits, on the page's own clock. */
export type Sleep = (ms: number) => Promise<void>;

/**
 * One run from start to report: starts afresh (or resumes, as the scenario says), lets questions flow for its duration,
 * stops them, waits until all is settled, and reports. Rejects with a sentence when the grove cannot be had.
 */
export async function run(grove: Grove, scenario: Scenario, sleep: Sleep): Promise<Report> {
  const started = await grove.start(scenario);
  if (!started.ok) throw new Error(started.message);
  const up = await until(
    grove,
    sleep,
    START_TIMEOUT_MS,
    (s) => s.phase !== 'spawning' && s.startUp.allAgentsMs !== null,
  );
  if (!up) throw new Error(`Not all agents were up within ${START_TIMEOUT_MS / 1_000} s.`);
  const before = await delivered(grove);
  await sleep(scenario.durationS * 1_000);
  // The use of the limits is that of the run, not of the quiet after it.
  const { rateLimit, delivery } = (await grove.snapshot()).vitalSigns;
  await grove.setRate(0);
  await until(
    grove,
    sleep,
    scenario.agents.deadlineMs + SETTLE_MS,
    (s) =>
      s.vitalSigns.delivery.inFlight === 0 &&
      s.errands.away === 0 &&
      s.recovered >= s.kills &&
      s.interactions.every((i) => i.state !== 'travelling') &&
      s.series.slice(-2).every((p) => p.messages === 0),
  );
  const report = await grove.stop();
  const { bindingLimit, bindingUse, saturated } = rateLimit;
  const vitalSigns = {
    ...report.vitalSigns,
    rateLimit: { ...report.vitalSigns.rateLimit, bindingLimit, bindingUse, saturated },
  };
  // Messages of level durable that were delivered while questions flowed.
  const busMessagesPerS = (delivery.delivered - before) / scenario.durationS;
  const derived = { ...report.derived, busMessagesPerS };
  return {
    ...report,
    vitalSigns,
    derived,
    judgements: judge(scenario.thresholds, { ...report, vitalSigns }, derived),
  };
}

/** Messages delivered so far. */
const delivered = async (grove: Grove): Promise<number> =>
  (await grove.snapshot()).vitalSigns.delivery.delivered;

/** Looks until `settled`; false when time is up. Throws the grove's problem when it failed. */
async function until(
  grove: Grove,
  sleep: Sleep,
  timeoutMs: number,
  settled: (s: GroveSnapshot) => boolean,
): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < timeoutMs; waitedMs += LOOK_EVERY_MS) {
    const snapshot = await grove.snapshot();
    if (snapshot.phase === 'failed') throw new Error(snapshot.problem ?? 'The grove failed.');
    if (settled(snapshot)) return true;
    await sleep(LOOK_EVERY_MS);
  }
  return false;
}

/** One run of the virtual world from its first tick to its end, as fast as it goes. Rejects with a sentence when it cannot be had. */
export async function runVirtual(grove: VirtualGrove, script: RunScript): Promise<Report> {
  const opened = await grove.open(script);
  if (!opened.ok) throw new Error(opened.message);
  if (!(await grove.seek(Infinity))) throw new Error('The run was stopped before its end.');
  return grove.report();
}
