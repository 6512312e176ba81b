import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterEach, describe, expect, test } from 'vitest';
import {
  readCommand,
  startProvider,
  type RunningProvider,
} from '../../../src/worlds/node/providerCommand.ts';

const running: RunningProvider[] = [];

/** A provider on a free port, with the options of the command line. */
async function provider(given: Readonly<Record<string, string>>): Promise<RunningProvider> {
  const command = readCommand({ port: '0', seed: 'over http', ...given });
  if (!command.ok) throw new Error(command.error);
  const profile = {
    ...command.value.profile,
    // Quick, and without accidents: this is about the way over HTTP.
    firstToken: { medianMs: 5, sigma: 0.1, maxMs: 20 },
    speed: { tokensPerS: 2_000, sigma: 0.1, minPerS: 1_000 },
    faults: {
      ...command.value.profile.faults,
      overloadsPerHour: 0,
      failing: 0,
      streamError: 0,
      stall: 0,
      cut: 0,
    },
  };
  const started = await startProvider({ ...command.value, profile });
  running.push(started);
  return started;
}
afterEach(async () => {
  await Promise.all(running.splice(0).map((p) => p.close()));
});

const question = [{ role: 'user' as const, content: 'Tell of the navy and its ships in the year 1812.' }];
const openai = (p: RunningProvider, apiKey = 'k', maxRetries = 0): OpenAI =>
  new OpenAI({ apiKey, baseURL: p.baseUrl, maxRetries });
const anthropic = (p: RunningProvider, apiKey = 'k', maxRetries = 0): Anthropic =>
  new Anthropic({ apiKey, baseURL: p.baseUrl, maxRetries });

const until = async (what: string, holds: () => boolean): Promise<void> => {
  for (let i = 0; i < 400 && !holds(); i++) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(holds(), what).toBe(true);
};

describe('the package openai, over HTTP', () => {
  const ask = (who: OpenAI, model = 'gpt-like') =>
    who.chat.completions.create({ model, messages: question, max_completion_tokens: 60 });

  test('completes and lists models', async () => {
    const p = await provider({ profile: 'openai-like' });
    const { data, response } = await ask(openai(p)).withResponse();
    expect(data.choices[0]!.message.content!.length).toBeGreaterThan(20);
    expect(response.headers.get('x-ratelimit-limit-requests')).not.toBeNull();
    expect((await openai(p).models.list()).data.map((m) => m.id)).toEqual(['gpt-like']);
  });

  test('streams: the first piece comes while the answer is still being made', async () => {
    const p = await provider({ profile: 'openai-like' });
    const stream = await openai(p).chat.completions.create({
      model: 'gpt-like',
      messages: question,
      max_completion_tokens: 400,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let usage = 0;
    let early = 0;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage?.completion_tokens ?? usage;
      if (text !== '' && p.counts().inFlight === 1) early++;
    }
    expect(early).toBeGreaterThan(2);
    expect(usage).toBe(Math.ceil(text.length / 4));
  });

  test('who goes away while it streams is noticed, and its place is free', async () => {
    const p = await provider({ profile: 'openai-like', slowdown: '50' });
    const stream = await openai(p).chat.completions.create({
      model: 'gpt-like',
      messages: question,
      max_completion_tokens: 400,
      stream: true,
    });
    expect(p.counts().inFlight).toBe(1);
    stream.controller.abort();
    await until('the abort arrived', () => p.counts().aborted === 1);
    expect(p.counts().inFlight).toBe(0);
  });

  test('raises its own errors: wrong key, unknown model, bad request, rate limit, overload, no connection', async () => {
    const p = await provider({
      profile: 'openai-like',
      key: 'right',
      model: 'gpt-like',
      requestsPerMin: '60',
    });
    await expect(ask(openai(p, 'wrong'))).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
    await expect(ask(openai(p, 'right'), 'another')).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
    });
    await expect(
      openai(p, 'right').chat.completions.create({ model: 'gpt-like', messages: [] }),
    ).rejects.toBeInstanceOf(OpenAI.BadRequestError);
    const ended = await Promise.allSettled(Array.from({ length: 6 }, () => ask(openai(p, 'right'))));
    const reasons = ended.flatMap((e) => (e.status === 'rejected' ? [e.reason as unknown] : []));
    expect(reasons.length).toBeGreaterThan(0);
    for (const reason of reasons) expect(reason).toBeInstanceOf(OpenAI.RateLimitError);
    const sick = await provider({ profile: 'openai-like', failing: '1' });
    await expect(ask(openai(sick))).rejects.toBeInstanceOf(OpenAI.InternalServerError);
    await sick.close();
    await expect(ask(openai(sick))).rejects.toBeInstanceOf(OpenAI.APIConnectionError);
  });

  test('retries after a 429 as long as it is told to, and then succeeds', async () => {
    const p = await provider({ profile: 'small-fast', requestsPerMin: '600' });
    const answers = await Promise.all(Array.from({ length: 12 }, () => ask(openai(p, 'k', 4))));
    expect(answers).toHaveLength(12);
    expect(p.counts().status429).toBeGreaterThan(0);
  });
});

describe('the package @anthropic-ai/sdk, over HTTP', () => {
  const params = { model: 'claude-like', max_tokens: 300, messages: question };

  test('completes and streams, also with a key', async () => {
    const p = await provider({ profile: 'anthropic-1000', key: 'right' });
    const whole = await anthropic(p, 'right').messages.create(params);
    expect(whole.usage.output_tokens).toBeGreaterThan(0);
    let pieces = 0;
    const stream = anthropic(p, 'right').messages.stream(params);
    stream.on('text', () => pieces++);
    const message = await stream.finalMessage();
    expect(pieces).toBeGreaterThan(3);
    expect(message.usage.output_tokens).toBeGreaterThan(0);
    await expect(anthropic(p, 'wrong').messages.create(params)).rejects.toBeInstanceOf(
      Anthropic.AuthenticationError,
    );
  });

  test('raises its own errors: unknown model, rate limit, overload', async () => {
    const p = await provider({ profile: 'anthropic-1000', model: 'only', requestsPerMin: '20' });
    await expect(anthropic(p).messages.create(params)).rejects.toBeInstanceOf(Anthropic.NotFoundError);
    const ended = await Promise.allSettled(
      Array.from({ length: 5 }, () => anthropic(p).messages.create({ ...params, model: 'only' })),
    );
    const refused = ended.find((e) => e.status === 'rejected')!;
    expect(refused.reason).toBeInstanceOf(Anthropic.RateLimitError);
    const sick = await provider({ profile: 'anthropic-1000', failing: '1' });
    await expect(anthropic(sick).messages.create(params)).rejects.toMatchObject({ status: 529 });
  });
});

test('a page of another origin may ask, with its key, and read the headers that tell of limits', async () => {
  const p = await provider({ profile: 'openai-like' });
  const leave = await fetch(`${p.baseUrl}/chat/completions`, {
    method: 'OPTIONS',
    headers: { 'access-control-request-headers': 'authorization,content-type' },
  });
  expect(leave.status).toBe(204);
  expect(leave.headers.get('access-control-allow-headers')).toBe('authorization,content-type');
  const list = await fetch(`${p.baseUrl}/models`);
  expect(list.headers.get('access-control-allow-origin')).toBe('*');
  const answer = await fetch(`${p.baseUrl}/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ model: 'm', messages: question, max_tokens: 5 }),
  });
  expect(answer.headers.get('access-control-expose-headers')).toContain('x-ratelimit-remaining-requests');
  expect(
    (await fetch(`${p.baseUrl}/chat/completions`, { method: 'POST', body: 'x'.repeat(10_000_001) })).status,
  ).toBe(413);
});

test('the line for the shell names what the server wants', async () => {
  const p = await provider({ profile: 'anthropic-1000', key: 'right' });
  expect(p.curl).toContain(`${p.baseUrl}/v1/messages`);
  expect(p.curl).toContain(`x-api-key: right`);
});

test('a command that is wrong is refused with what there is', () => {
  const refusal = (given: Record<string, string>): string => {
    const command = readCommand(given);
    return command.ok ? '' : command.error;
  };
  expect(refusal({})).toMatch(/Which profile\? There are small-fast, /);
  expect(refusal({ profile: 'gpt' })).toMatch(/no profile "gpt"; there are small-fast, anthropic-1000/);
  expect(refusal({ profile: 'custom', prot: '1' })).toBe('There is no option --prot.');
  expect(refusal({ profile: 'custom', port: 'x' })).toMatch(/--port must be/);
  expect(refusal({ profile: 'custom', requestsPerMin: 'many' })).toMatch(/provider\.requestsPerMin must be/);
  expect(refusal({ profile: 'custom', failing: '2' })).toMatch(/--failing from 0 to 1/);
});
