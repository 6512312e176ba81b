import { expect, test } from 'vitest';
import { optionsWith } from '../../harness/hammering.ts';
import { createTestEnv, type TestEnv } from '../../harness/testEnv.ts';
import type { ProviderOptions } from '../../../src/provider/options.ts';
import { profileOf } from '../../../src/provider/profile.ts';
import { buildPrompt } from '../../../src/provider/prompt.ts';
import { createSimulatedProvider, type SimulatedProvider } from '../../../src/provider/simulated.ts';

const URL = 'https://model.invalid/v1/chat/completions';
const { messages } = buildPrompt(
  'What of the navy?',
  [{ speaker: 'S', date: '1901', text: 'The navy has eleven ships.' }],
  1000,
);

function build(limits: Partial<ProviderOptions> = {}): { env: TestEnv; provider: SimulatedProvider } {
  const env = createTestEnv();
  return { env, provider: createSimulatedProvider(env, profileOf('small-fast'), optionsWith(limits)) };
}

const post = (body: unknown, signal: AbortSignal | null = null, url = URL): Request =>
  new Request(url, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body), signal });
const chat = (signal: AbortSignal | null = null): Request =>
  post({ model: 'm', messages, max_tokens: 100 }, signal);

async function after(env: TestEnv, ms: number, promise: Promise<Response>): Promise<Response> {
  let response: Response | null = null;
  void promise.then((r) => (response = r));
  await env.advance(ms);
  if (response === null) throw new Error(`no response after ${ms} ms`);
  return response;
}

test('a chat completion comes back in the shape of the OpenAI API, after the network and the model took their time', async () => {
  const { env, provider } = build();
  const promise = provider.fetch(chat());
  let early = true;
  void promise.then(() => (early = false));
  await env.advance(100);
  expect(early).toBe(true);
  const response = await after(env, 3000, promise);
  expect(response.status).toBe(200);
  const body = await response.json();
  expect(body).toMatchObject({
    object: 'chat.completion',
    model: 'm',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'The navy has eleven ships. [1]' },
        finish_reason: 'stop',
      },
    ],
  });
  expect(body.usage.total_tokens).toBe(body.usage.prompt_tokens + body.usage.completion_tokens);
  expect(provider.counts()).toMatchObject({
    ok: 1,
    inFlight: 0,
    inputTokens: body.usage.prompt_tokens,
    outputTokens: body.usage.completion_tokens,
  });
  expect(Number(response.headers.get('x-ratelimit-remaining-requests'))).toBeGreaterThan(0);
  expect(response.headers.get('x-ratelimit-limit-output-tokens')).toBe('400000');
});

test('other routes are 404, bad bodies 400, each with an error that says why, and nothing is charged for them', async () => {
  const { env, provider } = build();
  const status = async (request: Request): Promise<[number, string]> => {
    const response = await after(env, 1000, provider.fetch(request));
    return [response.status, (await response.json()).error.message];
  };
  expect(await status(post({}, null, 'https://model.invalid/v1/embeddings'))).toEqual([
    404,
    expect.any(String),
  ]);
  expect(await status(new Request(URL))).toEqual([404, expect.any(String)]);
  expect(await status(post('{'))).toEqual([400, 'The body is not JSON.']);
  expect(await status(post({ model: 'm', messages: [], max_tokens: 1 }))).toEqual([
    400,
    expect.stringContaining('messages must be an array of 1 to'),
  ]);
  expect(await status(post({ model: 'm', messages, max_tokens: 0 }))).toEqual([
    400,
    expect.stringContaining('max_tokens must be a whole number'),
  ]);
  const endless = [{ role: 'user', content: 'x'.repeat(80_000) }];
  expect(await status(post({ model: 'm', messages: endless }))).toEqual([
    400,
    expect.stringContaining('exceed the context'),
  ]);
  expect(provider.counts()).toMatchObject({ ok: 0, inputTokens: 0, outputTokens: 0, inFlight: 0 });
});

test('a 429 names whole seconds after which the same request is let in', async () => {
  const { env, provider } = build({ requestsPerMin: 20, networkJitterMs: 0 });
  const burst = [1, 2, 3].map(() => provider.fetch(chat()));
  const responses = await Promise.all([
    after(env, 3000, burst[0]!),
    burst[1]!,
    burst[2]!.then(async (r) => ({ r, at: env.now() })),
  ]);
  const { r } = responses[2];
  expect([responses[0].status, responses[1].status, r.status]).toEqual([200, 200, 429]);
  expect(r.headers.get('retry-after')).toMatch(/^\d+$/);
  expect((await r.json()).error.type).toBe('rate_limit_error');
  await env.advance(Number(r.headers.get('retry-after')) * 1000);
  expect((await after(env, 3000, provider.fetch(chat()))).status).toBe(200);
  expect(provider.counts()).toMatchObject({ status429: 1, byAxis429: { requests: 1 } });
});

test('an abort rejects at once, frees the place after one network delay, and charges only what was produced', async () => {
  const { env, provider } = build({ concurrency: 1 });
  provider.disturb({ slowdown: 20, failing: 0 });
  const controller = new AbortController();
  let reason: unknown = null;
  provider.fetch(chat(controller.signal)).catch((e: unknown) => (reason = e));
  await env.advance(60);
  expect(provider.counts().inFlight).toBe(1);
  const refused = await after(env, 200, provider.fetch(chat()));
  expect(refused.status).toBe(429);
  controller.abort();
  await env.settle();
  expect(reason).toMatchObject({ name: 'AbortError' });
  expect(provider.counts().inFlight).toBe(1);
  await env.advance(40);
  expect(provider.counts()).toMatchObject({ inFlight: 0, aborted: 1, byAxis429: { concurrency: 1 } });
  expect(provider.counts().outputTokens).toBe(0);
  provider.disturb({ slowdown: 1, failing: 0 });
  expect((await after(env, 3000, provider.fetch(chat()))).status).toBe(200);
});

test('disturbed, it is slow and fails; healed, it is as before', async () => {
  const { env, provider } = build();
  provider.disturb({ slowdown: 1, failing: 1 });
  expect((await after(env, 3000, provider.fetch(chat()))).status).toBe(503);
  provider.disturb({ slowdown: 50, failing: 0 });
  let answered = false;
  void provider.fetch(chat()).then(() => (answered = true));
  await env.advance(3000);
  expect(answered).toBe(false);
  await env.advance(60_000);
  expect(answered).toBe(true);
  provider.disturb({ slowdown: 1, failing: 0 });
  expect((await after(env, 3000, provider.fetch(chat()))).status).toBe(200);
  expect(provider.counts()).toMatchObject({ status5xx: 1, ok: 2, inFlight: 0 });
  expect(() => provider.disturb({ slowdown: 0.5, failing: 0 })).toThrow(RangeError);
});
