import { proxy, type Remote } from 'comlink';
import { parseFault } from '../../fleet/fault.ts';
import { idleSnapshot } from '../../fleet/idle.ts';
import { groveMetrics } from '../../fleet/metrics.ts';
import { nodeCount } from '../../fleet/placement.ts';
import type {
  AgentView,
  CrashMemoryView,
  Fault,
  GroveSnapshot,
  MemoryTransfer,
  Recovery,
  StoryLine,
} from '../../fleet/views.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import { sourceRefusal } from '../../provider/connection.ts';
import type { FetchHandler } from '../../provider/port.ts';
import { fetchOver } from './fetchPort.ts';
import { createCaller } from './portCalls.ts';
import { builtInCorpus, ownCorpus, type Corpus } from './corpora.ts';
import { claimDatabase } from './groveLock.ts';
import { readRecord, type GroveRecord } from './groveRecord.ts';
import { monotonicNow } from './liveEnv.ts';
import { openLiveGrove, type LiveGrove } from './liveGrove.ts';
import type { Progress } from './memoryTransfer.ts';
import type { StoreControl } from './storeControl.ts';
import { spawnStore } from './workers.ts';

interface Refused {
  readonly ok: false;
  readonly message: string;
}
type Outcome = { readonly ok: true } | Refused;

/** The Comlink contract of the conductor's worker. Refusals carry their sentence. */
export interface ConductorControl {
  /**
   * Where the page lies, when it was opened (`monotonicNow`), and the database it had before it was reloaded; returns the
   * one it has now. Once, before all else. Rejects with a sentence.
   */
  open(baseUrl: string, openedAtMs: number, preferred: string | null): Promise<string>;
  /** What the page knows of how its last visit ended (see `StoreOptions.cleanEnd`), and whether the browser keeps its data. */
  tell(known: { readonly cleanEnd?: string | null; readonly persisted?: boolean | null }): void;
  /**
   * Prompts may be sent to that endpoint from now on, with that key. Both stay in this worker's memory and in that of the
   * provider's worker, and are forgotten with the page.
   */
  agree(endpoint: { readonly baseUrl: string; readonly key: string | null }): void;
  /** The way to the browser's own model. */
  provideBuiltIn(port: MessagePort): void;
  start(scenario: Scenario): Promise<Outcome>;
  /** All of crash memory in one file. Progress is in the snapshot. */
  exportMemory(): Promise<{ readonly ok: true; readonly file: Blob } | Refused>;
  /**
   * Takes over a saved crash memory in place of this one, and starts the grove in it; a refused one changes nothing.
   * Returns the scenario with the layout of the grove that was saved.
   */
  importMemory(file: Blob): Promise<{ readonly ok: true; readonly scenario: Scenario } | Refused>;
  cancelTransfer(): void;
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

const refuse = (message: string): Refused => ({
  ok: false,
  message,
});
const sentence = (e: unknown): string => (e instanceof Error ? e.message : String(e));

/** Live agents that a grove was measured with; more run in virtual time. */
const LIVE_AGENTS_MAX = 1_000;

/** Why this machine should not try so many agents or workers; null when it may. */
function tooMuch(scenario: Scenario): string | null {
  const { count, pool } = scenario.agents;
  if (count > LIVE_AGENTS_MAX)
    return `A live grove hosts up to ${LIVE_AGENTS_MAX.toLocaleString('en')} agents, and this scenario has ${count.toLocaleString('en')}. Run it in the virtual world, or take fewer agents.`;
  const workers = nodeCount(count, pool);
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
  let crashMemory: CrashMemoryView | null = null;
  let cleanEnd: string | null = null;
  let persisted: boolean | null = null;
  let agreed: { readonly baseUrl: string | null; readonly key: string | null } = { baseUrl: null, key: null };
  let builtIn: FetchHandler | null = null;
  let transfer: MemoryTransfer | null = null;
  let cancelTransfer = (): void => undefined;
  let idle = idleSnapshot('idle', null, { agents: 0, workers: 0 });
  /** Starts and stops take their turns. */
  let turn: Promise<unknown> = Promise.resolve();

  function restart(wanted: Scenario, corpus: Corpus | null): Promise<Outcome> {
    const run = async (): Promise<Outcome> => {
      const refusal =
        tooMuch(wanted) ??
        sourceRefusal(wanted.provider, { baseUrl: agreed.baseUrl, builtIn: builtIn !== null });
      if (refusal !== null) {
        // Where nothing runs, the page shows why.
        if (!grove) idle = idleSnapshot('failed', refusal, { agents: 0, workers: 0 });
        return refuse(refusal);
      }
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
          key: agreed.key,
          builtIn,
          cleanEnd,
          onCrashMemory(view) {
            crashMemory = view;
            // What this page opened it also closes well.
            cleanEnd = view.session;
          },
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

  const progressOf =
    (kind: MemoryTransfer['kind']): Progress =>
    (doneBytes, totalBytes) =>
      void (transfer = { kind, doneBytes, totalBytes });

  /** One transfer at a time. */
  async function transferring<T extends { readonly ok: true }>(
    kind: MemoryTransfer['kind'],
    work: () => Promise<T | Refused>,
  ): Promise<T | Refused> {
    if (transfer) return refuse('Crash memory is being saved or taken in already; wait for its end.');
    transfer = { kind, doneBytes: 0, totalBytes: 0 };
    try {
      return await work();
    } catch (e) {
      return refuse(sentence(e));
    } finally {
      transfer = null;
      cancelTransfer = () => undefined;
    }
  }

  /** A store of its own over this page's database, while no grove has one. */
  async function withStore<T>(work: (control: Remote<StoreControl>) => Promise<T>): Promise<T> {
    const store = spawnStore();
    cancelTransfer = () => void store.control.cancel();
    try {
      return await Promise.race([work(store.control), store.failed]);
    } finally {
      store.end();
    }
  }

  const openIn = (control: Remote<StoreControl>): Promise<unknown> =>
    control.open(database, monotonicNow(), { groupCommitMs: 0, durability: 'strict', cleanEnd });

  /** Why the grove of that record cannot live here; null when it can. */
  async function unfit(record: GroveRecord | null): Promise<string | null> {
    if (!record) return 'there is no grove in it that this version knows';
    if (record.own || (await builtInCorpus(baseUrl, record.documents ?? 0)).id === record.corpusId)
      return null;
    return `its grove remembers ${record.corpusName} in an edition that this page does not have`;
  }

  async function takeIn(file: Blob, wanted: Scenario): Promise<Outcome> {
    // The grove's store has the database: it ends first. Whatever comes of the import, a grove starts again.
    grove?.close();
    grove = null;
    const imported = await withStore(async (control): Promise<Outcome> => {
      await openIn(control);
      const view = await control.view();
      cleanEnd = view?.session ?? cleanEnd;
      try {
        await control.importFile(file, proxy(progressOf('importing')));
        return { ok: true };
      } finally {
        await control.close();
      }
    }).catch((e: unknown) => refuse(sentence(e)));
    const next = imported.ok ? wanted : scenario && { ...scenario, resume: true };
    const started = next ? await restart(next, null) : imported;
    return imported.ok ? started : imported;
  }

  return {
    agree: (endpoint) => void (agreed = endpoint),
    provideBuiltIn(port) {
      builtIn = fetchOver(createCaller(port, (fn) => fn));
    },
    tell(known) {
      if (known.cleanEnd !== undefined) cleanEnd = known.cleanEnd;
      if (known.persisted !== undefined) persisted = known.persisted;
    },
    exportMemory: () =>
      transferring('exporting', async () => {
        const running = grove && grove.conductor.phase !== 'stopped' ? grove : null;
        cancelTransfer = () => running?.cancelExport();
        const file = running
          ? await running.exportFile(progressOf('exporting'))
          : await withStore(async (control) => {
              await openIn(control);
              return control.exportFile(proxy(progressOf('exporting')));
            });
        return { ok: true, file };
      }),
    importMemory: (file) =>
      transferring('checking', async () => {
        const { grove: texts } = await withStore((control) =>
          control.checkFile(file, proxy(progressOf('checking'))),
        );
        const record = readRecord(texts)?.record ?? null;
        const problem = await unfit(record);
        if (problem !== null || !record)
          return refuse(`This file cannot be taken in: ${problem}. Nothing was changed.`);
        if (!scenario) return refuse('No grove is running; start one first.');
        const { agents: count, pool, documents = 0 } = record;
        const wanted: Scenario = {
          ...scenario,
          resume: true,
          agents: { ...scenario.agents, count, pool, documents },
        };
        const refusal = tooMuch(wanted);
        if (refusal !== null) return refuse(refusal);
        const taken = await takeIn(file, wanted);
        return taken.ok ? { ok: true, scenario: wanted } : taken;
      }),
    cancelTransfer: () => cancelTransfer(),
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
      const shown = grove?.conductor.snapshot() ?? idle;
      return { ...shown, crashMemory: crashMemory && { ...crashMemory, persisted, transfer } };
    },
    story: () => grove?.conductor.story() ?? [],
    recoveries: () => grove?.conductor.recoveries() ?? [],
    metrics: () => (grove ? groveMetrics(grove.conductor.snapshot(), grove.gate, grove.conductor.rings) : ''),
  };
}
