import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { enforcedLimits } from '../../../src/provider/limits.ts';
import { createLimiter } from '../../../src/provider/limiter.ts';
import { goDuration } from '../../../src/provider/openaiDialect.ts';
import { PROFILE_NAMES, providerOptions, type ProfileName } from '../../../src/provider/options.ts';
import { profileOf } from '../../../src/provider/profile.ts';
import { rfc3339 } from '../../../src/kernel/rfc3339.ts';
import { createModelClient } from '../../../src/provider/client.ts';
import { createDesk } from '../../../src/provider/desk.ts';
import { createRng } from '../../../src/kernel/rng.ts';
import { anthropic, LONG, openai, question, vendor, type Vendor } from '../../harness/vendor.ts';

describe('the package openai, given the handler as its fetch', () => {
  test('completes, with the counts and the headers of the limits', async () => {
    const v = vendor('openai-like');
    const { data, response } = await v.settle(
      openai(v)
        .chat.completions.create({ model: 'gpt-like', messages: question, max_completion_tokens: 50 })
        .withResponse(),
    );
    expect(data.choices[0]!.message.content!.length).toBeGreaterThan(4);
    expect(data.usage!.total_tokens).toBe(data.usage!.prompt_tokens + data.usage!.completion_tokens);
    expect(response.headers.get('x-ratelimit-limit-tokens')).toBe('2000000');
    expect(response.headers.get('x-ratelimit-reset-requests')).toMatch(/^\d+(ms|s)$/);
    const models = await v.settle(openai(v).models.list());
    expect(models.data.map((m) => m.id)).toEqual(['gpt-like']);
  });

  test('streams the same text piece by piece, and the counts at the end', async () => {
    const v = vendor('openai-like');
    const read = async (): Promise<{ pieces: string[]; usage: number | undefined }> => {
      const stream = await openai(v).chat.completions.create({
        model: 'gpt-like',
        messages: question,
        max_completion_tokens: 200,
        stream: true,
        stream_options: { include_usage: true },
      });
      const pieces: string[] = [];
      let usage: number | undefined;
      for await (const chunk of stream) {
        pieces.push(chunk.choices[0]?.delta.content ?? '');
        usage = chunk.usage?.completion_tokens ?? usage;
      }
      return { pieces, usage };
    };
    const { pieces, usage } = await v.settle(read());
    expect(pieces.filter((p) => p !== '').length).toBeGreaterThan(3);
    expect(usage).toBe(Math.ceil(pieces.join('').length / 4));
  });

  test('a prompt that was read before is told as cached', async () => {
    const v = vendor('openai-like');
    const ask = () =>
      v.settle(
        openai(v).chat.completions.create({
          model: 'gpt-like',
          messages: [{ role: 'user', content: LONG }],
          max_completion_tokens: 10,
        }),
      );
    expect((await ask()).usage!.prompt_tokens_details!.cached_tokens).toBe(0);
    expect((await ask()).usage!.prompt_tokens_details!.cached_tokens).toBeGreaterThanOrEqual(1_024);
  });

  test('raises its own errors: bad request, not found, rate limit, overload, money', async () => {
    const v = vendor('openai-like');
    const wrong = openai(v).chat.completions.create({
      model: 'gpt-like',
      messages: [],
      max_completion_tokens: 5,
    });
    await expect(v.settle(wrong)).rejects.toBeInstanceOf(OpenAI.BadRequestError);
    await expect(v.settle(openai(v).embeddings.create({ model: 'e', input: 'x' }))).rejects.toBeInstanceOf(
      OpenAI.NotFoundError,
    );
    const ask = (who: OpenAI) =>
      who.chat.completions.create({ model: 'gpt-like', messages: question, max_completion_tokens: 5 });
    v.provider.disturb({ slowdown: 1, failing: 1 });
    await expect(v.settle(ask(openai(v)))).rejects.toMatchObject({
      status: 503,
      code: 'server_is_overloaded',
    });

    const few = vendor('openai-like', { requestsPerMin: 60 });
    const three = [1, 2, 3].map(() => ask(openai(few)));
    const ended = await few.settle(Promise.allSettled(three));
    const refused = ended.find((e) => e.status === 'rejected')!;
    expect(refused.reason).toBeInstanceOf(OpenAI.RateLimitError);
    expect((refused.reason as Error).message).toMatch(/requests per min \(RPM\)/);

    const poor = vendor('openai-like', { spendCapUsd: 0.000_001 });
    await poor.settle(ask(openai(poor)));
    await expect(poor.settle(ask(openai(poor, 3)))).rejects.toMatchObject({ code: 'insufficient_quota' });
    expect(poor.provider.counts().byAxis429.spend).toBe(1);
  });
});

describe('the package @anthropic-ai/sdk, given the handler as its fetch', () => {
  const ask = (v: Vendor, content = 'Tell of the navy.', maxRetries = 0) =>
    anthropic(v, maxRetries).messages.create({
      model: 'claude-like',
      max_tokens: 40,
      messages: [{ role: 'user', content }],
    });

  test('completes, and its headers tell each limit with a time of reset', async () => {
    const v = vendor('anthropic-1000');
    const { data, response } = await v.settle(ask(v).withResponse());
    expect(data.content[0]).toMatchObject({ type: 'text' });
    expect(data.usage.output_tokens).toBeGreaterThan(0);
    for (const name of ['requests', 'tokens', 'input-tokens', 'output-tokens']) {
      expect(response.headers.get(`anthropic-ratelimit-${name}-reset`)).toMatch(
        /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
      );
      if (name !== 'requests')
        expect(Number(response.headers.get(`anthropic-ratelimit-${name}-remaining`)) % 1_000).toBe(0);
    }
    expect(response.headers.get('anthropic-ratelimit-input-tokens-limit')).toBe('2000000');
  });

  test('streams to its final message', async () => {
    const v = vendor('anthropic-1000');
    const stream = anthropic(v).messages.stream({
      model: 'claude-like',
      max_tokens: 200,
      messages: question,
    });
    let pieces = 0;
    stream.on('text', () => pieces++);
    const message = await v.settle(stream.finalMessage());
    expect(pieces).toBeGreaterThan(3);
    expect(message.usage.output_tokens).toBeGreaterThan(0);
    expect(message.stop_reason).toMatch(/end_turn|max_tokens/);
  });

  test('a marked prefix is written into the prompt cache once and read from then on', async () => {
    const v = vendor('anthropic-1000');
    const cached = () =>
      v.settle(
        anthropic(v).messages.create({
          model: 'claude-like',
          max_tokens: 10,
          system: [{ type: 'text', text: LONG, cache_control: { type: 'ephemeral' } }],
          messages: question,
        }),
      );
    const first = (await cached()).usage;
    const second = (await cached()).usage;
    expect(first.cache_creation_input_tokens).toBeGreaterThan(1_024);
    expect(first.cache_read_input_tokens).toBe(0);
    expect(second.cache_read_input_tokens).toBe(first.cache_creation_input_tokens);
    await v.env.advance(301_000);
    expect((await cached()).usage.cache_read_input_tokens).toBe(0);
  });

  test('raises its own errors, also out of a stream that had begun well', async () => {
    const v = vendor('anthropic-1000');
    v.provider.disturb({ slowdown: 1, failing: 1 });
    await expect(v.settle(ask(v))).rejects.toMatchObject({ status: 529 });

    const few = vendor('anthropic-1000', { requestsPerMin: 20 });
    const ended = await few.settle(Promise.allSettled([ask(few), ask(few), ask(few)]));
    const refused = ended.find((e) => e.status === 'rejected')!;
    expect(refused.reason).toBeInstanceOf(Anthropic.RateLimitError);

    const faults = { ...profileOf('anthropic-1000').faults, overloadsPerHour: 0, failing: 0, streamError: 1 };
    const broken = vendor('anthropic-1000', {}, { faults });
    const stream = anthropic(broken).messages.stream({ model: 'c', max_tokens: 200, messages: question });
    await expect(broken.settle(stream.finalMessage())).rejects.toThrow(/overloaded/i);
    const cut = vendor('anthropic-1000', {}, { faults: { ...faults, streamError: 0, cut: 1 } });
    const lost = anthropic(cut).messages.stream({ model: 'c', max_tokens: 200, messages: question });
    await expect(cut.settle(lost.finalMessage())).rejects.toThrow();
    expect(cut.provider.counts()).toMatchObject({ broken: 1, inFlight: 0 });
  });

  test('what is cached does not count against input tokens, and max_tokens does not count against output', async () => {
    const v = vendor('anthropic-1000', { inputTokensPerMin: 60_000, outputTokensPerMin: 60_000 });
    const call = () =>
      v.settle(
        anthropic(v).messages.create({
          model: 'claude-like',
          max_tokens: 8_000,
          system: [{ type: 'text', text: LONG, cache_control: { type: 'ephemeral' } }],
          messages: [{ role: 'user', content: 'Short.' }],
        }),
      );
    await call();
    const after = v.provider.counts().charged;
    await call();
    const more = v.provider.counts().charged;
    expect(more['input tokens/min']! - after['input tokens/min']!).toBeLessThan(100);
    expect(more['output tokens/min']!).toBe(v.provider.counts().outputTokens);
  });
});

test('the grove’s own client gets answers from every profile, and no limit is exceeded', async () => {
  for (const profile of PROFILE_NAMES) {
    const v = vendor(profile);
    const parsed = providerOptions.parse({ profile, cacheBytes: 0 }, 'provider');
    if (!parsed.ok) throw new Error('options');
    const desk = createDesk(v.env, parsed.value);
    const client = createModelClient(
      v.env,
      (request) => v.provider.fetch(request),
      desk.portFor(1),
      parsed.value,
    );
    const asked = Array.from({ length: 20 }, (_, i) =>
      client.complete({
        agent: 'a',
        messages: [
          { role: 'system', content: 'Be brief.' },
          ...question,
          { role: 'user', content: `And in ${i}?` },
        ],
        maxTokens: 20,
        deadlineAtMs: 60_000,
      }),
    );
    const ended = await v.settle(Promise.all(asked));
    expect(ended.filter((r) => r.ok && r.value.text !== '').length, profile).toBe(20);
    expect(v.provider.counts().status429, profile).toBe(0);
  }
});

test('malformed messages are refused with their place', async () => {
  for (const messages of [[null], [{ role: 'user', content: [null] }]]) {
    const v = vendor('openai-like');
    const body = JSON.stringify({ model: 'm', max_tokens: 5, messages });
    const request = new Request('https://model.invalid/v1/chat/completions', { method: 'POST', body });
    const response = await v.settle(v.provider.fetch(request));
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(/messages\[0\]/);
  }
});

describe('limits', () => {
  test('what is given back to a sliding window frees no more than was taken', () => {
    const parsed = providerOptions.parse(
      { profile: 'custom', requestsPerMin: 100, enforcement: 'sliding' },
      'p',
    );
    if (!parsed.ok) throw new Error('options');
    const limit = enforcedLimits(parsed.value).limits.find((l) => l.unit === 'requests')!;
    const limiter = createLimiter(limit, 0);
    limiter.charge(100, 0);
    limiter.correct(-10, 0, 59_000);
    expect(limiter.remaining(59_000)).toBe(10);
    expect(limiter.remaining(60_001)).toBe(100);
    limiter.charge(100, 61_000);
    expect(limiter.remaining(118_000)).toBe(0);
  });

  test('requests that are refused count where the vendor says so: who hammers stays out', async () => {
    const hammer = async (profile: ProfileName): Promise<number> => {
      const v = vendor(profile, { requestsPerMin: 60 });
      let ok = 0;
      for (let t = 0; t < 60_000; t += 200) {
        void v.provider
          .fetch(
            new Request('https://model.invalid/v1/chat/completions', {
              method: 'POST',
              body: JSON.stringify({ model: 'm', max_tokens: 5, messages: question }),
            }),
          )
          .then((r) => (ok += r.status === 200 ? 1 : 0));
        await v.env.advance(200);
      }
      return ok;
    };
    expect(await hammer('openai-like')).toBeLessThan(10);
    expect(await hammer('groq-like')).toBeGreaterThan(45);
  });

  test('a sharp ramp is refused, a gentle one is not', async () => {
    const run = async (gapMs: (i: number) => number): Promise<number> => {
      const v = vendor('openai-like', {}, { acceleration: profileOf('openai-like').acceleration });
      for (let i = 0; i < 600; i++) {
        void v.provider.fetch(
          new Request('https://model.invalid/v1/chat/completions', {
            method: 'POST',
            body: JSON.stringify({ model: 'm', max_tokens: 5, messages: question }),
          }),
        );
        await v.env.advance(gapMs(i));
      }
      return v.provider.counts().byAxis429.acceleration;
    };
    expect(await run(() => 14)).toBeGreaterThan(0);
    expect(await run(() => 60)).toBe(0);
  });

  test.each(['bucket', 'sliding', 'fixed'] as const)(
    'enforced by %s, as a plain list of times says',
    (enforcement) => {
      const parsed = providerOptions.parse(
        { profile: 'custom', requestsPerMin: 30, enforcement },
        'provider',
      );
      if (!parsed.ok) throw new Error('options');
      const limit = enforcedLimits(parsed.value).limits.find((l) => l.unit === 'requests')!;
      const rng = createRng(`limits/${enforcement}`);
      const limiter = createLimiter(limit, 0);
      const taken: number[] = [];
      const levelAt = (t: number): number => {
        let level = limit.capacity;
        let last = 0;
        for (const at of taken) {
          level = Math.min(limit.capacity, level + ((at - last) * 30) / 60_000) - 1;
          last = at;
        }
        return Math.min(limit.capacity, level + ((t - last) * 30) / 60_000);
      };
      const free = (t: number): boolean => {
        if (enforcement === 'sliding') return taken.filter((at) => at > t - 60_000).length < 30;
        if (enforcement === 'fixed')
          return taken.filter((at) => Math.floor(at / 60_000) === Math.floor(t / 60_000)).length < 30;
        return levelAt(t) >= 1 - 1e-6;
      };
      for (let t = 0; t < 600_000; t += rng.exponential(1_500)) {
        const expected = free(t);
        expect(limiter.allows(1, t)).toBe(expected);
        if (expected) {
          limiter.charge(1, t);
          taken.push(t);
          continue;
        }
        const atMs = t + limiter.waitMs(1, t);
        expect(free(atMs + 0.01)).toBe(true);
        expect(free(atMs - 0.01)).toBe(false);
      }
      expect(taken.length).toBeGreaterThan(200);
    },
  );
});

test('every profile has a name, a date, its sources and limits', () => {
  for (const name of PROFILE_NAMES) {
    const profile = profileOf(name);
    expect(profile.name).toBe(name);
    expect(profile.asOf).toMatch(/^2026-\d\d-\d\d$/);
    expect(profile.sources.length).toBeGreaterThan(1);
    expect(profile.limits.length).toBeGreaterThan(1);
    const weights = [profile.promptTokens, profile.outputTokens].map((m) =>
      m.parts.reduce((n, p) => n + p.weight, 0),
    );
    for (const weight of weights) expect(weight).toBeCloseTo(1, 3);
  }
});

test('durations and times are written as the vendors write them', () => {
  expect([12, 999, 1_000, 1_500, 60_000, 360_000, 3_723_000].map(goDuration)).toEqual([
    '12ms',
    '999ms',
    '1s',
    '1.5s',
    '1m0s',
    '6m0s',
    '1h2m3s',
  ]);
  const rng = createRng('times');
  for (let i = 0; i < 2_000; i++) {
    const ms = Math.floor(rng.next() * 4_102_444_800_000);
    expect(rfc3339(ms)).toBe(new Date(Math.floor(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z'));
  }
});
