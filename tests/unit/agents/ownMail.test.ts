import { describe, expect, test } from 'vitest';
import { OwnMail } from '../../../src/agents/ownMail.ts';
import { createHlc, hlcMs } from '../../../src/bus/hlc.ts';
import type { Message } from '../../../src/bus/wire.ts';
import { createTestEnv } from '../../harness/testEnv.ts';

const draft = (n: number) => ({ from: 'a', to: 'b', kind: 'k', body: n });

describe("a node's own mail", () => {
  test('comes at the end of the turn, in the order of sending, each stamped later than the one before', async () => {
    const env = createTestEnv('own mail', 1_000);
    const heard: Message[] = [];
    const mail = new OwnMail(env, createHlc(), (message) => {
      heard.push(message);
      // What is sent meanwhile comes in a turn of its own.
      if (message.body === 1) mail.send(draft(4));
    });
    for (const n of [1, 2, 3]) mail.send(draft(n));
    expect(heard).toEqual([]);
    expect(mail.inHand).toBe(3);
    await env.settle();
    expect(heard.map((m) => m.body)).toEqual([1, 2, 3, 4]);
    expect(heard.map((m) => m.hlc)).toEqual([...heard.map((m) => m.hlc)].sort((a, b) => a - b));
    expect(new Set(heard.map((m) => m.hlc)).size).toBe(4);
    expect(hlcMs(heard[0]!.hlc)).toBe(1_000);
  });

  test('keeps what a draft has beside its body', async () => {
    const env = createTestEnv();
    const heard: Message[] = [];
    const mail = new OwnMail(env, createHlc(), (message) => void heard.push(message));
    mail.send({ ...draft(1), request: 'r', deadlineAtMs: 5 });
    await env.settle();
    expect(heard).toMatchObject([{ from: 'a', to: 'b', kind: 'k', body: 1, request: 'r', deadlineAtMs: 5 }]);
  });

  test('goes on behind a message that makes its handler throw, and ends with the node', async () => {
    const turns: (() => void)[] = [];
    const env = { ...createTestEnv(), defer: (fn: () => void) => void turns.push(fn) };
    const heard: unknown[] = [];
    const mail = new OwnMail(env, createHlc(), ({ body }) => {
      if (body === 2) throw new Error('no');
      heard.push(body);
    });
    for (const n of [1, 2, 3]) mail.send(draft(n));
    expect(turns.shift()).toThrow('no');
    mail.send(draft(4));
    for (const turn of turns.splice(0)) turn();
    expect(heard).toEqual([1, 3, 4]);
    mail.send(draft(5));
    mail.close();
    for (const turn of turns.splice(0)) turn();
    expect(heard).toEqual([1, 3, 4]);
  });
});
