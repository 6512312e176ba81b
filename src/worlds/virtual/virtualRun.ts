import type { RunInput } from '../../scenario/script.ts';
import { TICKS_PER_MS } from './clock.ts';
import type { Finding, Stage } from './stage.ts';

/** One world on its way through its script. It can go on, but not back. */
export interface VirtualRun {
  readonly stage: Stage;
  readonly nowMs: number;
  /** Steps of 1/1024 ms since the beginning. */
  readonly tick: number;
  readonly events: number;
  readonly ended: boolean;
  /** Where the run ends, once that is known; what is expected before. */
  readonly lastMs: number;
  /** Of all events so far. */
  readonly hash: string;
  readonly findings: readonly Finding[];
  /** Inputs of the script that could not be done when their tick came, and why. */
  readonly refused: ReadonlyMap<RunInput, string>;
  /** When the next event is due, in ms; Infinity when there is none. */
  readonly nextMs: number;
  /**
   * Runs everything due up to `untilMs`, or to the run's end. What happens does not depend on how a way is cut into
   * pieces. Rejects with what the world threw: that ends the run, and is a finding.
   */
  advance(untilMs: number): Promise<void>;
  /** Does something now, after everything due by now, and notes it in the script; the sentence why not otherwise. */
  input(doing: WithoutTick): string | null;
}

type Without<T> = T extends unknown ? Omit<T, 'tick'> : never;
/** An input before it has its tick. */
export type WithoutTick = Without<RunInput>;

/**
 * @param inputs what is done from outside, in the order of ticks; what `input` does is put in here. Several runs may share
 * it: a change at a tick makes invalid those that are past it.
 */
export function createVirtualRun(stage: Stage, inputs: RunInput[]): VirtualRun {
  const { world } = stage;
  const { clock, log } = world;
  const course = stage.course();
  const findings: Finding[] = [];
  const seen = new Set<string>();
  const refused = new Map<RunInput, string>();
  let clearTick = 0;
  let nextLookMs = 0;
  let applied = 0;
  let ended = false;

  function find(key: string, text: string): void {
    if (seen.has(key)) return;
    seen.add(key);
    findings.push({ tick: Math.round(clock.nowMs * TICKS_PER_MS), clearTick, text });
  }

  function check(): void {
    for (const [what, n] of Object.entries(stage.mustBeZero()))
      if (n > 0) find(what, `${what}: ${n}, and there must be none`);
    clearTick = Math.round(clock.nowMs * TICKS_PER_MS);
  }

  function end(): void {
    ended = true;
    const { inFlight, lost } = stage.totals();
    if (lost > 0) find('lost', `messages lost: ${lost}, and there must be none`);
    if (inFlight > 0) find('in flight', `messages still under way at the end: ${inFlight}`);
  }

  const inputAtMs = (): number => {
    const next = inputs[applied];
    return next ? next.tick / TICKS_PER_MS : Infinity;
  };

  async function advance(untilMs: number): Promise<void> {
    while (!ended) {
      const toMs = Math.min(nextLookMs, inputAtMs(), untilMs);
      await world.run(toMs);
      if (nextLookMs <= toMs) {
        check();
        const next = course.next();
        if (next.done) end();
        else nextLookMs = next.value;
      } else if (inputAtMs() <= toMs) {
        const input = inputs[applied++]!;
        const refusal = stage.apply(input);
        if (refusal !== null) refused.set(input, refusal);
      } else return;
    }
  }

  return {
    stage,
    findings,
    refused,
    get nowMs() {
      return clock.nowMs;
    },
    get tick() {
      return Math.round(clock.nowMs * TICKS_PER_MS);
    },
    get events() {
      return clock.events;
    },
    get ended() {
      return ended;
    },
    get lastMs() {
      return ended ? clock.nowMs : Math.max(stage.expectedMs, clock.nowMs);
    },
    get hash() {
      return log.hash();
    },
    get nextMs() {
      return Math.min(clock.nextAtMs(), nextLookMs, inputAtMs());
    },
    async advance(untilMs) {
      try {
        await advance(untilMs);
      } catch (e) {
        ended = true;
        find('threw', `it threw: ${e instanceof Error ? e.message : String(e)}`);
        throw e;
      }
    },
    input(doing) {
      const input = { tick: this.tick, ...doing } as RunInput;
      const refusal = stage.apply(input);
      if (refusal === null) inputs.splice(applied++, 0, input);
      return refusal;
    },
  };
}
