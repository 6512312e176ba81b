import { parseFault } from '../../fleet/fault.ts';
import { idleSnapshot } from '../../fleet/idle.ts';
import { groveMetrics } from '../../fleet/metrics.ts';
import { nodeCount } from '../../fleet/placement.ts';
import type { AgentView, Fault, GroveSnapshot, Recovery, StoryLine } from '../../fleet/views.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import { ownCorpus, type Corpus } from './corpora.ts';
import { claimDatabase } from './groveLock.ts';
import { monotonicNow } from './liveEnv.ts';
import { openLiveGrove, type LiveGrove } from './liveGrove.ts';

type Outcome = { readonly ok: true } | { readonly ok: false; readonly message: string };

/** The Comlink contract of the conductor's worker. Refusals carry their sentence. */
export interface ConductorControl {
  /**
   * Where the page lies, when it was opened (`monotonicNow`), and the database it had before it was reloaded; returns the
   * one it has now. Once, before all else. Rejects with a sentence.
   */
  open(baseUrl: string, openedAtMs: number, preferred: string | null): Promise<string>;
  start(scenario: Scenario): Promise<Outcome>;
  plant(texts: readonly { readonly name: string; readonly text: string }[]): Promise<Outcome>;
  pause(): Outcome;
  resume(): Outcome;
  stop(): Outcome;
  setRate(perS: number): Outcome;
  inject(fault: Fault): Outcome;
  ask(
    question: string,
  ): { readonly ok: true; readonly id: string } | { readonly ok: false; readonly message: string };
  inspect(agent: string): Promise<AgentView | null>;
  snapshot(): GroveSnapshot;
  story(): readonly StoryLine[];
  recoveries(): readonly Recovery[];
  metrics(): string;
}

/** Heap and stacks of one worker with a node in it, as measured with 1,000 of them. */
const WORKER_MB = 5.5;
/** Questions longer than this are refused. */
const QUESTION_MAX = 2_000;

const refuse = (message: string): { readonly ok: false; readonly message: string } => ({
  ok: false,
  message,
});
const sentence = (e: unknown): string => (e instanceof Error ? e.message : String(e));

/** Why this machine should not try so many workers; null when it may. */
function tooMuch(scenario: Scenario): string | null {
  const workers = nodeCount(scenario.agents.count, scenario.agents.pool);
  const gigabytes = (navigator as { deviceMemory?: number }).deviceMemory;
  if (gigabytes === undefined || workers * WORKER_MB <= gigabytes * 1_024 * 0.6) return null;
  return `${workers} workers would need about ${Math.round((workers * WORKER_MB) / 1_024)} GB, and this machine has ${gigabytes} GB. Let the agents share a pool of workers, or take fewer.`;
}

export function createConductorControl(): ConductorControl {
  let baseUrl = '';
  let openedAtMs: number | null = null;
  let database = 'treering';
  let grove: LiveGrove | null = null;
  let scenario: Scenario | null = null;
  let idle = idleSnapshot('idle', null, { agents: 0, workers: 0 });
  /** Starts and stops take their turns. */
  let turn: Promise<unknown> = Promise.resolve();

  function restart(wanted: Scenario, corpus: Corpus | null): Promise<Outcome> {
    const run = async (): Promise<Outcome> => {
      const refusal = tooMuch(wanted);
      if (refusal !== null) return refuse(refusal);
      scenario = wanted;
      const shown = {
        agents: wanted.agents.count,
        workers: nodeCount(wanted.agents.count, wanted.agents.pool),
      };
      idle = idleSnapshot('spawning', null, shown);
      const epochMs = monotonicNow();
      // Only the first start is measured from the opening of the page, a later one from the wish for it.
      const openedAgoMs = openedAtMs === null ? 0 : epochMs - openedAtMs;
      openedAtMs = null;
      try {
        grove?.close();
        grove = null;
        grove = await openLiveGrove({
          scenario: wanted,
          database,
          baseUrl,
          epochMs,
          openedAgoMs,
          corpus,
        });
        return { ok: true };
      } catch (e) {
        idle = idleSnapshot('failed', sentence(e), shown);
        return refuse(sentence(e));
      }
    };
    const result = turn.then(run);
    turn = result.catch(() => undefined);
    return result;
  }

  const withGrove = (act: (g: LiveGrove) => string | null): Outcome => {
    if (!grove || grove.conductor.phase === 'stopped') return refuse('No grove is running; start one first.');
    const problem = act(grove);
    return problem === null ? { ok: true } : refuse(problem);
  };

  return {
    async open(base, openedAt, preferred) {
      baseUrl = base;
      openedAtMs = openedAt;
      database = await claimDatabase(preferred);
      return database;
    },
    start: (wanted) => restart(wanted, null),
    async plant(texts) {
      if (!scenario) return refuse('No grove is running; start one first, then give it your text.');
      const corpus = ownCorpus(texts);
      return corpus.ok ? restart({ ...scenario, resume: true }, corpus.value) : refuse(corpus.error);
    },
    pause: () =>
      withGrove((g) => {
        if (g.conductor.phase !== 'running')
          return `Only a running grove can be paused; this one is ${g.conductor.phase}.`;
        g.conductor.pause();
        return null;
      }),
    resume: () =>
      withGrove((g) => {
        if (g.conductor.phase !== 'paused')
          return `Only a paused grove can go on; this one is ${g.conductor.phase}.`;
        g.conductor.resume();
        return null;
      }),
    stop: () =>
      withGrove((g) => {
        g.refresh();
        g.close();
        return null;
      }),
    setRate: (perS) =>
      withGrove((g) => {
        if (!(perS >= 0 && perS <= 10_000))
          return `The rate must be from 0 to 10,000 questions a second, got ${perS}.`;
        g.conductor.setRate(perS);
        return null;
      }),
    inject: (fault) =>
      withGrove((g) => {
        const checked = parseFault(fault);
        return checked.ok ? g.conductor.inject(checked.value) : `${checked.error}.`;
      }),
    ask(question) {
      const text = question.trim();
      if (text === '') return refuse('Type a question first.');
      if (text.length > QUESTION_MAX)
        return refuse(`A question may have ${QUESTION_MAX} characters; this one has ${text.length}.`);
      if (!grove || !['running', 'paused'].includes(grove.conductor.phase))
        return refuse('The grove is not running yet; ask again when its agents are up.');
      return { ok: true, id: grove.gate.ask(text) };
    },
    inspect: (agent) => grove?.conductor.inspect(agent) ?? Promise.resolve(null),
    snapshot() {
      grove?.refresh();
      return grove?.conductor.snapshot() ?? idle;
    },
    story: () => grove?.conductor.story() ?? [],
    recoveries: () => grove?.conductor.recoveries() ?? [],
    metrics: () => (grove ? groveMetrics(grove.conductor.snapshot(), grove.gate, grove.conductor.rush) : ''),
  };
}
