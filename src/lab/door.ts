import { parseScenario, type Scenario } from '../scenario/scenario.ts';
import type { TextName } from '../scenario/script.ts';
import { sleep } from '../worlds/live/liveEnv.ts';
import type { ExamAccount, ExamEndpoint, Exams, ExamStep, NamedBlob } from './exams.ts';
import type { AgentView, Fault, Grove, GroveSnapshot, Outcome } from './grove.ts';
import type { Report } from './report.ts';
import { BUILD } from './open.ts';
import { run, runVirtual, type Sleep } from './run.ts';
import type { VirtualGrove } from './virtual.ts';
import type { World, WorldSwitch } from './worldSwitch.ts';

/** Where a scenario runs. */
export interface RunOptions {
  /** `live` (the default): real workers and the wall clock. `virtual`: simulated time, as fast as it goes. */
  readonly world?: World;
  /** Virtual world: what the agents remember. The built-in addresses, or `made` words, which are quicker to plant. */
  readonly text?: TextName;
  /** Live world: the API key of the endpoint that `provider.baseUrl` names. It is kept in memory alone. */
  readonly key?: string;
}

/**
 * `window.treering`: the machine's door. Scenarios are JSON as in `public/scenarios`; missing keys take their defaults.
 * What names no world speaks of the one that the page shows: that of the last `run` or `start`, or the visitor's choice.
 */
export interface Treering {
  readonly version: string;
  /**
   * Runs a scenario from start to report: starts it afresh, lets questions flow for `durationS`, waits until all is
   * settled, stops. Rejects with one sentence a mistake when the scenario is not valid, or with what went wrong.
   */
  run(scenario: unknown, options?: RunOptions): Promise<Report>;
  /** Starts a scenario and returns once its workers are being spawned. Rejects as `run` does. */
  start(scenario: unknown, options?: RunOptions): Promise<void>;
  /** Stops what runs and reports. */
  stop(): Promise<Report>;
  /** Everything that the page shows, at this moment. */
  snapshot(): Promise<GroveSnapshot>;
  /** A closer look at one agent; null when there is none of that name, or its node is down. */
  inspect(agent: string): Promise<AgentView | null>;
  /** Breaks something; the outcome says whether it could be broken. */
  inject(fault: Fault): Promise<Outcome>;
  /** Prometheus text exposition of every metric. */
  metrics(): Promise<string>;
  /** The live grove's crash memory as one file. Rejects with a sentence, also when `cancelTransfer` was called. */
  exportMemory(): Promise<Blob>;
  /** Puts such a file in the place of the grove's crash memory and starts the grove in it. Rejects with a sentence; then nothing was changed. */
  importMemory(file: Blob): Promise<void>;
  /** Ends an export or import under way; its progress is in `snapshot().crashMemory.transfer`. */
  cancelTransfer(): void;
  /**
   * Takes a memory exam on SQuAD, BEIR (corpus, queries and qrels together), LoCoMo or QMSum files, gzip-compressed or
   * not; from then on the vital sign *memory accuracy* of the live world is of it. `memory` and `agents` are as in a
   * scenario; the index is asked with the vectors of `endpoint`, too. Rejects with a sentence, also when `cancelExam` was called.
   */
  exam(
    files: Iterable<NamedBlob>,
    options?: {
      readonly memory?: unknown;
      readonly agents?: unknown;
      readonly endpoint?: ExamEndpoint;
      readonly onStep?: (step: ExamStep) => void;
    },
  ): Promise<ExamAccount>;
  cancelExam(): void;
  /** The virtual world's time: `time()`, `seek(tick)`, `step(ms)`, `setSpeed(times)`, `cancel()` and more. */
  readonly virtual: VirtualGrove;
}

export interface Groves {
  readonly live: Grove;
  readonly virtual: VirtualGrove;
}

/** The door to both worlds. */
export function createDoor(
  groves: Groves,
  worlds: WorldSwitch,
  exams: Exams,
  version: string,
  sleep: Sleep,
): Treering {
  const checked = (value: unknown): Scenario => {
    const scenario = parseScenario(value);
    if (!scenario.ok) throw new RangeError(scenario.error.join('; '));
    return scenario.value;
  };
  /** Whoever calls by this door has written the scenario, or read it. */
  async function agreeTo({ provider: { source, baseUrl } }: Scenario, key = ''): Promise<void> {
    if (source === 'simulated') return;
    const { ownEndpoint } = await import('./ownModel.ts');
    const model = source === 'browser' ? ({ source } as const) : ownEndpoint(baseUrl, key);
    const agreed = await groves.live.agree(model);
    if (!agreed.ok) throw new Error(agreed.message);
  }
  const shown = (): Grove => groves[worlds.shown];
  return {
    version,
    async run(value, { world = 'live', text = 'built-in', key } = {}) {
      const scenario = checked(value);
      if (world === 'live') await agreeTo(scenario, key);
      worlds.show(world);
      return world === 'live'
        ? run(groves.live, scenario, sleep)
        : runVirtual(groves.virtual, { scenario, text, inputs: [] });
    },
    async start(value, { world = 'live', text = 'built-in', key } = {}) {
      const scenario = checked(value);
      if (world === 'live') await agreeTo(scenario, key);
      worlds.show(world);
      const started =
        world === 'live'
          ? await groves.live.start(scenario)
          : await groves.virtual.open({ scenario, text, inputs: [] });
      if (!started.ok) throw new Error(started.message);
      if (world === 'virtual') await groves.virtual.resume();
    },
    stop: () => shown().stop(),
    snapshot: () => shown().snapshot(),
    inspect: (agent) => shown().inspect(agent),
    inject: (fault) => shown().inject(fault),
    metrics: () => shown().metrics(),
    async exportMemory() {
      const saved = await groves.live.exportMemory();
      if (!saved.ok) throw new Error(saved.message);
      return saved.file;
    },
    async importMemory(file) {
      const taken = await groves.live.importMemory(file);
      if (!taken.ok) throw new Error(taken.message);
    },
    cancelTransfer: () => groves.live.cancelTransfer(),
    async exam(files, { memory = {}, agents = {}, endpoint, onStep } = {}) {
      const taken = await exams.take(
        [...files],
        { ...checked({ memory, agents }), ...(endpoint && { endpoint }) },
        onStep,
      );
      if (!taken.ok) throw new Error(taken.message);
      return taken.account;
    },
    cancelExam: () => exams.cancel(),
    virtual: groves.virtual,
  };
}

/** Opens the door to both worlds on `at`, the page's window. */
export function installDoor(
  groves: Groves,
  worlds: WorldSwitch,
  exams: Exams,
  at: { treering: Treering },
): void {
  at.treering = createDoor(groves, worlds, exams, BUILD, sleep);
}

declare global {
  interface Window {
    treering: Treering;
  }
}
