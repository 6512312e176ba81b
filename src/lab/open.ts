import { transfer } from 'comlink';
import type { Scenario } from '../scenario/scenario.ts';
import { openConductor } from '../worlds/live/openConductor.ts';
import type { Grove } from './grove.ts';
import { derivedSigns, judge } from './judge.ts';
import type { Report } from './report.ts';

/** This build, as a report names it. */
export const BUILD = String(import.meta.env['TREERING_BUILD'] ?? 'unknown');

/** Opens the page's hold on a grove in the live world. Nothing runs until `start`. */
export async function openGrove(): Promise<Grove> {
  const { conductor, noteSession } = await openConductor();
  let scenario: Scenario | null = null;

  async function report(): Promise<Report> {
    const [snapshot, events, recoveries] = await Promise.all([
      conductor.snapshot(),
      conductor.story(),
      conductor.recoveries(),
    ]);
    const { startUp, vitalSigns } = snapshot;
    const derived = derivedSigns(recoveries, snapshot.kills, snapshot);
    return {
      scenario,
      seed: scenario?.seed ?? '',
      build: BUILD,
      world: 'live',
      durationMs: snapshot.atMs,
      startUp,
      vitalSigns,
      derived,
      judgements: judge(scenario?.thresholds ?? [], { vitalSigns, startUp }, derived),
      events,
      recoveries,
    };
  }

  return {
    start(wanted) {
      scenario = wanted;
      return conductor.start(wanted);
    },
    async agree(model) {
      if (model.source === 'url') {
        await conductor.agree({ baseUrl: model.baseUrl, key: model.key });
        return { ok: true };
      }
      const { NO_BUILT_IN, offerBuiltIn } = await import('./ownModel.ts');
      const port = offerBuiltIn();
      if (port === null) return { ok: false, message: NO_BUILT_IN };
      await conductor.provideBuiltIn(transfer(port, [port]));
      return { ok: true };
    },
    pause: () => conductor.pause(),
    resume: () => conductor.resume(),
    async stop() {
      const last = await report();
      await conductor.stop();
      return last;
    },
    startAfresh(wanted) {
      scenario = wanted;
      return conductor.start({ ...wanted, resume: false });
    },
    setRate: (perS) => conductor.setRate(perS),
    inject: (fault) => conductor.inject(fault),
    ask: (question) => conductor.ask(question),
    plant: (texts) => conductor.plant(texts),
    inspect: (agent) => conductor.inspect(agent),
    async snapshot() {
      const taken = await conductor.snapshot();
      if (taken.crashMemory) noteSession(taken.crashMemory.session);
      return taken;
    },
    exportMemory: () => conductor.exportMemory(),
    async importMemory(file) {
      const taken = await conductor.importMemory(file);
      if (taken.ok) scenario = taken.scenario;
      return taken;
    },
    cancelTransfer: () => void conductor.cancelTransfer(),
    report,
    metrics: () => conductor.metrics(),
  };
}
