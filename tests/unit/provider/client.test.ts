import { expect, test } from 'vitest';
import { OPEN_DOOR, optionsWith } from '../../harness/hammering.ts';
import { createTestEnv, type TestEnv } from '../../harness/testEnv.ts';
import type { Result } from '../../../src/kernel/result.ts';
import { createModelClient } from '../../../src/provider/client.ts';
import { createDesk } from '../../../src/provider/desk.ts';
import type { Desk } from '../../../src/provider/deskViews.ts';
import type { ProviderOptions } from '../../../src/provider/options.ts';
import type {
  Completion,
  DeskPort,
  DeskReply,
  DeskSettlement,
  FetchHandler,
  ModelFailure,
  ModelPort,
  ModelRequest,
} from '../../../src/provider/port.ts';
import { profileOf } from '../../../src/provider/profile.ts';
import { createSimulatedProvider, type SimulatedProvider } from '../../../src/provider/simulated.ts';

type Outcome = Result<Completion, ModelFailure>;

const request = (env: TestEnv, more: Partial<ModelRequest> = {}): ModelRequest => ({
  agent: 'a000',
  messages: [{ role: 'user', content: 'What of the navy?' }],
  maxTokens: 50,
  deadlineAtMs: env.now() + 10_000,
  ...more,
});

/** An endpoint that answers as told, one status after the other, and the last one from then on. */
function scripted(env: TestEnv, statuses: readonly (number | 'gone' | 'silent')[], headers = {}) {
  const times: number[] = [];
  const fetch: FetchHandler = (r) => {
    times.push(env.now());
    const status = statuses[Math.min(times.length, statuses.length) - 1]!;
    if (status === 'gone') return Promise.reject(new TypeError('network gone'));
    if (status === 'silent')
      return new Promise((_, reject) =>
        r.signal.addEventListener('abort', () => reject(r.signal.reason as Error)),
      );
    const body =
      status === 200
        ? {
            choices: [{ message: { content: 'Eleven ships.' } }],
            usage: { prompt_tokens: 9, completion_tokens: 4 },
          }
        : { error: { message: 'because' } };
    return Promise.resolve(new Response(JSON.stringify(body), { status, headers }));
  };
  return { fetch, times };
}

/** A desk that notes what was settled. */
function noting(nowMs: () => number = () => 0): { port: DeskPort; settled: DeskSettlement[] } {
  const settled: DeskSettlement[] = [];
  let permit = 0;
  return {
    settled,
    port: {
      acquire: (_r, done) =>
        done({
          type: 'go',
          permit: ++permit,
          queuedMs: 0,
          goAtMs: nowMs(),
          endpoint: 0,
          hedgeAfterMs: Infinity,
        }),
      settle: (s) => void settled.push(s),
      note: () => undefined,
      watch: () => undefined,
    },
  };
}

async function outcome(env: TestEnv, promise: Promise<Outcome>, withinMs = 20_000): Promise<Outcome> {
  let result: Outcome | null = null;
  void promise.then((r) => (result = r));
  await env.advance(withinMs);
  if (result === null) throw new Error('no outcome');
  return result;
}

test('an answer comes with its cost, and its permit is settled with the usage and the text', async () => {
  const env = createTestEnv();
  const { port, settled } = noting();
  const client = createModelClient(env, scripted(env, [200]).fetch, port, optionsWith({}));
  expect(await outcome(env, client.complete(request(env)))).toEqual({
    ok: true,
    value: {
      text: 'Eleven ships.',
      inputTokens: 9,
      outputTokens: 4,
      cached: false,
      queuedMs: 0,
      providerMs: 0,
      attempts: 1,
    },
  });
  expect(settled).toEqual([
    {
      permit: 1,
      status: 200,
      usage: { inputTokens: 9, outputTokens: 4 },
      retryAfterMs: null,
      text: 'Eleven ships.',
      told: [],
    },
  ]);
});

test('429, 503 and network errors are tried again, each try with a permit of its own that is settled', async () => {
  const env = createTestEnv();
  const { port, settled } = noting();
  const client = createModelClient(env, scripted(env, [503, 'gone', 429, 200]).fetch, port, optionsWith({}));
  expect(await outcome(env, client.complete(request(env)))).toMatchObject({
    ok: true,
    value: { attempts: 4 },
  });
  expect(settled.map((s) => [s.permit, s.status])).toEqual([
    [1, 503],
    [2, 0],
    [3, 429],
    [4, 200],
  ]);
});

test('retry-after is obeyed; when it lies past the deadline the agent is told at once', async () => {
  const env = createTestEnv();
  const endpoint = scripted(env, [429, 200], { 'retry-after': '3' });
  const client = createModelClient(env, endpoint.fetch, OPEN_DOOR, optionsWith({}));
  expect((await outcome(env, client.complete(request(env)))).ok).toBe(true);
  expect(endpoint.times[1]).toBeGreaterThanOrEqual(3_000);
  const { port, settled } = noting();
  const hasty = createModelClient(
    env,
    scripted(env, [429], { 'retry-after': '3' }).fetch,
    port,
    optionsWith({}),
  );
  const short = request(env, { deadlineAtMs: env.now() + 2_000 });
  expect(await outcome(env, hasty.complete(short), 1)).toMatchObject({
    ok: false,
    error: { reason: 'rate-limited', attempts: 1, message: expect.stringContaining('rate limit') },
  });
  expect(settled).toMatchObject([{ status: 429, gaveUp: true, retryAfterMs: 3_000 }]);
});

test('a refusal for good is not tried again', async () => {
  const env = createTestEnv();
  const endpoint = scripted(env, [400]);
  const client = createModelClient(env, endpoint.fetch, OPEN_DOOR, optionsWith({}));
  expect(await outcome(env, client.complete(request(env)))).toMatchObject({
    ok: false,
    error: { reason: 'refused', attempts: 1, message: expect.stringContaining('400 (because)') },
  });
  expect(endpoint.times).toHaveLength(1);
});

test('at the deadline a silent endpoint is cut off, and the permit settled', async () => {
  const env = createTestEnv();
  const { port, settled } = noting();
  const client = createModelClient(env, scripted(env, ['silent']).fetch, port, optionsWith({}));
  expect(await outcome(env, client.complete(request(env)), 10_000)).toMatchObject({
    ok: false,
    error: { reason: 'timeout' },
  });
  expect(settled).toMatchObject([{ permit: 1, status: 0, usage: null }]);
});

test('an endpoint that is down is not hammered: retries run out of budget and the breaker opens, and both heal', async () => {
  const env = createTestEnv();
  let down = true;
  const sick = scripted(env, [503]);
  const well = scripted(env, [200]);
  const client = createModelClient(env, (r) => (down ? sick : well).fetch(r), OPEN_DOOR, optionsWith({}));
  let asked = 0;
  for (; asked < 300; asked++) {
    void client.complete(request(env));
    await env.advance(50);
  }
  await env.advance(20_000);
  expect(sick.times.length).toBeLessThan(60);
  down = false;
  await env.advance(10_000);
  expect(await outcome(env, client.complete(request(env)))).toMatchObject({ ok: true });
});

test('a permit that comes too late is handed back unused', async () => {
  const env = createTestEnv();
  const settled: DeskSettlement[] = [];
  let reply: ((r: DeskReply) => void) | null = null;
  const port: DeskPort = {
    acquire: (_r, done) => (reply = done),
    settle: (s) => void settled.push(s),
    note: () => undefined,
    watch: () => undefined,
  };
  const endpoint = scripted(env, [200]);
  const client = createModelClient(env, endpoint.fetch, port, optionsWith({}));
  expect(await outcome(env, client.complete(request(env)), 10_000)).toMatchObject({
    ok: false,
    error: { reason: 'shed' },
  });
  reply!({ type: 'go', permit: 5, queuedMs: 10_000, goAtMs: 10_000, endpoint: 0, hedgeAfterMs: Infinity });
  await env.advance(1_000);
  expect(endpoint.times).toEqual([]);
  expect(settled).toMatchObject([{ permit: 5, status: 0, usage: { inputTokens: 0, outputTokens: 0 } }]);
});

test.each([
  { what: 'from the desk', backMs: 400, deskAheadMs: 0, used: 2 },
  { what: 'from the desk, whose clock is behind', backMs: 400, deskAheadMs: -60_000, used: 2 },
  { what: 'after a long way there', backMs: 0, deskAheadMs: 0, used: 1 },
  // Neither clock nor round trip tells how long the way back took.
  { what: 'after a long way there, by a clock that is behind', backMs: 0, deskAheadMs: -60_000, used: 2 },
])(
  'a permit that was long under way is changed for a fresh one, since the endpoint would see it out of turn: $what',
  async ({ backMs, deskAheadMs, used }) => {
    const env = createTestEnv();
    const { port, settled } = noting(() => env.now() + deskAheadMs);
    let slow = true;
    const late: DeskPort = {
      ...port,
      acquire: (r, done) => {
        const [thereMs, hereMs] = slow ? [400 - backMs, backMs] : [0, 0];
        slow = false;
        env.setTimer(thereMs, () => port.acquire(r, (reply) => void env.setTimer(hereMs, () => done(reply))));
      },
    };
    const client = createModelClient(env, scripted(env, [200]).fetch, late, optionsWith({}));
    expect((await outcome(env, client.complete(request(env)))).ok).toBe(true);
    expect(settled.map((s) => [s.permit, s.status])).toEqual(
      used === 1
        ? [[1, 200]]
        : [
            [1, 0],
            [2, 200],
          ],
    );
  },
);

interface World {
  readonly env: TestEnv;
  readonly provider: SimulatedProvider;
  readonly desk: Desk;
  clientOf(holder: number): ModelPort;
}

function world(limits: Partial<ProviderOptions> = {}): World {
  const env = createTestEnv();
  const options = optionsWith(limits);
  const provider = createSimulatedProvider(env, profileOf('small-fast'), options);
  const desk = createDesk(env, options);
  return {
    env,
    provider,
    desk,
    clientOf: (holder) => createModelClient(env, provider.fetch, desk.portFor(holder), options),
  };
}

test('equal questions of many nodes at once cost one request, and later ones none', async () => {
  const { env, provider, desk, clientOf } = world();
  const keyed = request(env, { cacheKey: 'navy' });
  const asked = [1, 2, 3].map((holder) => clientOf(holder).complete(keyed));
  await env.advance(5_000);
  const answers = await Promise.all(asked);
  expect(answers.map((a) => a.ok && a.value.cached)).toEqual([false, true, true]);
  expect(new Set(answers.map((a) => a.ok && a.value.text)).size).toBe(1);
  const later = await outcome(env, clientOf(4).complete(request(env, { cacheKey: 'navy' })), 0);
  expect(later).toMatchObject({ ok: true, value: { cached: true, attempts: 0, inputTokens: 0 } });
  expect(provider.counts().requests).toBe(1);
  expect(desk.counts()).toMatchObject({ cacheHits: 3, cacheMisses: 1, granted: 1 });
});

test('when the node that fetches for others dies, the next one goes itself and all others are answered', async () => {
  const { env, provider, desk, clientOf } = world();
  const keyed = request(env, { cacheKey: 'navy' });
  void clientOf(1).complete(keyed);
  await env.advance(10);
  const others = [2, 3].map((holder) => clientOf(holder).complete(keyed));
  await env.advance(10);
  desk.releaseHolder(1);
  await env.advance(5_000);
  expect((await Promise.all(others)).map((a) => a.ok && a.value.cached)).toEqual([false, true]);
  expect(provider.counts().requests).toBe(2);
  expect(desk.counts().reclaimed).toBe(1);
});

test('who waits for an answer under way is told at its own deadline', async () => {
  const { env, provider, clientOf } = world();
  provider.disturb({ slowdown: 20, failing: 0 });
  void clientOf(1).complete(request(env, { cacheKey: 'navy', deadlineAtMs: 60_000 }));
  const waiting = clientOf(2).complete(request(env, { cacheKey: 'navy', deadlineAtMs: 2_000 }));
  expect(await outcome(env, waiting, 2_001)).toMatchObject({ ok: false, error: { reason: 'shed' } });
});

test('only the node that holds a permit may settle it', async () => {
  const { env, desk } = world({ concurrency: 1 });
  const replies: DeskReply[] = [];
  const ask = { agent: 'a', inputTokens: 10, maxOutputTokens: 10, deadlineAtMs: 60_000 };
  desk.portFor(1).acquire(ask, (r) => replies.push(r));
  expect(replies).toEqual([]);
  await env.settle();
  expect(replies).toMatchObject([{ type: 'go', permit: 1, queuedMs: 0 }]);
  const settlement = { permit: 1, status: 200, usage: null, retryAfterMs: null, text: null };
  desk.portFor(2).settle(settlement);
  expect(desk.view().inFlight).toBe(1);
  desk.portFor(1).settle(settlement);
  expect(desk.view().inFlight).toBe(0);
});

test("what a dead node's port still brings is ignored, and its next incarnation's port works", async () => {
  const { env, desk } = world();
  const replies: string[] = [];
  const ask = { agent: 'a', inputTokens: 10, maxOutputTokens: 10, deadlineAtMs: 60_000 };
  const old = desk.portFor(1);
  desk.releaseHolder(1);
  const fresh = desk.portFor(1);
  old.acquire(ask, (r) => replies.push(`old ${r.type}`));
  fresh.acquire(ask, (r) => replies.push(`fresh ${r.type}`));
  await env.advance(100);
  expect(replies).toEqual(['fresh go']);
  expect(desk.view().inFlight).toBe(1);
});

test('a slow and failing provider costs answers, never a 429, and all is well again afterwards', async () => {
  const { env, provider, desk, clientOf } = world({ concurrency: 5 });
  const clients = [1, 2, 3, 4, 5, 6, 7, 8].map(clientOf);
  let failed = 0;
  let done = false;
  const loop = async (client: ModelPort): Promise<void> => {
    while (!done) {
      const result = await client.complete(request(env));
      if (!result.ok) failed++;
      await new Promise<void>((resolve) => void env.setTimer(100, resolve));
    }
  };
  for (const client of clients) void loop(client);
  await env.advance(20_000);
  expect(failed).toBe(0);
  provider.disturb({ slowdown: 30, failing: 0.5 });
  await env.advance(60_000);
  expect(failed).toBeGreaterThan(0);
  provider.disturb({ slowdown: 1, failing: 0 });
  await env.advance(30_000);
  failed = 0;
  const before = provider.counts().ok;
  await env.advance(60_000);
  done = true;
  expect(failed).toBe(0);
  expect(provider.counts().ok - before).toBeGreaterThan(200);
  expect(provider.counts().status429).toBe(0);
  expect(desk.counts()).toMatchObject({ agent429: 0, wire429: 0 });
});
