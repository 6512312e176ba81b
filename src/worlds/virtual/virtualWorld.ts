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

/** A turn of the engine's own event loop: all promises that can go on have gone on when it comes. */
function createHop(): () => Promise<void> {
  if (typeof setImmediate === 'function') return () => new Promise((resolve) => void setImmediate(resolve));
  const { port1, port2 } = new MessageChannel();
  let resume: () => void = () => undefined;
  port1.onmessage = () => resume();
  return () =>
    new Promise((resolve) => {
      resume = resolve;
      port2.postMessage(0);
    });
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
