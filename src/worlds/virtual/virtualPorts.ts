import type { JournalPort } from '../../memory/journal.ts';
import type { DeskPort } from '../../provider/port.ts';
import type { VirtualProcess } from './virtualEnv.ts';
import type { VirtualWorld } from './virtualWorld.ts';

/** One way between a worker and another, as a message port takes it. */
const HOP_MS = 0.0625;

/** Holds a callback back while its process is paused. */
export type PauseGate = <A extends unknown[]>(fn: (...args: A) => void) => (...args: A) => void;

export const noPause: PauseGate = (fn) => fn;

/**
 * The way to something in another process: calls and answers cross it copied, in order, and take their time. What was
 * posted before its sender ended still arrives; what arrives at an ended process is not heard.
 */
export interface VirtualPort {
  /** Carries `value` over to the other side. */
  post<T>(value: T, receive: (value: T) => void): void;
  /** Carries an answer back. */
  answer<T>(value: T, receive: (value: T) => void): void;
}

export function createVirtualPort(
  world: VirtualWorld,
  near: VirtualProcess,
  far: { readonly alive: boolean },
  gate: PauseGate,
): VirtualPort {
  const { clock, wire } = world;
  return {
    post(value, receive) {
      if (!near.alive) return;
      const copy = wire.clone(value);
      clock.at(clock.nowMs + HOP_MS, () => {
        if (far.alive) receive(copy);
      });
    },
    answer(value, receive) {
      if (!far.alive) return;
      const copy = wire.clone(value);
      const hear = gate(() => {
        if (near.alive) receive(copy);
      });
      clock.at(clock.nowMs + HOP_MS, () => {
        if (near.alive) hear();
      });
    },
  };
}

export function journalOver(port: VirtualPort, journal: JournalPort): JournalPort {
  return {
    append: (entries, done) => port.post(entries, (e) => journal.append(e, (r) => port.answer(r, done))),
    checkpoint: (owner, texts, done) =>
      port.post(texts, (t) => journal.checkpoint(owner, t, (r) => port.answer(r, done))),
    load: (owners, done) => port.post(owners, (o) => journal.load(o, (r) => port.answer(r, done))),
  };
}

export function deskOver(port: VirtualPort, desk: DeskPort): DeskPort {
  return {
    acquire: (request, done) => port.post(request, (q) => desk.acquire(q, (r) => port.answer(r, done))),
    settle: (settlement) => port.post(settlement, (s) => desk.settle(s)),
  };
}
