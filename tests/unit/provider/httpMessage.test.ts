import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  fromRequestMessage,
  fromResponseMessage,
  toRequestMessage,
  toResponseMessage,
} from '../../../src/provider/httpMessage.ts';

test('a request carried over a port is the request that was sent', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme' }), async (body) => {
      const sent = new Request('https://model.invalid/v1/chat/completions?x=1', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-agent': 'a001' },
        body,
      });
      const message = structuredClone(await toRequestMessage(sent.clone()));
      const got = fromRequestMessage(message);
      expect([got.method, got.url, [...got.headers]]).toEqual([sent.method, sent.url, [...sent.headers]]);
      expect(await got.text()).toBe(await sent.text());
    }),
  );
  const get = fromRequestMessage(await toRequestMessage(new Request('https://model.invalid/')));
  expect([get.method, get.body]).toEqual(['GET', null]);
});

test('the rebuilt request is aborted by the signal given with it', async () => {
  const controller = new AbortController();
  const message = await toRequestMessage(
    new Request('https://model.invalid/', { method: 'POST', body: '{}' }),
  );
  const got = fromRequestMessage(message, controller.signal);
  controller.abort();
  expect(got.signal.aborted).toBe(true);
});

test('a response carried over a port is the response that was given', async () => {
  for (const [status, body] of [
    [200, '{"a":"ü"}'],
    [429, ''],
    [204, null],
  ] as const) {
    const given = new Response(body, { status, statusText: 'so', headers: { 'retry-after': '3' } });
    const carried = structuredClone(await toResponseMessage(given));
    const got = fromResponseMessage(carried, carried.body);
    expect([got.status, got.statusText, got.headers.get('retry-after'), await got.text()]).toEqual([
      status,
      'so',
      '3',
      body ?? '',
    ]);
  }
});
