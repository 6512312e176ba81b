import type { ChannelPort } from '../bus/channel.ts';
import type { Env } from '../kernel/env.ts';

/** A node that can be stopped for a while, as by a debugger or a frozen process: nothing in it happens meanwhile. */
export interface Pausable {
  readonly env: Env;
  readonly channels: ChannelPort;
  /** Holds a callback of another port back while paused, in order. */
  readonly gate: <A extends unknown[]>(fn: (...args: A) => void) => (...args: A) => void;
  readonly pause: (forMs: number) => void;
}

/** Wraps a node's clock and channels: while paused, timers that fire and frames that arrive queue up, and run afterwards in order. */
export function pausable(env: Env, channels: ChannelPort): Pausable {
  let untilMs = 0;
  let queue: (() => void)[] = [];
  const run = (fn: () => void): void => {
    if (env.now() < untilMs || queue.length > 0) queue.push(fn);
    else fn();
  };
  function wake(): void {
    if (env.now() < untilMs) {
      env.setTimer(untilMs - env.now(), wake);
      return;
    }
    const due = queue;
    queue = [];
    for (const fn of due) fn();
  }
  const gate =
    <A extends unknown[]>(fn: (...args: A) => void) =>
    (...args: A): void =>
      run(() => fn(...args));
  return {
    env: {
      now: () => env.now(),
      setTimer(delayMs, fn) {
        let live = true;
        const cancel = env.setTimer(delayMs, () => run(() => live && fn()));
        return () => {
          live = false;
          cancel();
        };
      },
      defer: (fn) => env.defer(() => run(fn)),
      random: (name) => env.random(name),
    },
    channels: { open: (name, receive) => channels.open(name, gate(receive)) },
    gate,
    pause(forMs) {
      untilMs = Math.max(untilMs, env.now() + forMs);
      env.setTimer(untilMs - env.now(), wake);
    },
  };
}
