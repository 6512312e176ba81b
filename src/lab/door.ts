import { parseScenario } from '../scenario/scenario.ts';
import type { Fault, Grove, GroveSnapshot, Outcome } from './grove.ts';
import type { Report } from './report.ts';
import { BUILD } from './open.ts';
import { run, type Sleep } from './run.ts';
import { sleep } from '../worlds/live/liveEnv.ts';

/** `window.treering`: the machine's door. Scenarios are JSON as in `public/scenarios`; missing keys take their defaults. */
export interface Treering {
  readonly version: string;
  /**
   * Runs a scenario from start to report: starts it afresh, lets questions flow for `durationS`, waits until all is
   * settled, stops. Rejects with one sentence a mistake when the scenario is not valid, or with what went wrong.
   */
  run(scenario: unknown): Promise<Report>;
  /** Starts a scenario and returns once its workers are being spawned. Rejects as `run` does. */
  start(scenario: unknown): Promise<void>;
  /** Stops what runs and reports. */
  stop(): Promise<Report>;
  /** Everything that the page shows, at this moment. */
  snapshot(): Promise<GroveSnapshot>;
  /** Breaks something; the outcome says whether it could be broken. */
  inject(fault: Fault): Promise<Outcome>;
  /** Prometheus text exposition of every metric. */
  metrics(): Promise<string>;
  /** The grove's crash memory as one file. Rejects with a sentence, also when `cancelTransfer` was called. */
  exportMemory(): Promise<Blob>;
  /** Puts such a file in the place of the grove's crash memory and starts the grove in it. Rejects with a sentence; then nothing was changed. */
  importMemory(file: Blob): Promise<void>;
  /** Ends an export or import under way; its progress is in `snapshot().crashMemory.transfer`. */
  cancelTransfer(): void;
}

/** The door to a grove. */
export function createDoor(grove: Grove, version: string, sleep: Sleep): Treering {
  const checked = (value: unknown) => {
    const scenario = parseScenario(value);
    if (!scenario.ok) throw new RangeError(scenario.error.join('; '));
    return scenario.value;
  };
  return {
    version,
    run: async (scenario) => run(grove, checked(scenario), sleep),
    async start(scenario) {
      const started = await grove.start(checked(scenario));
      if (!started.ok) throw new Error(started.message);
    },
    stop: () => grove.stop(),
    snapshot: () => grove.snapshot(),
    inject: (fault) => grove.inject(fault),
    metrics: () => grove.metrics(),
    async exportMemory() {
      const saved = await grove.exportMemory();
      if (!saved.ok) throw new Error(saved.message);
      return saved.file;
    },
    async importMemory(file) {
      const taken = await grove.importMemory(file);
      if (!taken.ok) throw new Error(taken.message);
    },
    cancelTransfer: () => grove.cancelTransfer(),
  };
}

/** Opens the door to a grove of the live world on `at`, the page's window. */
export function installDoor(grove: Grove, at: { treering: Treering }): void {
  at.treering = createDoor(grove, BUILD, sleep);
}

declare global {
  interface Window {
    treering: Treering;
  }
}
