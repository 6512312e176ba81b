import { afterEach, expect, it } from 'vitest';
import { takeOut, type Envelope } from '../../../src/worlds/live/envelope.ts';
import { liveChannels } from '../../../src/worlds/live/liveChannels.ts';
import { createCaller, serveCalls } from '../../../src/worlds/live/portCalls.ts';

const event = <T>(data: T): MessageEvent<Envelope<T>> => ({ data }) as unknown as MessageEvent<Envelope<T>>;

it('takes out what an event brought, so that the event has nothing left to keep', () => {
  const what = { lots: 'of it' };
  const envelope = [what];
  expect(takeOut(event(envelope) as never)).toBe(what);
  expect(envelope).toEqual([]);
});

it.each([
  ['text', 'x'],
  ['nothing', null],
  ['no value', undefined],
  ['an object', { v: 1 }],
])('hands on as it is what came without an envelope: %s', (_name, data) => {
  expect(takeOut(event(data) as never)).toBe(data);
});

/** Every event that a port or a channel delivers until the test ends, seen before its listener takes anything out. */
function spied(kind: { prototype: { onmessage: unknown } }): unknown[] {
  const seen: unknown[] = [];
  const own = Object.getOwnPropertyDescriptor(kind.prototype, 'onmessage')!;
  Object.defineProperty(kind.prototype, 'onmessage', {
    ...own,
    set(this: unknown, listener: (event: MessageEvent<unknown>) => void) {
      own.set!.call(this, (event: MessageEvent<unknown>) => {
        seen.push(event.data);
        listener(event);
      });
    },
  });
  undo.push(() => Object.defineProperty(kind.prototype, 'onmessage', own));
  return seen;
}
const undo: (() => void)[] = [];
afterEach(() => {
  for (const fn of undo.splice(0)) fn();
});

it('of frames that a channel delivered, their events keep nothing', async () => {
  const seen = spied(BroadcastChannel);
  const heard: unknown[] = [];
  const inward = liveChannels.open('envelope', (frame) => heard.push(frame));
  const out = liveChannels.open('envelope', () => undefined);
  undo.push(inward.close, out.close);
  out.post({ type: 'data', messages: [1, 2] });
  await expect.poll(() => heard).toEqual([{ type: 'data', messages: [1, 2] }]);
  expect(seen).toEqual([[]]);
});

it('of calls and answers over a port, their events keep nothing', async () => {
  const seen = spied(MessagePort);
  const { port1, port2 } = new MessageChannel();
  undo.push(() => port1.close());
  serveCalls(port1, { double: (n: never, answer) => answer([n, n]) });
  const answers: unknown[] = [];
  createCaller(port2, (fn) => fn).call('double', 'x', (value) => answers.push(value));
  await expect.poll(() => answers).toEqual([['x', 'x']]);
  expect(seen).toEqual([[], []]);
});
