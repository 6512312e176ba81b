import { describe, expect, test } from 'vitest';
import {
  badReplies,
  checkBroadcast,
  checkCounter,
  checkEcho,
  checkKafka,
  checkUniqueIds,
} from '../../harness/maelstromChecks.ts';
import type { Rpc } from '../../harness/maelstromNetwork.ts';

let atMs = 0;
const rpc = (client: string, request: Rpc['request'], reply: Rpc['reply']): Rpc => ({
  client,
  node: 'n1',
  request,
  reply,
  invokedAtMs: ++atMs,
  returnedAtMs: reply ? ++atMs : Infinity,
});
const send = (client: string, msg: number, offset: number | null): Rpc =>
  rpc(client, { type: 'send', key: 'k', msg }, offset === null ? null : { type: 'send_ok', offset });
const poll = (client: string, ...pairs: [number, unknown][]): Rpc =>
  rpc(client, { type: 'poll', offsets: { k: 0 } }, { type: 'poll_ok', msgs: { k: pairs } });
const add = (delta: number, reply: Rpc['reply'] = { type: 'add_ok' }): Rpc =>
  rpc('c1', { type: 'add', delta }, reply);
const value = (n: number): Rpc => rpc('c9', { type: 'read' }, { type: 'read_ok', value: n });
const cast = (message: number, reply: Rpc['reply'] = { type: 'broadcast_ok' }): Rpc =>
  rpc('c1', { type: 'broadcast', message }, reply);
const messages = (...all: number[]): Rpc => rpc('c9', { type: 'read' }, { type: 'read_ok', messages: all });
const refused = { type: 'error', code: 11 } as const;
const timedOut = { type: 'error', code: 0 } as const;

describe('the check of the logs', () => {
  const sound = [
    send('a', 1, 0),
    send('b', 2, 1),
    poll('a', [0, 1]),
    poll('a', [1, 2]),
    poll('b', [0, 1], [1, 2]),
  ];
  test('is content with a sound history, with gaps and with sends that nobody knows of', () => {
    expect(checkKafka(sound, [])).toEqual([]);
    expect(
      checkKafka([...sound, send('a', 3, null), send('a', 4, 7), poll('b', [5, 3], [7, 4])], []),
    ).toEqual([]);
  });
  test.each<[string, Rpc[], RegExp]>([
    [
      'an offset with two messages',
      [send('a', 1, 0), send('b', 2, 0), poll('a', [0, 1])],
      /offset 0 of k holds 1 and 2/,
    ],
    [
      'a message at two offsets',
      [send('a', 1, 0), poll('a', [0, 1], [1, 1])],
      /1 of k is at offsets 0 and 1/,
    ],
    ['a lost write', [send('a', 1, 0), send('a', 2, 1), poll('b', [1, 2])], /lost write: offset 0/],
    ['an acknowledged send that is never seen', [send('a', 1, 0)], /unseen: offset 0/],
    ['a poll that goes back', [...sound, poll('b', [0, 1])], /b polled offset 0 of k after 1/],
    [
      'a poll that skips',
      [...sound, send('a', 3, 2), send('a', 4, 3), poll('b', [3, 4]), poll('c', [2, 3])],
      /past 2/,
    ],
    [
      'a poll that is out of order in itself',
      [...sound, poll('c', [1, 2], [0, 1])],
      /c polled offset 0 of k after 1/,
    ],
    [
      'sends of one client that go back',
      [send('a', 1, 5), send('a', 2, 4), poll('b', [4, 2], [5, 1])],
      /given offset 4/,
    ],
    ['a message that nobody sent', [...sound, poll('b', [2, 99])], /99 was polled and never sent/],
    [
      'a message whose send failed',
      [rpc('a', { type: 'send', key: 'k', msg: 9 }, refused), poll('b', [0, 9])],
      /although its send failed/,
    ],
    [
      'an offset committed that nobody committed',
      [
        rpc(
          'a',
          { type: 'list_committed_offsets', keys: ['k'] },
          { type: 'list_committed_offsets_ok', offsets: { k: 3 } },
        ),
      ],
      /nobody did/,
    ],
  ])('finds %s', (_name, history, why) => {
    expect(checkKafka(history, []).join('\n')).toMatch(why);
  });
  test('lets offsets be others after a new assignment', () => {
    const assign = rpc(
      'b',
      { type: 'list_committed_offsets', keys: ['k'] },
      { type: 'list_committed_offsets_ok', offsets: {} },
    );
    expect(checkKafka([...sound, assign, poll('b', [0, 1])], [])).toEqual([]);
  });
});

describe('the check of the counter', () => {
  test('takes the sum with any of what nobody knows, and without what was refused', () => {
    const history = [add(3), add(4, null), add(10, timedOut), add(100, refused)];
    for (const n of [3, 7, 13, 17]) expect(checkCounter(history, [value(n)])).toEqual([]);
    for (const n of [0, 4, 14, 103]) expect(checkCounter(history, [value(n)])).toHaveLength(1);
    expect(checkCounter(history, [])).toHaveLength(1);
  });
});

describe('the check of the broadcast', () => {
  const history = [cast(1), cast(2, null), cast(3)];
  test('takes what was acknowledged, with or without what nobody knows', () => {
    expect(checkBroadcast(history, [messages(1, 3), messages(3, 2, 1)])).toEqual([]);
  });
  test('finds what is lost, invented, doubled or not answered', () => {
    expect(checkBroadcast(history, [messages(1)]).join()).toMatch(/lacks 1 .*3 among/);
    expect(checkBroadcast(history, [messages(1, 3, 4)]).join()).toMatch(/has 4, which nobody sent/);
    expect(checkBroadcast(history, [messages(1, 3, 3)]).join()).toMatch(/twice/);
    expect(checkBroadcast(history, [rpc('c9', { type: 'read' }, null)]).join()).toMatch(/not answered/);
    expect(checkBroadcast(history, []).join()).toMatch(/no final read/);
  });
});

test('the checks of ids, echoes and replies find what is wrong', () => {
  const id = (n: string): Rpc => rpc('a', { type: 'generate' }, { type: 'generate_ok', id: n });
  expect(checkUniqueIds([id('x'), id('y')])).toEqual([]);
  expect(checkUniqueIds([id('x'), id('y'), id('x')])).toHaveLength(1);
  const echo = (said: string): Rpc => rpc('a', { type: 'echo', echo: 'hi' }, { type: 'echo_ok', echo: said });
  expect(checkEcho([echo('hi')])).toEqual([]);
  expect(checkEcho([echo('ho')])).toHaveLength(1);
  expect(
    badReplies([echo('hi'), rpc('a', { type: 'echo' }, null), rpc('a', { type: 'echo' }, refused)]),
  ).toEqual([]);
  expect(badReplies([rpc('a', { type: 'echo' }, { type: 'add_ok' })])).toHaveLength(1);
});
