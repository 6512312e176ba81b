import type { DirectoryPort } from '../../agents/contract.ts';
import type { Done, JournalEntry, JournalPort } from '../../memory/journal.ts';
import { isEventStream } from '../../provider/completionStream.ts';
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
  /** As `post` and `answer`, of what is copied already or cannot change: `arrive` is called on the other side. */
  hand(arrive: () => void): void;
  handBack(arrive: () => void): void;
}

export function createVirtualPort(
  world: VirtualWorld,
  near: VirtualProcess,
  far: { readonly alive: boolean },
  gate: PauseGate,
): VirtualPort {
  const { clock, wire } = world;
  const hand = (arrive: () => void): void => {
    if (!near.alive) return;
    clock.at(clock.nowMs + HOP_MS, () => {
      if (far.alive) arrive();
    });
  };
  const handBack = (arrive: () => void): void => {
    if (!far.alive) return;
    const hear = gate(() => {
      if (near.alive) arrive();
    });
    clock.at(clock.nowMs + HOP_MS, () => {
      if (near.alive) hear();
    });
  };
  return {
    hand,
    handBack,
    post(value, receive) {
      if (!near.alive) return;
      const copy = wire.copy(value);
      hand(() => receive(copy));
    },
    answer(value, receive) {
      if (!far.alive) return;
      const copy = wire.copy(value);
      handBack(() => receive(copy));
    },
  };
}

/** What a node asks of the one writer, in its order. */
type JournalRequest =
  | { readonly type: 'append'; readonly entries: JournalEntry[]; readonly dones: Done<void>[] }
  | {
      readonly type: 'checkpoint';
      readonly owner: string;
      readonly texts: string[];
      readonly done: Done<void>;
    }
  | {
      readonly type: 'load';
      readonly owners: string[];
      readonly done: Done<readonly (readonly string[])[]>;
    };

/** As the live world's: what is asked within one turn goes over as one message, and so do the answers of one turn. */
export function journalOver(world: VirtualWorld, port: VirtualPort, journal: JournalPort): JournalPort {
  const { clock } = world;
  let requests: JournalRequest[] = [];
  let answers: (() => void)[] = [];

  function ask(request: JournalRequest): void {
    if (requests.length === 0)
      clock.defer(() => {
        const all = requests;
        requests = [];
        port.hand(() => all.forEach(carryOut));
      });
    requests.push(request);
  }

  function answer(hear: () => void): void {
    if (answers.length === 0)
      clock.defer(() => {
        const all = answers;
        answers = [];
        port.handBack(() => {
          for (const hear of all) hear();
        });
      });
    answers.push(hear);
  }

  function carryOut(request: JournalRequest): void {
    switch (request.type) {
      case 'append':
        return journal.append(request.entries, (r) => {
          for (const done of request.dones) answer(() => done(world.wire.copy(r)));
        });
      case 'checkpoint':
        return journal.checkpoint(request.owner, request.texts, (r) =>
          answer(() => request.done(world.wire.copy(r))),
        );
      case 'load':
        return journal.load(request.owners, (r) => {
          const copy = world.wire.copy(r);
          answer(() => request.done(copy));
        });
    }
  }

  return {
    append(entries, done) {
      let last = requests.at(-1);
      if (last?.type !== 'append') {
        last = { type: 'append', entries: [], dones: [] };
        ask(last);
      }
      for (const { owner, text } of entries) last.entries.push({ owner, text });
      last.dones.push(done);
    },
    checkpoint: (owner, texts, done) => ask({ type: 'checkpoint', owner, texts: [...texts], done }),
    load: (owners, done) => ask({ type: 'load', owners: [...owners], done }),
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
 * The model endpoint as seen from a process. Whole bodies are read while time stands still: how long an engine takes for
 * that is its own affair. A stream of events comes piece by piece as it is made, no faster than it is read; whoever stops
 * reading stops the endpoint. What comes back to an ended process is not heard, to a paused one later.
 */
export function fetchOver(
  world: VirtualWorld,
  near: VirtualProcess,
  gate: PauseGate,
  handler: FetchHandler,
): FetchHandler {
  /** In Node a signal whose request was collected never fires, so requests under way are held. */
  const underWay = new Set<Request>();
  /** Calls `fn` in the process, if it lives. */
  const inside = (fn: () => void): void => {
    gate(() => {
      if (!near.alive) return;
      fn();
      world.wake();
    })();
  };

  function carried(
    body: ReadableStream<Uint8Array<ArrayBuffer>>,
    signal: AbortSignal,
    over: () => void,
  ): typeof body {
    const reader = body.getReader();
    return new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        start(controller) {
          signal.addEventListener('abort', () => {
            over();
            reader.cancel().catch(() => undefined);
            controller.error(signal.reason);
          });
        },
        pull: (controller) =>
          new Promise<void>((resolve) => {
            const hear = (fn: () => void): void => {
              inside(() => {
                resolve();
                fn();
              });
            };
            reader.read().then(
              ({ done, value }) => {
                if (done) over();
                hear(() => {
                  if (signal.aborted) return;
                  if (done) controller.close();
                  else controller.enqueue(value.slice());
                });
              },
              (error: unknown) => {
                over();
                hear(() => controller.error(error));
              },
            );
          }),
        cancel(reason) {
          over();
          return reader.cancel(reason);
        },
      },
      { highWaterMark: 0 },
    );
  }

  return async (request) => {
    underWay.add(request);
    const over = (): void => void underWay.delete(request);
    const { url, method, signal } = request;
    const body = await world.foreign(request.text());
    try {
      const sent = { url, method, signal, text: () => Promise.resolve(body) };
      const response = await handler(sent as unknown as Request);
      const { status, headers } = response;
      const streams = isEventStream(response) && response.body !== null;
      const received = streams
        ? { status, headers, body: carried(response.body, signal, over) }
        : { status, headers, text: whole(await world.foreign(response.text())) };
      if (!streams) over();
      return await new Promise<Response>((resolve) => {
        inside(() => resolve(received as unknown as Response));
      });
    } catch (error) {
      over();
      throw error;
    }
  };
}

const whole = (text: string) => (): Promise<string> => Promise.resolve(text);
