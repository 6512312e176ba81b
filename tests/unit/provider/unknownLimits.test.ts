import { describe, expect, test } from 'vitest';
import { createModelClient } from '../../../src/provider/client.ts';
import {
  placesOf,
  stepControl,
  UNKNOWN_CONCURRENCY,
  type ConcurrencyControl,
} from '../../../src/provider/concurrencyControl.ts';
import { createDesk } from '../../../src/provider/desk.ts';
import type { ProviderOptions } from '../../../src/provider/options.ts';
import type { FetchHandler } from '../../../src/provider/port.ts';
import { profileOf } from '../../../src/provider/profile.ts';
import { durationMs, toldLimits } from '../../../src/provider/rateHeaders.ts';
import { createSimulatedProvider } from '../../../src/provider/simulated.ts';
import { optionsWith } from '../../harness/hammering.ts';
import { createTestEnv } from '../../harness/testEnv.ts';

interface Found {
  readonly ok: number;
  readonly wire429: number;
  readonly agent429: number;
  readonly failed: number;
  /** Answers a second, after the search has had its time. */
  readonly perS: number;
  readonly limits: readonly { readonly name: string; readonly limit: number }[];
}

/**
 * Agents that always have something to ask, before an endpoint of which nothing is known. Its limits are its own affair,
 * and its headers say nothing of them unless `tells`.
 */
async function find(
  hidden: Partial<ProviderOptions>,
  { agents = 24, minutes = 2, tells = 'nothing', maxTokens = 24, stream = false } = {},
): Promise<Found> {
  const env = createTestEnv(`unknown/${JSON.stringify(hidden)}`);
  const its = optionsWith({ networkMs: 15, networkJitterMs: 10, ...hidden });
  const provider = createSimulatedProvider(env, profileOf(its.profile), its);
  const names = (name: string): string =>
    tells === 'anthropic'
      ? name.replace(/^x-ratelimit-(limit|remaining|reset)-(.+)$/, 'anthropic-ratelimit-$2-$1')
      : name;
  const fetch: FetchHandler = async (request) => {
    const response = await provider.fetch(request);
    const headers = new Headers();
    response.headers.forEach((value, name) => {
      if (tells !== 'nothing') headers.set(names(name), value);
      else if (!/ratelimit|retry-after/.test(name)) headers.set(name, value);
    });
    return new Response(response.body, { status: response.status, headers });
  };
  const ours = optionsWith({ source: 'url', baseUrl: 'http://localhost:1/v1', model: 'm', cacheBytes: 0 });
  const unset = { stream, requestsPerMin: 0, inputTokensPerMin: 0, outputTokensPerMin: 0, concurrency: 0 };
  const desk = createDesk(env, { ...ours, ...unset });
  const client = createModelClient(env, fetch, desk.portFor(1), { ...ours, ...unset });
  let failed = 0;
  let over = false;
  const agent = async (name: string): Promise<void> => {
    for (let i = 0; !over; i++) {
      const result = await client.complete({
        agent: name,
        messages: [{ role: 'user', content: `What of the navy, asked by ${name} for the ${i}th time?` }],
        maxTokens,
        deadlineAtMs: env.now() + 120_000,
      });
      if (result.ok) continue;
      failed++;
      await new Promise<void>((resolve) => void env.setTimer(500, resolve));
    }
  };
  for (let i = 0; i < agents; i++) void agent(`a${i}`);
  await env.advance(60_000);
  const early = provider.counts().ok;
  await env.advance((minutes - 1) * 60_000);
  over = true;
  const { ok, status429 } = provider.counts();
  return {
    ok,
    wire429: status429,
    agent429: desk.counts().agent429,
    failed,
    perS: (ok - early) / ((minutes - 1) * 60),
    limits: desk.view().limits,
  };
}

describe('an endpoint whose limits nobody knows', () => {
  test.each([
    ['a hidden limit of concurrency', { profile: 'custom', concurrency: 5 }],
    ['a hidden limit of requests a minute', { profile: 'custom', requestsPerMin: 300 }],
  ] as const)(
    'is used to nine tenths of %s, with few 429s on the wire and none for agents',
    async (_name, hidden) => {
      const found = await find(hidden);
      // What is possible, by the same agents and the limit written down: the most that the endpoint gives.
      const best = 'concurrency' in hidden ? await measured({ ...hidden }) : hidden.requestsPerMin / 60;
      expect(found.perS / best).toBeGreaterThanOrEqual(0.9);
      expect(found.agent429).toBe(0);
      expect(found.failed).toBe(0);
      expect(found.wire429 / found.ok).toBeLessThan(0.02);
    },
    60_000,
  );

  test('a sliding minute that says nothing is used to three quarters: it lets a whole minute go and then nothing', async () => {
    const found = await find(
      { profile: 'custom', requestsPerMin: 300, enforcement: 'sliding' },
      { minutes: 3 },
    );
    expect(found.perS / 5).toBeGreaterThan(0.75);
    expect(found.agent429).toBe(0);
    expect(found.wire429 / found.ok).toBeLessThan(0.2);
  });
});

/** Answers a second of as many places as there are, each used again as soon as it is free. */
async function measured(hidden: Partial<ProviderOptions>): Promise<number> {
  const env = createTestEnv('measured');
  const its = optionsWith({ networkMs: 15, networkJitterMs: 10, ...hidden });
  const provider = createSimulatedProvider(env, profileOf(its.profile), its);
  const client = createModelClient(env, provider.fetch, createDesk(env, its).portFor(1), its);
  const agent = async (name: string): Promise<void> => {
    for (let i = 0; ; i++)
      await client.complete({
        agent: name,
        messages: [{ role: 'user', content: `What of the navy, asked by ${name} for the ${i}th time?` }],
        maxTokens: 24,
        deadlineAtMs: env.now() + 120_000,
      });
  };
  for (let i = 0; i < 24; i++) void agent(`a${i}`);
  await env.advance(4_000);
  const early = provider.counts().ok;
  await env.advance(20_000);
  return (provider.counts().ok - early) / 20;
}

describe('an endpoint that tells its limits in headers', () => {
  test.each([
    ['OpenAI', 'openai-like', { requestsPerMin: 300 }, 'requests/min', 300],
    ['Anthropic', 'small-fast', { requestsPerMin: 300 }, 'requests/min', 300],
    ['Groq', 'groq-like', { totalTokensPerMin: 20_000 }, 'tokens/min', 20_000],
  ] as const)('%s: they are found, kept to and shown', async (_name, profile, limits, name, limit) => {
    const found = await find(
      { profile, ...limits },
      {
        tells: _name === 'Anthropic' ? 'anthropic' : 'openai',
        minutes: 2,
        agents: 16,
      },
    );
    expect(found.limits).toContainEqual(expect.objectContaining({ name, limit }));
    expect(found.agent429).toBe(0);
    expect(found.wire429 / found.ok).toBeLessThan(0.05);
    expect(found.ok).toBeGreaterThan(200);
  });

  test('a duration is read, and from it what is counted by the day', () => {
    expect(['12ms', '1s', '6m0s', '2m59.56s', '1h2m3s'].map(durationMs)).toEqual([
      12, 1_000, 360_000, 179_560, 3_723_000,
    ]);
    expect([durationMs('soon'), durationMs('')]).toEqual([null, null]);
    const told = (limit: string, remaining: string, reset: string) =>
      toldLimits(
        new Headers({
          'x-ratelimit-limit-requests': limit,
          'x-ratelimit-remaining-requests': remaining,
          'x-ratelimit-reset-requests': reset,
        }),
      )[0]!.windowMs;
    // The samples of Groq's and of OpenAI's documentation.
    expect(told('14400', '14370', '2m59.56s')).toBe(86_400_000);
    expect(told('60', '59', '1s')).toBeUndefined();
  });
});

describe('the search', () => {
  /** An endpoint that refuses above `capacity`, in rounds of one second. */
  function rounds(step: typeof stepControl, capacity: number, n: number) {
    let c: ConcurrencyControl = UNKNOWN_CONCURRENCY;
    let refused = 0;
    let served = 0;
    for (let round = 1; round <= n; round++) {
      const places = placesOf(c);
      for (let i = 0; i < places; i++) {
        const nowMs = round * 1_000 + i;
        if (i < capacity) c = step(c, { type: 'answered', latencyMs: 300, full: true }, nowMs);
        else {
          c = step(c, { type: 'refused', sentAtMs: round * 1_000 - 500 }, nowMs);
          refused++;
        }
        served += i < capacity ? 1 : 0;
      }
    }
    return { use: served / (capacity * n), refused, served, limit: c.limit };
  }

  test.each([1, 3, 20, 200])('settles just below a capacity of %i, whatever it began with', (capacity) => {
    const { use, refused, served } = rounds(stepControl, capacity, 600);
    expect(use).toBeGreaterThan(0.9);
    expect(refused / served).toBeLessThan(0.03);
  });

  test('a search that forgets where it was refused is caught by these claims', () => {
    const forgets: typeof stepControl = (c, input, nowMs) => {
      const next = stepControl(c, input, nowMs);
      return input.type === 'refused' ? { ...next, peak: 1_000 } : next;
    };
    const { refused, served } = rounds(forgets, 20, 600);
    expect(refused / served).toBeGreaterThan(0.03);
  });

  test('a limit that is not used does not grow', () => {
    let c = stepControl(UNKNOWN_CONCURRENCY, { type: 'refused', sentAtMs: 1 }, 1);
    const before = c.limit;
    for (let i = 0; i < 500; i++)
      c = stepControl(c, { type: 'answered', latencyMs: 300, full: false }, 1_000 * i);
    expect(c.limit).toBe(before);
  });

  test('an endpoint that lets requests wait instead of refusing them is not piled up on', () => {
    // It works on four at a time; more of them wait.
    let c: ConcurrencyControl = UNKNOWN_CONCURRENCY;
    for (let i = 1; i < 5_000; i++) {
      const waits = Math.max(1, placesOf(c) / 4);
      c = stepControl(c, { type: 'answered', latencyMs: 300 * waits, full: true }, i * 75);
    }
    expect(placesOf(c)).toBeGreaterThanOrEqual(4);
    expect(placesOf(c)).toBeLessThan(12);
  });
});
