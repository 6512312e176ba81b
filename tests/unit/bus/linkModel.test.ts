import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LINK, type LinkReducers } from '../../../src/bus/link.ts';
import { busOptions } from '../../../src/bus/options.ts';
import type { ReceiverState } from '../../../src/bus/receiver.ts';
import type { SenderState } from '../../../src/bus/sender.ts';
import type { Ack, Message } from '../../../src/bus/wire.ts';

const options = { ...busOptions.fallback!(), windowMessages: 16, batchMessages: 3, queueMessages: 16 };
const message = (n: number): Message => ({ from: 'a', to: 'b', kind: 'k', body: n, hlc: n });

/** The model: how many messages were taken, and how many handed on. That is all that a link promises. */
interface Model {
  taken: number;
}

/** A link whose frames travel by fast-check's scheduler, which decides their order; what is lost never gets to it. */
class Real {
  readonly link: LinkReducers;
  readonly scheduler: fc.Scheduler;
  sender: SenderState;
  receiver: ReceiverState;
  nowMs = 0;
  taken = 0;
  readonly delivered: number[] = [];
  /** Frames of an earlier life of either end are refused, as incarnations and attempts do. */
  life = 0;

  constructor(scheduler: fc.Scheduler, link: LinkReducers) {
    this.scheduler = scheduler;
    this.link = link;
    this.sender = link.sender.createSender(options);
    this.receiver = link.receiver.createReceiver();
    this.touch();
  }

  /** Hello and hello-ack, at once. */
  touch(): void {
    const { sender, receiver } = this.link;
    this.life++;
    sender.suspend(this.sender);
    sender.establish(this.sender, receiver.takeAck(this.receiver, options), this.nowMs);
  }

  travel(copies: number, arrive: () => void): void {
    const { life } = this;
    for (let i = 0; i < copies; i++)
      void this.scheduler.schedule(Promise.resolve(), 'frame').then(() => life === this.life && arrive());
  }

  /** Posts everything that may go; each frame arrives `copies` times, 0 for lost. */
  flush(copies: () => number): void {
    const { sender } = this.link;
    for (
      let batch = sender.takeBatch(this.sender, this.nowMs, options);
      batch;
      batch = sender.takeBatch(this.sender, this.nowMs, options)
    ) {
      const { first, messages } = batch;
      this.travel(copies(), () => this.hear(first, messages, copies));
    }
  }

  hear(first: number, messages: readonly Message[], copies: () => number): void {
    const { receiver } = this.link;
    const due = receiver.accept(this.receiver, first, messages, options);
    for (const { body } of due) this.delivered.push(body as number);
    receiver.settle(this.receiver, this.receiver.expected);
    expect(this.receiver.early.size).toBeLessThanOrEqual(options.windowMessages);
    expect(this.receiver.undealt).toBeLessThanOrEqual(options.windowMessages);
    const ack = receiver.takeAck(this.receiver, options);
    this.travel(copies(), () => this.hearAck(ack, copies));
  }

  hearAck(ack: Ack, copies: () => number): void {
    this.link.sender.acknowledge(this.sender, ack, this.nowMs, options);
    this.flush(copies);
  }
}

class Send implements fc.AsyncCommand<Model, Real> {
  readonly n: number;
  readonly fates: readonly number[];
  constructor(n: number, fates: readonly number[]) {
    this.n = n;
    this.fates = fates;
  }
  check = (): boolean => true;
  run(model: Model, real: Real): Promise<void> {
    const { sender } = real.link;
    for (let i = 0; i < this.n; i++) {
      const room = sender.room(real.sender, options) > 0;
      const seq = sender.enqueue(real.sender, message(real.taken + 1), options);
      // A full queue refuses, and only a full one.
      expect(seq > 0).toBe(room);
      if (seq === 0) continue;
      real.taken++;
      model.taken++;
      expect(seq).toBe(model.taken);
    }
    real.flush(fatesOf(this.fates));
    return Promise.resolve();
  }
  toString = (): string => `send(${this.n}, fates ${this.fates.join('')})`;
}

class Pass implements fc.AsyncCommand<Model, Real> {
  readonly ms: number;
  readonly frames: number;
  constructor(ms: number, frames: number) {
    this.ms = ms;
    this.frames = frames;
  }
  check = (): boolean => true;
  async run(_model: Model, real: Real): Promise<void> {
    for (let i = 0; i < this.frames && real.scheduler.count() > 0; i++) await real.scheduler.waitNext(1);
    real.nowMs += this.ms;
    if (real.link.sender.expire(real.sender, real.nowMs, options)) real.flush(() => 1);
  }
  toString = (): string => `pass(${this.ms} ms, ${this.frames} frames)`;
}

class Deal implements fc.AsyncCommand<Model, Real> {
  readonly n: number;
  constructor(n: number) {
    this.n = n;
  }
  check = (): boolean => true;
  run(_model: Model, real: Real): Promise<void> {
    real.link.receiver.deal(real.receiver, this.n, options);
    return Promise.resolve();
  }
  toString = (): string => `deal(${this.n})`;
}

/** Either end dies and goes on from what it had written: the sender its outbox, the receiver what it had settled. */
class Restart implements fc.AsyncCommand<Model, Real> {
  readonly which: 'sender' | 'receiver';
  constructor(which: 'sender' | 'receiver') {
    this.which = which;
  }
  check = (): boolean => true;
  run(_model: Model, real: Real): Promise<void> {
    const { sender, receiver } = real.link;
    if (this.which === 'sender') {
      const { pending, head, base } = real.sender;
      real.sender = sender.createSender(options, base, pending.slice(head) as Message[]);
    } else real.receiver = receiver.createReceiver(real.receiver.settled, real.receiver.undealt);
    real.touch();
    real.flush(() => 1);
    return Promise.resolve();
  }
  toString = (): string => `${this.which} restarts`;
}

/** How often each frame arrives, in turn. */
const fatesOf = (fates: readonly number[]): (() => number) => {
  let i = 0;
  return () => fates[i++ % fates.length] ?? 1;
};

const fates = fc.array(fc.constantFrom(0, 1, 1, 2), { minLength: 1, maxLength: 6 });
const commands = fc.commands(
  [
    fc.tuple(fc.integer({ min: 1, max: 12 }), fates).map(([n, f]) => new Send(n, f)),
    fc.tuple(fc.nat(3_000), fc.nat(10)).map(([ms, frames]) => new Pass(ms, frames)),
    fc.nat(16).map((n) => new Deal(n)),
    fc.constantFrom('sender' as const, 'receiver' as const).map((which) => new Restart(which)),
  ],
  { maxCommands: 40 },
);

/** Runs commands, then lets everything arrive; whatever happened, each message is handed on once, in order. */
const judge = (link: LinkReducers, numRuns: number): Promise<void> =>
  fc.assert(
    fc.asyncProperty(fc.scheduler(), commands, async (scheduler, cmds) => {
      const real = new Real(scheduler, link);
      await fc.asyncModelRun(() => ({ model: { taken: 0 }, real }), cmds);
      for (let i = 0; i < 80 && link.sender.waiting(real.sender) > 0; i++) {
        await scheduler.waitIdle();
        link.receiver.deal(real.receiver, options.windowMessages, options);
        link.sender.acknowledge(
          real.sender,
          link.receiver.takeAck(real.receiver, options),
          real.nowMs,
          options,
        );
        real.nowMs += 61_000;
        link.sender.expire(real.sender, real.nowMs, options);
        real.flush(() => 1);
      }
      await scheduler.waitIdle();
      expect(real.delivered).toEqual(Array.from({ length: real.taken }, (_, i) => i + 1));
      expect(link.sender.waiting(real.sender)).toBe(0);
    }),
    { numRuns },
  );

test('a link hands on each message once and in order, whatever is lost, doubled, overtaken or restarted', () =>
  judge(LINK, 300));

const { sender, receiver } = LINK;
test.each<[string, LinkReducers]>([
  [
    'a receiver that forgets what it held',
    {
      sender,
      receiver: {
        ...receiver,
        takeAck: (r, o) => ({ ...receiver.takeAck(r, o), held: [r.settled, r.expected + 4] }),
      },
    },
  ],
  [
    'a receiver that acks what it did not settle',
    {
      sender,
      receiver: {
        ...receiver,
        takeAck(r, o) {
          const ack = receiver.takeAck(r, o);
          return { ...ack, ack: ack.ack + (r.early.size > 0 ? 1 : 0) };
        },
      },
    },
  ],
  [
    'a sender that resends from where it is',
    {
      receiver,
      sender: { ...sender, expire: (s, now, o) => sender.expire(s, now, o) && ((s.again = []), true) },
    },
  ],
])('the model notices %s', async (_name, link) => {
  await expect(judge(link, 300)).rejects.toThrow();
});
