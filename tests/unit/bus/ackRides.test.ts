import { describe, expect, it } from 'vitest';
import { createEndpoint } from '../../../src/bus/endpoint.ts';
import type { Endpoint } from '../../../src/bus/endpointTypes.ts';
import { busOptions } from '../../../src/bus/options.ts';
import type { Env } from '../../../src/kernel/env.ts';
import { incarnation, nodeId, type NodeId } from '../../../src/kernel/ids.ts';
import { createFakeNetwork } from '../../harness/fakeNetwork.ts';
import { createTestEnv, type TestEnv } from '../../harness/testEnv.ts';

const options = busOptions.fallback!();
const [one, two] = [nodeId(1), nodeId(2)];

interface Pair {
  readonly env: TestEnv;
  readonly asker: Endpoint;
  readonly answerer: Endpoint;
  /** Turns that the answerer took. */
  readonly turns: () => number;
  readonly say: (endpoint: Endpoint, to: NodeId) => void;
}

/** Two endpoints that know each other and have been quiet for a second, on a network without delay. */
async function quietPair(duplication = 0): Promise<Pair> {
  const env = createTestEnv('acks');
  const network = createFakeNetwork(env, { loss: 0, duplication, delayMsMax: 0 });
  const turns = new Map<NodeId, number>();
  const counting = (self: NodeId): Env => ({
    ...env,
    defer(fn) {
      turns.set(self, (turns.get(self) ?? 0) + 1);
      env.defer(fn);
    },
  });
  const [asker, answerer] = [one, two].map((self) =>
    createEndpoint(counting(self), network.port(), {
      grove: 'g',
      self,
      inc: incarnation(1),
      options,
      onMessages: () => 0,
    }),
  ) as [Endpoint, Endpoint];
  const say = (endpoint: Endpoint, to: NodeId): void => {
    endpoint.send(to, { from: 'a', to: 'b', kind: 'test', body: {}, hlc: 0 });
  };
  say(asker, two);
  say(answerer, one);
  await env.advance(1_000);
  expect([asker.unsettled(), answerer.unsettled()]).toEqual([0, 0]);
  return { env, asker, answerer, turns: () => turns.get(two) ?? 0, say };
}

describe('acks', () => {
  it('of a message that came alone wait for the reply, and it carries them', async () => {
    const { env, asker, answerer, say } = await quietPair();
    const before = answerer.stats.acksPosted;
    say(asker, two);
    await env.advance(options.ackAloneMs / 2);
    expect(asker.unsettled()).toBe(1);
    say(answerer, one);
    await env.advance(1);
    expect(asker.unsettled()).toBe(0);
    await env.advance(1_000);
    expect(answerer.stats.acksPosted).toBe(before);
  });

  it('that wait take no turn of their own', async () => {
    const { env, asker, answerer, turns, say } = await quietPair();
    const [acks, before] = [answerer.stats.acksPosted, turns()];
    say(asker, two);
    await env.advance(1_000);
    expect(answerer.stats.acksPosted).toBe(acks + 1);
    expect(turns()).toBe(before);
  });

  it('of a message that came alone go by themselves when no reply comes in time', async () => {
    const { env, asker, answerer, say } = await quietPair();
    const before = answerer.stats.acksPosted;
    say(asker, two);
    await env.advance(options.ackAloneMs + 2);
    expect(asker.unsettled()).toBe(0);
    expect(answerer.stats.acksPosted).toBe(before + 1);
    expect(asker.stats.resends).toBe(0);
  });

  it('of messages that come one soon after the other wait no longer than such acks may', async () => {
    const { env, asker, say } = await quietPair();
    say(asker, two);
    await env.advance(5);
    for (let n = 0; n < 20; n++) {
      say(asker, two);
      await env.advance(options.ackDelayMs + 1);
      expect(asker.unsettled()).toBe(0);
      await env.advance(1);
    }
  });

  it('of what came again are not kept waiting', async () => {
    const { env, asker, answerer, say } = await quietPair(1);
    const before = answerer.stats.acksPosted;
    say(asker, two);
    await env.advance(options.ackDelayMs + 2);
    expect(answerer.stats.acksPosted).toBe(before + 1);
  });
});
