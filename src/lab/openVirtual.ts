import { transfer } from 'comlink';
import type { RunScript, TextName } from '../scenario/script.ts';
import { fetchCorpusIndex, fetchPackedText } from '../worlds/live/corpusFetch.ts';
import { openVirtualWorker } from '../worlds/virtual/openVirtualWorker.ts';
import type { Outcome, Refusal } from './grove.ts';
import { derivedSigns, judge } from './judge.ts';
import { BUILD } from './open.ts';
import type { Report } from './report.ts';
import type { VirtualGrove } from './virtual.ts';

const refuse = (message: string): Refusal => ({ ok: false, message });
const outcome = (refusal: string | null): Outcome => (refusal === null ? { ok: true } : refuse(refusal));
const NO_FILE =
  'The crash memory of a run in virtual time ends with it; its link brings it back. Export and import are for the live world.';
const NO_REAL_MODEL =
  'A real model answers in its own time, so it cannot be part of virtual time; use it in the live world.';
const NO_RUN = 'No run has been begun yet; begin one first.';

/**
 * The page's hold on the virtual world. Its worker starts with the first thing that is asked of it.
 * @param baseUrl where the page lies, and the built-in text beside it
 */
export function openVirtualGrove(baseUrl: string): VirtualGrove {
  let opened: ReturnType<typeof openVirtualWorker> | null = null;
  const worker = (): ReturnType<typeof openVirtualWorker> => (opened ??= openVirtualWorker());
  /** Of the run that was opened last: a scenario begun after it keeps it. */
  let text: TextName = 'built-in';

  async function open(script: RunScript): Promise<Outcome> {
    const { control, failed } = worker();
    const opening = async (): Promise<void> => {
      if (await control.needsText(script)) {
        const index = await fetchCorpusIndex(baseUrl);
        const bytes = await fetchPackedText(baseUrl, index.file);
        await control.provideText(transfer({ index, bytes }, [bytes]));
      }
      await control.open(script);
    };
    try {
      await Promise.race([opening(), failed]);
      text = script.text;
      return { ok: true };
    } catch (e) {
      return refuse(e instanceof Error ? e.message : String(e));
    }
  }

  async function begin(scenario: RunScript['scenario']): Promise<Outcome> {
    const done = await open({ scenario, text, inputs: [] });
    if (done.ok) await worker().control.play();
    return done;
  }

  async function report(): Promise<Report> {
    const account = await worker().control.account();
    if (!account) throw new Error(NO_RUN);
    const { time, snapshot, story, recoveries } = account;
    const { startUp, vitalSigns } = snapshot;
    const scenario = time.script?.scenario ?? null;
    const derived = derivedSigns(recoveries, snapshot.kills, snapshot);
    // How long computing takes is a matter of real machines: in virtual time it takes none.
    const thresholds = (scenario?.thresholds ?? []).filter((t) => !t.sign.startsWith('rush.'));
    return {
      scenario,
      seed: scenario?.seed ?? '',
      build: BUILD,
      world: 'virtual',
      durationMs: time.nowMs,
      startUp,
      vitalSigns,
      derived,
      judgements: judge(thresholds, { vitalSigns, startUp }, derived),
      events: story,
      recoveries,
      virtual: {
        text: time.script?.text ?? text,
        inputs: time.script?.inputs ?? [],
        hash: time.hash,
        events: time.events,
        ended: time.ended,
        findings: time.findings,
      },
    };
  }

  return {
    open,
    start: begin,
    startAfresh: begin,
    async pause() {
      await worker().control.pause();
      return { ok: true };
    },
    async resume() {
      const { control } = worker();
      const { mode, ended } = await control.time();
      if (mode === 'empty') return refuse(NO_RUN);
      if (ended) return refuse('This run has ended. Go back to an earlier moment, or begin another run.');
      await control.play();
      return { ok: true };
    },
    async stop() {
      await worker().control.pause();
      return report();
    },
    setRate: async (perS) => outcome(await worker().control.input({ type: 'rate', perS })),
    inject: async (fault) => outcome(await worker().control.input(fault)),
    async ask(question) {
      const asked = question.trim();
      if (asked === '') return refuse('Type a question first.');
      const { control } = worker();
      const refusal = await control.input({ type: 'ask', question: asked });
      if (refusal !== null) return refuse(refusal);
      const { interactions } = await control.snapshot();
      return { ok: true, id: interactions.findLast((i) => i.byVisitor)?.id ?? '' };
    },
    plant: () =>
      Promise.resolve(
        refuse(
          'The virtual world remembers the built-in text or made words, so that a link can replay its runs. Plant your own text in the live world.',
        ),
      ),
    inspect: (agent) => worker().control.inspect(agent),
    snapshot: () => worker().control.snapshot(),
    report,
    metrics: () => worker().control.metrics(),
    exportMemory: () => Promise.resolve(refuse(NO_FILE)),
    importMemory: () => Promise.resolve(refuse(NO_FILE)),
    agree: () => Promise.resolve(refuse(NO_REAL_MODEL)),
    cancelTransfer: () => undefined,
    time: () => worker().control.time(),
    setSpeed: (speed) => worker().control.setSpeed(speed),
    step: (by) => worker().control.step(by),
    seek: (tick) => worker().control.seek(tick),
    cancel: () => worker().control.cancel(),
    withdraw: (index) => worker().control.withdraw(index),
  };
}
