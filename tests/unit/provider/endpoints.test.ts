import { expect, test } from 'vitest';
import { balancer, leastInFlight, oracle } from '../../harness/choosers.ts';
import { optionsWith } from '../../harness/hammering.ts';
import { runFarm } from '../../harness/serverFarm.ts';
import { createTestEnv, type TestEnv } from '../../harness/testEnv.ts';
import { createRng } from '../../../src/kernel/rng.ts';
import { pickTarget, Track } from '../../../src/provider/balancer.ts';
import { createModelClient } from '../../../src/provider/client.ts';
import { createDesk } from '../../../src/provider/desk.ts';
import type { Desk } from '../../../src/provider/deskViews.ts';
import { createEndpoints } from '../../../src/provider/endpoints.ts';
import type { FetchHandler, ModelPort } from '../../../src/provider/port.ts';
import { profileOf } from '../../../src/provider/profile.ts';
import { createSimulatedProvider, type SimulatedProvider } from '../../../src/provider/simulated.ts';

interface Several {
  readonly env: TestEnv;
  readonly desk: Desk;
  readonly provider: SimulatedProvider;
  readonly client: ModelPort;
  /** Requests by the endpoint they went to. */
  readonly sent: number[];
}

function several(endpoints: number, endpointSpread = 1): Several {
  const env = createTestEnv();
  const options = optionsWith({ endpoints, endpointSpread, cacheBytes: 0 });
  const provider = createEndpoints(env, options, (its) =>
    createSimulatedProvider(its, profileOf('small-fast'), options),
  );
  const desk = createDesk(env, options);
  const sent = Array.from({ length: endpoints }, () => 0);
  const fetch: FetchHandler = (request) => {
    sent[Number(/model-(\d+)/.exec(request.url)![1])]!++;
    return provider.fetch(request);
  };
  return { env, desk, provider, sent, client: createModelClient(env, fetch, desk.portFor(1), options) };
}

/** Asks every 50 ms for a while; how many were answered, and the latest of their times. */
async function askAll(s: Several, forMs: number): Promise<{ asked: number; ok: number; tookMs: number[] }> {
  const seen = { asked: 0, ok: 0, tookMs: [] as number[] };
  for (let t = 0; t < forMs; t += 50) {
    const atMs = s.env.now();
    seen.asked++;
    void s.client
      .complete({
        agent: 'a',
        messages: [{ role: 'user', content: `What of the navy in ${atMs}?` }],
        maxTokens: 8,
        deadlineAtMs: atMs + 5_000,
      })
      .then((r) => {
        if (r.ok) seen.ok++;
        seen.tookMs.push(s.env.now() - atMs);
      });
    await s.env.advance(50);
  }
  await s.env.advance(10_000);
  return seen;
}

test('requests go to the faster endpoints more often, and to all of them', async () => {
  const s = several(3, 4);
  const { asked, ok } = await askAll(s, 20_000);
  expect(ok).toBe(asked);
  expect(s.sent[0]).toBeGreaterThan(s.sent[2]! * 1.5);
  expect(s.sent[2]).toBeGreaterThan(5);
});

test('when one endpoint fails, requests go to the others and are answered; when it is well again it is used again', async () => {
  const s = several(3);
  await askAll(s, 3_000);
  s.provider.disturb({ slowdown: 1, failing: 1 });
  const sick = await askAll(s, 15_000);
  // Until the breaker opens, a request may spend its tries on probes.
  expect(sick.ok).toBeGreaterThanOrEqual(sick.asked * 0.99);
  s.sent.fill(0);
  await askAll(s, 5_000);
  // A probe now and then.
  expect(s.sent[0]).toBeLessThan(10);
  expect(
    s.desk
      .view()
      .endpoints.map((e) => e.well)
      .slice(1),
  ).toEqual([true, true]);
  s.provider.disturb({ slowdown: 1, failing: 0 });
  await askAll(s, 15_000);
  s.sent.fill(0);
  await askAll(s, 10_000);
  expect(s.sent[0]).toBeGreaterThan(30);
});

test('late answers are asked for elsewhere, within a twentieth of the requests, and the late one is cut off', async () => {
  const s = several(4);
  await askAll(s, 10_000);
  const calm = s.desk.counts();
  s.provider.disturb({ slowdown: 12, failing: 0 });
  const slow = await askAll(s, 20_000);
  expect(slow.ok).toBe(slow.asked);
  const { hedges, hedgesWon, granted } = s.desk.counts();
  expect(hedges - calm.hedges).toBeGreaterThan(3);
  expect(hedgesWon).toBeGreaterThan(0);
  expect(hedges).toBeLessThanOrEqual(granted * 0.05 + 1);
  expect(s.provider.counts().aborted).toBeGreaterThan(0);
  expect(s.provider.counts().status429).toBe(0);
  await s.env.advance(60_000);
  expect(s.desk.view()).toMatchObject({ inFlight: 0, queued: 0 });
});

test('of more than 64 targets two are looked at, and an unusable one is never taken', () => {
  const rng = createRng('pick');
  const tracks = Array.from({ length: 100 }, () => new Track(100));
  for (let i = 0; i < 2_000; i++) {
    const at = pickTarget(tracks, (t) => t % 2 === 0, rng);
    expect(at % 2).toBe(0);
    tracks[at]!.start();
  }
  const flights = tracks.filter((_, i) => i % 2 === 0).map((t) => t.inFlight);
  expect(Math.max(...flights)).toBeLessThan(80);
  expect(pickTarget(tracks, () => false, rng)).toBe(-1);
  expect(pickTarget(tracks.slice(0, 5), (t) => t === 3, rng)).toBe(3);
});

test('over uneven servers the balancer comes within a fifth of one that knows everything, the least in flight does not', () => {
  const plan = { seed: 'uneven', servers: 30, load: 0.8, requests: 20_000, slots: 1, spread: 10 };
  const best = runFarm(plan, oracle).p99Ms;
  expect(runFarm(plan, balancer).p99Ms / best).toBeLessThan(1.2);
  expect(runFarm(plan, leastInFlight).p99Ms / best).toBeGreaterThan(1.4);
});
