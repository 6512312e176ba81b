import { createVirtualClock, type VirtualClock } from './clock.ts';
import { createEventLog, type EventLog } from './eventLog.ts';
import { createWireClone, type WireClone } from './wireClone.ts';

/** What the parts of one virtual world share: its time, its log, its wire. */
export interface VirtualWorld {
  readonly clock: VirtualClock;
  readonly log: EventLog;
  readonly wire: WireClone;
  /** Names every random stream of the world. */
  readonly seed: string;
  /** Promises may have been resolved: before the clock goes on they are followed to their end. */
  wake(): void;
  /**
   * Waits for something of the engine that is not on the virtual clock (the text of a Request): time stands still
   * meanwhile, and answers come in the order of asking, however fast each is.
   */
  foreign<T>(what: Promise<T>): Promise<T>;
  /** Runs everything due up to `untilMs` and leaves the clock there. */
  run(untilMs: number): Promise<void>;
}

export interface WorldOptions {
  readonly seed: string;
  /** Follow promises after every event, not only after those that call `wake`. */
  readonly always?: boolean;
  readonly listen?: EventLog['add'];
}

/** Of so many hops one is a whole turn of the event loop, in which messages and timers get their chance. */
const HOPS_A_TURN = 256;

function createTurn(): (done: () => void) => void {
  if (typeof setImmediate === 'function') return (done) => void setImmediate(done);
  const { port1, port2 } = new MessageChannel();
  return (done) => {
    port1.onmessage = done;
    port2.postMessage(0);
  };
}

/**
 * Resolves when all promises that can go on have gone on. Node calls what was given to `nextTick` once its microtasks
 * are done, without a turn of the event loop, which costs ten times as much. In browsers `yield`, where they have it, is the
 * cheapest way (3 to 4 us in a worker, 13 to 27 over a channel), but goes before every message.
 */
function createHop(): () => Promise<void> {
  const turn = createTurn();
  let shortly = turn;
  if (typeof process === 'object' && typeof process.nextTick === 'function')
    shortly = (done) => process.nextTick(done);
  else if (typeof scheduler === 'object' && 'yield' in scheduler)
    shortly = (done) => void scheduler.yield().then(done);
  let hops = 0;
  return () => new Promise((resolve) => (++hops % HOPS_A_TURN === 0 ? turn : shortly)(resolve));
}

export function createVirtualWorld(options: WorldOptions): VirtualWorld {
  const clock = createVirtualClock();
  const hop = createHop();
  let awake = false;
  let waiting: (() => Promise<void>)[] = [];

  async function settle(): Promise<void> {
    do {
      awake = false;
      await hop();
      while (waiting.length > 0) {
        const [first, ...rest] = waiting;
        waiting = rest;
        await first!();
        await hop();
      }
      if (!clock.hasDeferred) continue;
      clock.runDeferred();
      awake ||= options.always === true;
    } while (awake || clock.hasDeferred || waiting.length > 0);
  }

  return {
    clock,
    log: createEventLog(options.listen),
    wire: createWireClone(),
    seed: options.seed,
    wake() {
      awake = true;
      clock.interrupt();
    },
    foreign<T>(what: Promise<T>): Promise<T> {
      awake = true;
      clock.interrupt();
      return new Promise<T>((resolve, reject) => {
        waiting.push(() => what.then(resolve, reject));
      });
    },
    async run(untilMs) {
      await settle();
      const step = options.always === true ? 1 : Infinity;
      while (clock.nextAtMs() <= untilMs) {
        clock.run(untilMs, step);
        if (awake || step === 1) await settle();
      }
      clock.advanceTo(untilMs);
    },
  };
}
