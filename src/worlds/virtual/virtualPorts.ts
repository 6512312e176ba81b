import type { DirectoryPort } from '../../agents/contract.ts';
import type { JournalPort } from '../../memory/journal.ts';
import type { DeskPort, FetchHandler } from '../../provider/port.ts';
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
      const copy = wire.copy(value);
      clock.at(clock.nowMs + HOP_MS, () => {
        if (far.alive) receive(copy);
      });
    },
    answer(value, receive) {
      if (!far.alive) return;
      const copy = wire.copy(value);
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
    note: (note) => port.post(note, (n) => desk.note(n)),
    watch: (since, done) => port.post(since, (s) => desk.watch(s, (changes) => port.answer(changes, done))),
  };
}

export function directoryOver(port: VirtualPort, directory: DirectoryPort): DirectoryPort {
  return {
    lookup: (question, done) =>
      port.post(question, (q) => directory.lookup(q, (answer) => port.answer(answer, done))),
  };
}

/**
 * The model endpoint as seen from a process. Bodies are read while time stands still: how long an engine takes for that
 * is its own affair. What comes back to an ended process is not heard, to a paused one later.
 */
export function fetchOver(
  world: VirtualWorld,
  near: VirtualProcess,
  gate: PauseGate,
  handler: FetchHandler,
): FetchHandler {
  /** In Node a signal whose request was collected never fires, so requests under way are held. */
  const underWay = new Set<Request>();
  return async (request) => {
    underWay.add(request);
    const { url, method, signal } = request;
    const body = await world.foreign(request.text());
    try {
      const sent = { url, method, signal, text: () => Promise.resolve(body) };
      const response = await handler(sent as unknown as Request);
      const text = await world.foreign(response.text());
      const { status, headers } = response;
      const received = { status, headers, text: () => Promise.resolve(text) };
      return await new Promise<Response>((resolve) => {
        gate(() => {
          if (near.alive) resolve(received as unknown as Response);
        })();
      });
    } finally {
      underWay.delete(request);
    }
  };
}
