import type { RunInput, RunScript } from '../../scenario/script.ts';
import { TICKS_PER_MS } from './clock.ts';
import { createPark } from './park.ts';
import { createSpeedometer } from './speedometer.ts';
import type { Finding, Stage } from './stage.ts';
import { createVirtualRun, type VirtualRun, type WithoutTick } from './virtualRun.ts';

/** What the player of a run needs of the world outside. */
export interface PlayerPorts {
  /** Wall time in ms. */
  now(): number;
  /** Resolves when others had their turn, and not before so many ms have passed. */
  rest(ms: number): Promise<void>;
  /** Opens the script's world at its first tick. Rejects with a sentence. */
  open(script: RunScript): Promise<Stage>;
  /** How many worlds of that script may be kept beside the one that is shown. */
  room(script: RunScript): number;
}

/** A jump under way. */
export interface Seeking {
  readonly fromMs: number;
  readonly atMs: number;
  readonly toMs: number;
}

/** How a run stands in time, as plain data. */
export interface TimeView {
  readonly mode: 'empty' | 'opening' | 'paused' | 'playing' | 'seeking';
  readonly script: RunScript | null;
  readonly tick: number;
  readonly nowMs: number;
  /** Where the run ends, or is expected to end. */
  readonly lastMs: number;
  readonly ended: boolean;
  /** Times real time; null for as fast as it goes. */
  readonly speed: number | null;
  /** What was reached over the last second, while time goes on; null while it stands. */
  readonly reached: { readonly timesRealTime: number; readonly eventsPerS: number } | null;
  readonly events: number;
  readonly hash: string;
  readonly seeking: Seeking | null;
  readonly findings: readonly Finding[];
  /** Why an input of the script could not be done, by its place among the inputs. */
  readonly refused: readonly (readonly [number, string])[];
  /** Where other worlds of the run stand, from which a jump may start. */
  readonly parkedMs: readonly number[];
}

/** Plays one run: at a speed, by steps, to any tick. All promises resolve when it is done; none rejects but `open`. */
export interface Player {
  open(script: RunScript): Promise<void>;
  play(): void;
  pause(): void;
  setSpeed(speed: number | null): void;
  /** To the next event, or on by so many ms. */
  step(by: number | 'event'): Promise<void>;
  /** Stands at that tick, or at the run's end if that is earlier; false when it was cancelled or overtaken. */
  seek(tick: number): Promise<boolean>;
  /** Gives a jump up. */
  cancel(): void;
  /** Does something at this moment, and notes it in the script; the sentence why not otherwise. */
  input(doing: WithoutTick): Promise<string | null>;
  /** Takes an input out of the script and goes the way again without it. */
  withdraw(index: number): Promise<boolean>;
  view(): TimeView;
  /** Looks at the world that is shown, between two of its moments; null when there is none. */
  look<T>(at: (run: VirtualRun) => T | Promise<T>): Promise<T | null>;
}

/** So long a run goes on before others have their turn. */
const SLICE_MS = 16;
/** A run whose machine is too slow for its speed does not try to catch up on more than this. */
const LAG_MS = 250;
/** Before a second world is brought up for the way back, nothing is asked for so long. */
const IDLE_MS = 1_000;
const FRAME_MS = 8;

export function createPlayer(ports: PlayerPorts): Player {
  const park = createPark();
  const speedometer = createSpeedometer();
  let script: RunScript | null = null;
  let inputs: RunInput[] = [];
  let run: VirtualRun | null = null;
  /** The world that is shown went a way that is no longer in the script, and is shown until another has come as far. */
  let stale: VirtualRun | null = null;
  let mode: TimeView['mode'] = 'empty';
  let speed: number | null = 1;
  let anchor = { wallMs: 0, simMs: 0 };
  let seeking: Seeking | null = null;
  /** Of this script: how far anyone came, and where it ends once that was seen. */
  let endMs: number | null = null;
  let furthestMs = 0;
  /** Counts what the visitor wanted; a jump or a filling that was begun before is overtaken. */
  let wish = 0;
  let steps: Promise<void> = Promise.resolve();
  let stepsToCome = 0;
  let quantumMs = 1;
  /** A world is touched by one at a time, in the order of asking; two worlds do not wait for each other. */
  const turns = new WeakMap<VirtualRun, Promise<unknown>>();
  let pumping = false;

  function inTurn<T>(world: VirtualRun, act: () => T | Promise<T>): Promise<T> {
    const result = (turns.get(world) ?? Promise.resolve()).then(act);
    turns.set(
      world,
      result.catch(() => undefined),
    );
    return result;
  }

  /** Advances a world towards `goalMs` for one slice. */
  async function slice(world: VirtualRun, goalMs: number): Promise<void> {
    const beganMs = ports.now();
    let beforeMs = beganMs;
    while (!world.ended && world.nowMs < goalMs) {
      // A world that throws has ended, and says so among its findings.
      await world.advance(Math.min(goalMs, world.nowMs + quantumMs)).catch(() => undefined);
      const nowMs = ports.now();
      // Pieces of about 2 ms: fine enough to stop in time, coarse enough to cost nothing.
      quantumMs = Math.min(1_000, Math.max(0.25, nowMs - beforeMs < 2 ? quantumMs * 2 : quantumMs / 2));
      beforeMs = nowMs;
      if (nowMs - beganMs >= SLICE_MS) break;
    }
    furthestMs = Math.max(furthestMs, world.nowMs);
    if (world.ended) endMs = world.nowMs;
  }

  /** Advances until `goalMs`, giving way between slices; false when another wish came. */
  async function advanceTo(
    world: VirtualRun,
    goalMs: number,
    mine: number,
    told: () => void,
  ): Promise<boolean> {
    while (!world.ended && world.nowMs < goalMs) {
      if (wish !== mine) return false;
      await inTurn(world, () => (wish === mine ? slice(world, goalMs) : undefined));
      told();
      await ports.rest(0);
    }
    return wish === mine;
  }

  const startClock = (): void => {
    anchor = { wallMs: ports.now(), simMs: run?.nowMs ?? 0 };
    speedometer.reset();
  };

  async function pump(): Promise<void> {
    if (pumping) return;
    pumping = true;
    while (mode === 'playing' && run) {
      const world = run;
      const mine = wish;
      await inTurn(world, async () => {
        if (wish !== mine || mode !== 'playing') return;
        const nowMs = ports.now();
        const due = speed === null ? Infinity : anchor.simMs + (nowMs - anchor.wallMs) * speed;
        if (speed !== null && due - world.nowMs > LAG_MS * speed)
          anchor = { wallMs: nowMs, simMs: world.nowMs + LAG_MS * speed };
        await slice(world, due);
        speedometer.read(ports.now(), world.nowMs, world.events);
        if (world.ended) mode = 'paused';
      });
      await ports.rest(speed === null ? 0 : FRAME_MS);
    }
    pumping = false;
    if (mode === 'paused') void fill(wish);
  }

  /** While time stands, brings a second world of the run to a little before it, for the way back. */
  async function fill(mine: number): Promise<void> {
    await ports.rest(IDLE_MS);
    if (wish !== mine || !run || !script) return;
    const goalMs = park.wanted(run.nowMs);
    if (goalMs === null) return;
    let world = park.nearest(goalMs);
    if (park.size < ports.room(script)) {
      const opened = script;
      const stage = await ports.open(opened);
      if (wish !== mine) return;
      world = createVirtualRun(stage, inputs);
      park.add(world, ports.room(opened));
    }
    if (world && goalMs > world.nowMs) await advanceTo(world, goalMs, mine, () => undefined);
  }

  async function seek(tick: number): Promise<boolean> {
    if (!script || !run) return false;
    const mine = ++wish;
    const toMs = tick / TICKS_PER_MS;
    const shown = run;
    const keep = shown !== stale;
    const opened = script;
    mode = 'seeking';
    speedometer.reset();
    seeking = { fromMs: 0, atMs: 0, toMs };
    try {
      // Slices under way end first.
      await inTurn(shown, () => undefined);
      const parked = park.nearest(toMs);
      const onwards = keep && shown.nowMs <= toMs && (parked === null || parked.nowMs <= shown.nowMs);
      const carrier = onwards ? shown : (parked ?? createVirtualRun(await ports.open(opened), inputs));
      const fromMs = carrier.nowMs;
      const tell = (): void => {
        if (wish === mine) seeking = { fromMs, atMs: carrier.nowMs, toMs };
        speedometer.read(ports.now(), carrier.nowMs, carrier.events);
      };
      tell();
      const there = await advanceTo(carrier, toMs, mine, tell);
      if (script !== opened) return false;
      if (carrier !== shown && (there || !keep)) {
        park.remove(carrier);
        run = carrier;
        stale = null;
        if (keep) park.add(shown, ports.room(opened));
      } else if (carrier !== shown) park.add(carrier, ports.room(opened));
      return there;
    } finally {
      if (wish === mine) {
        mode = 'paused';
        seeking = null;
        speedometer.reset();
        void fill(mine);
      }
    }
  }

  return {
    async open(wanted) {
      const mine = ++wish;
      mode = 'opening';
      script = wanted;
      inputs = [...wanted.inputs];
      run = null;
      stale = null;
      seeking = null;
      endMs = null;
      furthestMs = 0;
      park.clear();
      try {
        const stage = await ports.open(wanted);
        if (wish !== mine) return;
        const world = createVirtualRun(stage, inputs);
        run = world;
        await inTurn(world, () => world.advance(0).catch(() => undefined));
        if (wish === mine) mode = 'paused';
      } catch (e) {
        if (wish === mine) {
          mode = 'empty';
          script = null;
        }
        throw e;
      }
    },
    play() {
      if (!run || run.ended || mode !== 'paused') return;
      wish++;
      mode = 'playing';
      startClock();
      void pump();
    },
    pause() {
      if (mode !== 'playing') return;
      wish++;
      mode = 'paused';
      speedometer.reset();
    },
    setSpeed(wanted) {
      speed = wanted;
      startClock();
    },
    async step(by) {
      if (!run || run.ended || (mode !== 'paused' && mode !== 'playing')) return;
      // Steps that are asked for while one is under way come one after the other; any other wish overtakes them all.
      if (stepsToCome++ === 0) wish++;
      const mine = wish;
      const world = run;
      mode = 'paused';
      const done = steps.then(async () => {
        const wantedMs = await inTurn(world, () => (by === 'event' ? world.nextMs : world.nowMs + by));
        // Worlds stand at whole ticks only.
        const toMs = Math.ceil(wantedMs * TICKS_PER_MS) / TICKS_PER_MS;
        if (toMs !== Infinity) await advanceTo(world, toMs, mine, () => undefined);
        stepsToCome--;
      });
      steps = done;
      await done;
      if (wish === mine && stepsToCome === 0) void fill(mine);
    },
    seek: (tick) => seek(tick),
    cancel() {
      if (mode !== 'seeking') return;
      wish++;
      mode = 'paused';
      seeking = null;
      speedometer.reset();
    },
    async input(doing) {
      const world = run;
      if (!world || mode === 'seeking')
        return 'There is no moment to do it in yet; wait until the run stands or plays.';
      return inTurn(world, () => {
        if (world !== run) return 'Another run has taken the place of this one.';
        if (world.ended) return 'This run has ended. Go back to an earlier moment, or begin another run.';
        const refusal = world.input(doing);
        if (refusal !== null) return refusal;
        park.dropAfter(world.nowMs);
        endMs = null;
        furthestMs = world.nowMs;
        return null;
      });
    },
    async withdraw(index) {
      const input = inputs[index];
      const world = run;
      if (!world || !input) return false;
      wish++;
      // A piece under way ends first: only then it is known what took part.
      await inTurn(world, () => undefined);
      const backTo = world.tick;
      const tookPart = input.tick <= backTo;
      await inTurn(world, () => {
        inputs.splice(index, 1);
        park.dropAfter((input.tick - 1) / TICKS_PER_MS);
        endMs = null;
        if (tookPart) stale = world;
      });
      if (mode === 'playing') mode = 'paused';
      return tookPart ? seek(backTo) : true;
    },
    view: () => ({
      mode,
      script: script && { ...script, inputs: [...inputs] },
      tick: run?.tick ?? 0,
      nowMs: run?.nowMs ?? 0,
      lastMs: endMs ?? Math.max(run?.lastMs ?? 0, furthestMs),
      ended: run?.ended ?? false,
      speed,
      reached: mode === 'playing' || mode === 'seeking' ? speedometer.reached() : null,
      events: run?.events ?? 0,
      hash: run?.hash ?? '',
      seeking,
      findings: run ? [...run.findings] : [],
      refused: run ? [...run.refused].map(([input, why]) => [inputs.indexOf(input), why] as const) : [],
      parkedMs: park.placesMs(),
    }),
    async look(at) {
      const world = run;
      return world ? inTurn(world, () => at(world)) : null;
    },
  };
}
