import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { createLimiter } from '../../../src/provider/limiter.ts';
import { enforcedLimits } from '../../../src/provider/limits.ts';
import { providerOptions, type ProfileName, type ProviderOptions } from '../../../src/provider/options.ts';
import { profileOf, type Profile, type ProfileLimit } from '../../../src/provider/profile.ts';
import { estimatePromptTokens } from '../../../src/provider/prompt.ts';
import { anthropic, LONG, openai, question, vendor, type Vendor } from '../../harness/vendor.ts';

interface Sent {
  readonly maxTokens?: number;
  readonly content?: string;
  readonly project?: string;
}

/** A request of the vendor's own shape, sent plainly. */
function send(v: Vendor, profile: ProfileName, sent: Sent = {}): Promise<Response> {
  const { maxTokens = 20, content = 'Tell of the navy.', project } = sent;
  const path = profileOf(profile).dialect === 'anthropic' ? 'messages' : 'chat/completions';
  const messages = [{ role: 'user', content }];
  return v.provider.fetch(
    new Request(`https://model.invalid/v1/${path}`, {
      method: 'POST',
      body: JSON.stringify({ model: 'm', max_tokens: maxTokens, messages }),
      headers: project === undefined ? {} : { 'openai-project': project },
    }),
  );
}

/** The profile with some of its limits changed. */
const limitsOf = (
  profile: ProfileName,
  change: (l: ProfileLimit) => Partial<ProfileLimit>,
): Partial<Profile> => ({
  limits: profileOf(profile).limits.map((l) => ({ ...l, ...change(l) })),
});

/** Answers with 200 of requests sent one after the other, without waiting between. */
async function inARow(v: Vendor, profile: ProfileName, times: number, sent: Sent = {}): Promise<number> {
  let ok = 0;
  for (let i = 0; i < times; i++) ok += (await v.settle(send(v, profile, sent))).status === 200 ? 1 : 0;
  return ok;
}

const DAY_MS = 86_400_000;

describe('limits a day, and whichever limit is exhausted first', () => {
  test('requests a day: no more today, all of them again tomorrow', async () => {
    const v = vendor(
      'openai-like',
      {},
      limitsOf('openai-like', (l) => (l.perMs === DAY_MS && l.unit === 'requests' ? { amount: 5 } : {})),
    );
    expect(await inARow(v, 'openai-like', 8)).toBe(5);
    const refused = await v.settle(send(v, 'openai-like'));
    expect((await refused.json()).error.message).toMatch(/requests per day \(RPD\): Limit 5, Used 5/);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(80_000);
    await v.env.advance(DAY_MS - v.env.now() + 1);
    expect((await v.settle(send(v, 'openai-like'))).status).toBe(200);
  });

  test('tokens a day, where those a minute would let more in', async () => {
    const v = vendor(
      'openai-like',
      {},
      limitsOf('openai-like', (l) => (l.perMs === DAY_MS && l.unit === 'totalTokens' ? { amount: 350 } : {})),
    );
    expect(await inARow(v, 'openai-like', 5, { maxTokens: 100 })).toBe(3);
    const refused = await v.settle(send(v, 'openai-like', { maxTokens: 100 }));
    expect((await refused.json()).error.message).toMatch(
      /tokens per day \(TPD\): Limit 350, Used 300, Requested 100/,
    );
    expect(v.provider.counts().byAxis429).toMatchObject({ totalTokens: 3, requests: 0 });
  });

  test('a project has limits of its own beside the organisation’s', async () => {
    const v = vendor(
      'openai-like',
      {},
      limitsOf('openai-like', (l) => (l.scope === 'project' ? { amount: 60, burstMs: 2_000 } : {})),
    );
    const of = (project: string) => Promise.all([1, 2, 3, 4].map(() => send(v, 'openai-like', { project })));
    const one = await v.settle(of('one'));
    const two = await v.settle(of('two'));
    for (const responses of [one, two]) expect(responses.filter((r) => r.status === 200)).toHaveLength(2);
    const message = (await one.find((r) => r.status === 429)!.json()).error.message;
    expect(message).toMatch(/in project on requests per min/);
    const limits = vendor('openai-like', { requestsPerMin: 60 });
    const all = ['a', 'b', 'c', 'd'].map((project) => send(limits, 'openai-like', { project }));
    const ended = await limits.settle(Promise.all(all));
    expect(ended.filter((r) => r.status === 200)).toHaveLength(2);
    expect((await ended.find((r) => r.status === 429)!.json()).error.message).toMatch(/in organization/);
  });
});

describe('what a request is charged', () => {
  const charged = async (profile: ProfileName, sent: Sent, limit: string): Promise<number> => {
    const v = vendor(profile);
    await v.settle(send(v, profile, sent));
    return v.provider.counts().charged[limit]!;
  };
  const estimate = (content: string): number => estimatePromptTokens([{ role: 'user', content }]);

  test('OpenAI-like: the larger of max_tokens and the estimate, whatever is made', async () => {
    expect(await charged('openai-like', { maxTokens: 5_000 }, 'tokens/min')).toBe(5_000);
    expect(await charged('openai-like', { maxTokens: 5, content: LONG }, 'tokens/min')).toBe(estimate(LONG));
    expect(await charged('openai-like', { maxTokens: 5_000 }, 'tokens/day')).toBe(5_000);
  });

  test('Groq-like: what comes from the prompt cache is not charged, and its headers are a day’s requests and a minute’s tokens', async () => {
    const v = vendor('groq-like');
    const first = await v.settle(send(v, 'groq-like', { maxTokens: 5, content: LONG }));
    const once = v.provider.counts().charged['tokens/min']!;
    await v.settle(send(v, 'groq-like', { maxTokens: 5, content: LONG }));
    const twice = v.provider.counts().charged['tokens/min']! - once;
    expect(once).toBe(estimate(LONG));
    expect(twice).toBeLessThan(once / 4);
    expect(first.headers.get('x-ratelimit-limit-requests')).toBe('500000');
    expect(first.headers.get('x-ratelimit-remaining-requests')).toBe('499999');
    expect(first.headers.get('x-ratelimit-limit-tokens')).toBe('300000');
    expect(first.headers.get('x-ratelimit-reset-tokens')).toMatch(/^([\d.]+s|\d+ms)$/);
  });

  test('Anthropic-like: what is written into the prompt cache counts as input', async () => {
    const v = vendor('anthropic-1000');
    const { usage } = await v.settle(
      anthropic(v).messages.create({
        model: 'm',
        max_tokens: 5,
        system: [{ type: 'text', text: LONG, cache_control: { type: 'ephemeral' } }],
        messages: question,
      }),
    );
    expect(usage.cache_creation_input_tokens).toBeGreaterThan(1_000);
    expect(v.provider.counts().charged['input tokens/min']).toBe(
      usage.input_tokens + usage.cache_creation_input_tokens!,
    );
  });

  test('output that is counted as it is made lets a request in while anything is left, and keeps it out after', async () => {
    const v = vendor('anthropic-1000', { outputTokensPerMin: 600, maxOutputTokens: 20 });
    // The bucket holds what refills in 6 s, 60 tokens: two answers of up to 40 empty it.
    const inTime: number[] = [];
    for (let i = 0; i < 40; i++) {
      const response = await v.settle(send(v, 'anthropic-1000', { maxTokens: 8_000 }));
      if (response.status === 200) inTime.push(v.env.now());
      else {
        const waitS = Number(response.headers.get('retry-after'));
        expect(waitS).toBeGreaterThanOrEqual(1);
        await v.env.advance(waitS * 1_000);
        expect((await v.settle(send(v, 'anthropic-1000'))).status).toBe(200);
      }
    }
    const { byAxis429, outputTokens, charged } = v.provider.counts();
    expect(byAxis429.outputTokens).toBeGreaterThan(3);
    expect(charged['output tokens/min']).toBe(outputTokens);
    // Never more than the minute's worth, the bucket and one answer's overdraft.
    expect(outputTokens).toBeLessThan((600 * v.env.now()) / 60_000 + 60 + 1_000);
  });
});

describe('refill', () => {
  test('a bucket fills continuously: at 60 a minute one more each second, not sixty on the minute', async () => {
    const v = vendor('anthropic-1000', { requestsPerMin: 60 });
    await inARow(v, 'anthropic-1000', 60);
    const from = v.provider.counts().ok;
    for (let i = 0; i < 20; i++) {
      await v.env.advance(1_000);
      void send(v, 'anthropic-1000');
    }
    await v.env.advance(5_000);
    const more = v.provider.counts().ok - from;
    expect(more).toBeGreaterThanOrEqual(19);
    expect(more).toBeLessThanOrEqual(26);
  });

  test.each([
    ['bucket', 40],
    ['fixed', 60],
    ['sliding', 60],
  ] as const)(
    'switched to %s, a burst at the minute’s turn is let in as that says',
    async (enforcement, most) => {
      const v = vendor('openai-like', { requestsPerMin: 30, enforcement });
      await v.env.advance(59_000);
      const burst = async (): Promise<number> => {
        const before = v.provider.counts().ok;
        for (let i = 0; i < 40; i++) void send(v, 'openai-like');
        await v.env.advance(2_000);
        return v.provider.counts().ok - before;
      };
      const before = await burst();
      const after = await burst();
      expect(before + after).toBeLessThanOrEqual(most);
      // Refused requests count here too, so a window that is full stays full; a new fixed window is new.
      if (enforcement === 'fixed') expect([before, after]).toEqual([30, 30]);
      if (enforcement === 'sliding') expect([before, after]).toEqual([30, 0]);
      if (enforcement === 'bucket') expect(before).toBe(2);
    },
  );

  test('what was charged in a fixed window that is over gives nothing back to the next', () => {
    const parsed = providerOptions.parse(
      { profile: 'custom', outputTokensPerMin: 100, enforcement: 'fixed' },
      'p',
    );
    if (!parsed.ok) throw new Error('options');
    const limit = enforcedLimits(parsed.value).limits.find((l) => l.unit === 'outputTokens')!;
    const limiter = createLimiter(limit, 0);
    limiter.charge(100, 59_000);
    limiter.charge(90, 61_000);
    limiter.correct(-80, 59_000, 62_000);
    expect(limiter.remaining(62_000)).toBe(10);
    limiter.correct(-80, 61_000, 63_000);
    expect(limiter.remaining(63_000)).toBe(90);
    limiter.correct(5, 59_000, 64_000);
    expect(limiter.remaining(64_000)).toBe(85);
  });
});

describe('the custom profile', () => {
  test('concurrency alone: so many at once and no more, and a place is free again after the answer', async () => {
    const v = vendor('custom', { concurrency: 3 });
    const responses = await v.settle(Promise.all([1, 2, 3, 4, 5].map(() => send(v, 'custom'))));
    expect(responses.map((r) => r.status).sort()).toEqual([200, 200, 200, 429, 429]);
    expect(v.provider.counts().byAxis429.concurrency).toBe(2);
    expect((await v.settle(send(v, 'custom'))).status).toBe(200);
  });
});

describe('errors of the whole fleet, of money and of the network, as the packages take them', () => {
  const options = (profile: ProfileName, more: Partial<ProviderOptions> = {}): Vendor =>
    vendor(profile, more);

  test('529 for everybody while the fleet is overloaded, in spells', async () => {
    const faults = { ...profileOf('anthropic-1000').faults, failing: 0, streamError: 0, stall: 0, cut: 0 };
    const v = vendor('anthropic-1000', {}, { faults: { ...faults, overloadsPerHour: 60, overloadS: 20 } });
    const seen: number[] = [];
    for (let i = 0; i < 300; i++) {
      seen.push((await v.settle(send(v, 'anthropic-1000'))).status);
      await v.env.advance(500);
    }
    expect(new Set(seen)).toEqual(new Set([200, 529]));
    // In spells, not one by one.
    const changes = seen.filter((s, i) => i > 0 && s !== seen[i - 1]).length;
    expect(changes).toBeLessThan(seen.filter((s) => s === 529).length / 4);
    expect(seen.filter((s) => s === 529).length).toBeGreaterThan(15);
  });

  test('a spending cap is a 429 without retry-after that says never to retry', async () => {
    const v = options('anthropic-1000', { spendCapUsd: 0.000_001 });
    await v.settle(send(v, 'anthropic-1000'));
    const refused = await v.settle(send(v, 'anthropic-1000'));
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBeNull();
    expect((await refused.json()).error).toMatchObject({
      type: 'rate_limit_error',
      details: { error_code: 'enforced_spend_limit_reached' },
    });
    const before = v.provider.counts().requests;
    const again = anthropic(v, 3).messages.create({ model: 'm', max_tokens: 5, messages: question });
    await expect(v.settle(again)).rejects.toBeInstanceOf(Anthropic.RateLimitError);
    expect(v.provider.counts().requests).toBe(before + 1);
  });

  test('the packages wait as long as they are told, and their retry succeeds', async () => {
    const asked: Partial<Record<ProfileName, (v: Vendor) => Promise<object>>> = {
      'openai-like': (v: Vendor) =>
        openai(v, 2).chat.completions.create({ model: 'm', max_completion_tokens: 5, messages: question }),
      'anthropic-1000': (v: Vendor) =>
        anthropic(v, 2).messages.create({ model: 'm', max_tokens: 5, messages: question }),
    };
    for (const [profile, ask] of Object.entries(asked)) {
      const v = options(profile as ProfileName);
      v.provider.disturb({ slowdown: 1, failing: 1 });
      const promise = ask(v);
      promise.catch(() => undefined);
      const real = new Promise((r) => setTimeout(r, 50));
      await v.env.advance(100);
      await real;
      await v.env.advance(100);
      expect(v.provider.counts().status5xx, profile).toBe(1);
      v.provider.disturb({ slowdown: 1, failing: 0 });
      await expect(v.settleReal(promise), profile).resolves.toHaveProperty('usage');
      expect(v.provider.counts()).toMatchObject({ ok: 1 });
    }
  });

  test('classes of their own for a server’s error and for no connection', async () => {
    const v = options('openai-like');
    v.provider.disturb({ slowdown: 1, failing: 1 });
    const busy = openai(v).chat.completions.create({ model: 'm', messages: question });
    await expect(v.settle(busy)).rejects.toBeInstanceOf(OpenAI.InternalServerError);
    const other = options('anthropic-1000');
    other.provider.disturb({ slowdown: 1, failing: 1 });
    const ask = (who: Anthropic) => who.messages.create({ model: 'm', max_tokens: 5, messages: question });
    await expect(other.settle(ask(anthropic(other)))).rejects.toBeInstanceOf(Anthropic.InternalServerError);
    const nowhere = (): Promise<Response> => Promise.reject(new TypeError('fetch failed'));
    await expect(ask(anthropic({ ...other, fetch: nowhere }))).rejects.toBeInstanceOf(
      Anthropic.APIConnectionError,
    );
    const lost = openai({ ...v, fetch: nowhere }).chat.completions.create({ model: 'm', messages: question });
    await expect(lost).rejects.toBeInstanceOf(OpenAI.APIConnectionError);
  });
});

describe('the checks notice an endpoint that counts otherwise', () => {
  test.each([
    ['cached tokens charged', 5, 'groq-like', { cachedFree: true }, { cachedFree: false }],
    ['max_tokens ignored', 3_000, 'openai-like', { counted: 'larger' }, { counted: 'admitted' }],
  ] as const)('%s', async (_name, maxTokens, profile, is, mutant) => {
    const costs = async (change: Partial<Profile>): Promise<number> => {
      const v = vendor(profile, {}, change);
      for (let i = 0; i < 2; i++) await v.settle(send(v, profile, { maxTokens, content: LONG }));
      return v.provider.counts().charged['tokens/min']!;
    };
    const matches = (l: ProfileLimit): boolean =>
      Object.entries(is).every(([k, x]) => l[k as keyof ProfileLimit] === x);
    expect(await costs(limitsOf(profile, (l) => (matches(l) ? mutant : {})))).not.toBe(await costs({}));
  });
});
