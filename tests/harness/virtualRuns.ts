import { runJobs } from './jobs.ts';
import type { VirtualOutcome } from './relayRun.ts';
import { runOnce, type VirtualCommand } from './virtualCommand.ts';

/** A run and how long it took. */
export interface TimedOutcome {
  readonly outcome: VirtualOutcome;
  readonly wallMs: number;
}

/** How many runs are made. */
export interface ManyRuns {
  readonly threads: number;
  /** The file of `virtualJob.ts`. */
  readonly entry: string;
  /** Hears now and then how far a single run is. */
  readonly progress: NonNullable<Parameters<typeof runOnce>[1]>;
}

/**
 * Many runs, over threads where there are to be several; the outcomes come in the order of the commands, however many threads
 * there are, and each waits for what `onOutcome` does with the one before. Throws Error for a scenario that is none.
 */
export async function runMany(
  commands: readonly VirtualCommand[],
  { threads, entry, progress }: ManyRuns,
  onOutcome: (timed: TimedOutcome, at: number) => Promise<void>,
): Promise<void> {
  if (threads <= 1 || commands.length <= 1) {
    for (const [at, command] of commands.entries()) {
      const startedAt = performance.now();
      const outcome = await runOnce(command, commands.length === 1 ? progress : undefined);
      await onOutcome({ outcome, wallMs: performance.now() - startedAt }, at);
    }
    return;
  }
  const early = new Map<number, TimedOutcome>();
  let next = 0;
  let told = Promise.resolve();
  await runJobs<TimedOutcome>(
    entry,
    commands,
    (_done, at, timed) => {
      early.set(at, timed);
      for (let due = early.get(next); due; due = early.get(next)) {
        const place = next++;
        const outcome = due;
        early.delete(place);
        told = told.then(() => onOutcome(outcome, place));
      }
    },
    threads,
  );
  await told;
}
