import { expect, test } from 'vitest';
import { optionsWith } from '../../harness/hammering.ts';
import { createTestEnv } from '../../harness/testEnv.ts';
import { createModelClient } from '../../../src/provider/client.ts';
import { createDesk } from '../../../src/provider/desk.ts';
import type { FetchHandler, ModelRequest } from '../../../src/provider/port.ts';
import { limitOver, retryAfterMs, shouldRetry, toldLimits } from '../../../src/provider/rateHeaders.ts';
import { backoffMs, RetryAccount } from '../../../src/provider/retryBudget.ts';

test('the headers of either dialect tell of limits, waits and whether to retry', () => {
  const anthropic = new Headers({
    'anthropic-ratelimit-requests-limit': '1000',
    'anthropic-ratelimit-requests-remaining': '12',
    'anthropic-ratelimit-output-tokens-limit': '400000',
    'anthropic-ratelimit-output-tokens-remaining': '0',
    'retry-after': '7',
    'x-should-retry': 'false',
  });
  expect(toldLimits(anthropic)).toEqual([
    { unit: 'requests', limit: 1_000, remaining: 12 },
    { unit: 'outputTokens', limit: 400_000, remaining: 0 },
  ]);
  expect(retryAfterMs(anthropic)).toBe(7_000);
  expect(shouldRetry(anthropic)).toBe(false);
  expect(limitOver('Slow down.', toldLimits(anthropic))).toBe('outputTokens');
  const openai = new Headers({
    'x-ratelimit-limit-tokens': '90000',
    'x-ratelimit-remaining-tokens': '80',
    'retry-after-ms': '120',
  });
  expect(toldLimits(openai)).toEqual([{ unit: 'totalTokens', limit: 90_000, remaining: 80 }]);
  expect(retryAfterMs(openai)).toBe(120);
  expect(shouldRetry(openai)).toBeNull();
  expect(limitOver('Rate limit reached on requests per minute.', [])).toBe('requests');
  expect(limitOver('Too many concurrent requests.', [])).toBe('concurrency');
  // Anthropic's acceleration limit and OpenAI's slow_down, by their words; an unnamed 429 that no limit explains, by what is left.
  expect(limitOver('Your use rose too sharply (acceleration limit). Ramp up gradually.', [])).toBe(
    'acceleration',
  );
  expect(limitOver('The rate of requests rose too fast. Slow down.', [])).toBe('acceleration');
  const needs = { inputTokens: 500, outputTokens: 100 };
  const left = (requests: number, inputTokens: number) => [
    { unit: 'requests', limit: 1_000, remaining: requests } as const,
    { unit: 'inputTokens', limit: 100_000, remaining: inputTokens } as const,
  ];
  expect(limitOver('Rate limited.', left(50, 10_000), needs)).toBe('acceleration');
  expect(limitOver('Rate limited.', left(50, 400), needs)).toBeUndefined();
  expect(limitOver('Rate limited.', [], needs)).toBeUndefined();
  expect(retryAfterMs(new Headers({ 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }))).toBeNull();
});

test('waits have full jitter, double their span, and never undercut what the endpoint said', () => {
  expect(backoffMs(1, null, 0)).toBe(0);
  expect(backoffMs(1, null, 1)).toBe(200);
  expect(backoffMs(3, null, 1)).toBe(800);
  expect(backoffMs(20, null, 1)).toBe(5_000);
  expect(backoffMs(1, 3_000, 0.5)).toBe(3_100);
});

test('a retry budget: ten at first, then one for five first tries', () => {
  const account = new RetryAccount();
  let spent = 0;
  while (account.spend()) spent++;
  expect(spent).toBe(10);
  for (let i = 0; i < 6; i++) account.begin(i, 0);
  expect(account.spend()).toBe(true);
  expect(account.spend()).toBe(false);
});

function failing(headers: Record<string, string>, status = 429) {
  const env = createTestEnv();
  const options = optionsWith({ cacheBytes: 0 });
  const desk = createDesk(env, options);
  const times: number[] = [];
  const fetch: FetchHandler = () => {
    times.push(env.now());
    return Promise.resolve(
      new Response(JSON.stringify({ error: { message: 'on requests', code: headers['code'] ?? 'x' } }), {
        status,
        headers,
      }),
    );
  };
  const client = createModelClient(env, fetch, desk.portFor(1), options);
  const request = (): ModelRequest => ({
    agent: 'loop',
    messages: [{ role: 'user', content: 'Again and again?' }],
    maxTokens: 20,
    deadlineAtMs: env.now() + 3_000,
  });
  return { env, desk, times, client, request };
}

test('x-should-retry: false and an empty account are not tried again, whatever the status says', async () => {
  for (const headers of [{ 'x-should-retry': 'false' }, { code: 'insufficient_quota' }]) {
    const { env, times, client, request } = failing(headers);
    const result = client.complete(request());
    await env.advance(3_000);
    expect(await result).toMatchObject({ ok: false, error: { reason: 'rate-limited', attempts: 1 } });
    expect(times).toHaveLength(1);
  }
});

test('a client that retries on top of ours is detected and named, and causes no storm', async () => {
  const { env, desk, times, client, request } = failing({ 'retry-after': '1' });
  let asked = 0;
  let message = '';
  let over = false;
  const outer = async (): Promise<void> => {
    while (!over) {
      asked++;
      const result = await client.complete(request());
      if (!result.ok) message = result.error.message;
      await new Promise<void>((resolve) => void env.setTimer(10, resolve));
    }
  };
  void outer();
  await env.advance(60_000);
  over = true;
  expect(asked).toBeGreaterThan(5);
  // retry-after is obeyed across the outer layer's tries too.
  expect(times.length).toBeLessThanOrEqual(62);
  expect(desk.counts().nested).toBeGreaterThan(3);
  expect(desk.view().nested.by).toBe('loop');
  expect(message).toContain('let one layer retry');
});
