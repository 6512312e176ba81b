import { expect, test } from 'vitest';
import { exchange, type Reply } from '../../../src/provider/providerWire.ts';
import { createTestEnv } from '../../harness/testEnv.ts';

test('pieces arrive in the order in which they were written, on timers that count whole milliseconds too', async () => {
  const env = createTestEnv();
  // As a browser's setTimeout does it: what is set a little later may run out a little earlier.
  const whole = { ...env, setTimer: (ms: number, fn: () => void) => env.setTimer(Math.floor(ms), fn) };
  const ways = [20, 20.9, 20, 15.5, 20, 10];
  let reply: Reply | null = null;
  const answer = exchange(whole, {
    request: new Request('https://model.invalid/', { method: 'POST', body: '{}' }),
    oneWayMs: () => ways[Math.floor(env.now()) % ways.length]!,
    serve: (its) => {
      reply = its;
      return null;
    },
    onAborted: () => undefined,
  });
  await env.advance(25);
  reply!.open({});
  const written = Array.from({ length: 200 }, (_, i) => `${i},`);
  for (const piece of written) {
    await env.advance(0.3);
    reply!.write(piece);
  }
  reply!.close();
  await env.advance(100);
  expect(await (await answer).text()).toBe(written.join(''));
});
