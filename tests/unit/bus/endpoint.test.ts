import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChannelPort } from '../../../src/bus/channel.ts';
import { createEndpoint } from '../../../src/bus/endpoint.ts';
import type { Endpoint } from '../../../src/bus/endpointTypes.ts';
import { LINK, type LinkReducers } from '../../../src/bus/link.ts';
import { busOptions, type BusOptions } from '../../../src/bus/options.ts';
import { pausable } from '../../../src/faults/pause.ts';
import { incarnation, nodeId, type NodeId } from '../../../src/kernel/ids.ts';
import { BusChecker } from '../../harness/busChecker.ts';
import { createFakeNetwork, type Weather } from '../../harness/fakeNetwork.ts';
import { withMessages } from '../../harness/frames.ts';
import { WIRE_VERSION } from '../../../src/bus/wire.ts';
import { createTestEnv } from '../../harness/testEnv.ts';

const defaults = busOptions.fallback!();
const calm: Weather = { loss: 0, duplication: 0, delayMsMax: 1 };

/** Changes frames between an endpoint and its network: a bug of the protocol, from outside. */
type Mutant = (frame: Record<string, unknown>) => Record<string, unknown> | null;
const mutated = (port: ChannelPort, mutant: Mutant): ChannelPort => ({
  open: (name, receive) =>
    port.open(name, (frame) => {
      const changed = mutant(frame as Record<string, unknown>);
      if (changed) receive(changed);
    }),
});

interface Run {
  readonly violations: string[];
  readonly endpoints: Endpoint[];
  readonly posted: number;
}

/** Some nodes that all send to each other under the given weather, which clears at the end so that all can settle. */
async function storm(
  seed: number,
  weather: Weather,
  messages: number,
  options: BusOptions = defaults,
  mutant: Mutant = (f) => f,
): Promise<Run> {
  const env = createTestEnv(`storm ${seed}`);
  const network = createFakeNetwork(env, weather);
  const checker = new BusChecker();
  const ids: NodeId[] = [1, 2, 3].map(nodeId);
  const endpoints = ids.map((self) =>
    createEndpoint(env, mutated(network.port(), mutant), {
      grove: 'g',
      self,
      inc: incarnation(1),
      options,
      onMessages: (from, _first, due) => due.forEach((m) => checker.received(from, self, m)),
    }),
  );
  const rng = env.random('load');
  for (let n = 0; n < messages; n++) {
    const from = rng.int(3);
    const to = (from + 1 + rng.int(2)) % 3;
    const message = { from: `a${from}`, to: `a${to}`, kind: 'test', body: { n }, hlc: 0 };
    if (endpoints[from]!.send(ids[to]!, message) > 0) checker.sent(ids[from]!, ids[to]!, message);
    if (rng.next() < 0.3) await env.advance(rng.next() * 20);
  }
  await env.advance(5_000);
  network.weather = calm;
  await env.advance(200_000);
  return { violations: checker.violations(true), endpoints, posted: network.posted };
}

it('while it waits for an ack, a node wakes ten times a second and no more, unless its resend floor is low', async () => {
  const wakes = async (options: BusOptions): Promise<number> => {
    const env = createTestEnv('wakes');
    const network = createFakeNetwork(env, calm);
    const config = { grove: 'g', inc: incarnation(1), onMessages: () => undefined };
    let timers = 0;
    const counted = { ...env, setTimer: (ms: number, fn: () => void) => (timers++, env.setTimer(ms, fn)) };
    const one = createEndpoint(counted, network.port(), { ...config, options, self: nodeId(1) });
    createEndpoint(env, network.port(), { ...config, options, self: nodeId(2) });
    const message = { from: 'a', to: 'b', kind: 'test', body: 0, hlc: 0 };
    one.send(nodeId(2), message);
    await env.advance(1_000);
    network.weather = { ...calm, loss: 1 };
    one.send(nodeId(2), message);
    timers = 0;
    await env.advance(900);
    expect(one.unsettled()).toBe(1);
    return timers;
  };
  expect(await wakes(defaults)).toSatisfy((n: number) => n >= 8 && n <= 10);
  expect(await wakes({ ...defaults, resendFloorMs: 10_000 })).toSatisfy((n: number) => n >= 8 && n <= 10);
  expect(await wakes({ ...defaults, resendFloorMs: 10 })).toSatisfy((n: number) => n >= 40 && n <= 60);
});

it.each([1, 2, 3, 4, 5])(
  'sends nothing again after it stood still with acks under way to it %i',
  async (seed) => {
    const env = createTestEnv(`stood still ${seed}`);
    const network = createFakeNetwork(env, { ...calm, delayMsMax: 100 });
    const still = pausable(env, network.port());
    const config = { grove: 'g', inc: incarnation(1), options: defaults, onMessages: () => undefined };
    const one = createEndpoint(still.env, still.channels, { ...config, self: nodeId(1) });
    createEndpoint(env, network.port(), { ...config, self: nodeId(2) });
    const message = { from: 'a', to: 'b', kind: 'test', body: 0, hlc: 0 };
    one.send(nodeId(2), message);
    await env.advance(2_000);
    one.send(nodeId(2), message);
    await env.advance(1);
    still.pause(5_000);
    await env.advance(8_000);
    expect(one.unsettled()).toBe(0);
    expect(one.stats.resends).toBe(0);
    // Nor does it take its own standing still for a long way.
    expect(one.rttMs(nodeId(2))).toBeLessThan(300);
  },
);

/** What a slow disk makes a sender send again: it commits three seconds late, while a message comes every 20 ms. */
async function slowCommits(link: LinkReducers): Promise<number> {
  const env = createTestEnv('slow commits');
  const network = createFakeNetwork(env, { ...calm, delayMsMax: 18 });
  const durable = { sent: new Map(), received: new Map() };
  const config = { grove: 'g', inc: incarnation(1), options: defaults, durable, link };
  const one = createEndpoint(env, network.port(), {
    ...config,
    self: nodeId(1),
    onMessages: () => undefined,
  });
  const two = createEndpoint(env, network.port(), {
    ...config,
    self: nodeId(2),
    onMessages(from, first, due) {
      two.deal(from, due.length, 'durable');
      env.setTimer(3_000, () => two.settle(from, first + due.length));
    },
  });
  for (let n = 0; n < 300; n++) {
    one.send(nodeId(2), { from: 'a', to: 'b', kind: 'test', body: n, hlc: 0 });
    await env.advance(20);
  }
  await env.advance(10_000);
  expect(one.unsettled()).toBe(0);
  return one.stats.resentMessages;
}

describe('what arrived and is not committed yet, for a slow disk,', () => {
  it('is not sent again, and starts the timer anew for what follows', async () =>
    expect(await slowCommits(LINK)).toBe(0));

  it('would be followed by needless resends if only what is settled started it anew', async () => {
    const { sender } = LINK;
    const mutant: LinkReducers = {
      ...LINK,
      sender: {
        ...sender,
        acknowledge(s, ack, nowMs, options) {
          const { resendAtMs } = s;
          const settled = sender.acknowledge(s, ack, nowMs, options);
          if (settled === 0 && s.resendAtMs !== null) s.resendAtMs = resendAtMs;
          return settled;
        },
      },
    };
    expect(await slowCommits(mutant)).toBeGreaterThan(0);
  });
});

describe('an endpoint', () => {
  it('delivers each message once and in order under loss, duplication, delay and reordering', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.record({
          loss: fc.double({ min: 0, max: 0.4, noNaN: true }),
          duplication: fc.double({ min: 0, max: 0.4, noNaN: true }),
          delayMsMax: fc.integer({ min: 0, max: 200 }),
        }),
        async (seed, weather) => {
          const run = await storm(seed, weather, 60);
          expect(run.violations).toEqual([]);
          expect(run.endpoints.map((e) => e.unsettled())).toEqual([0, 0, 0]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('keeps its promises with a window of 16 and batches of 4', async () => {
    const tight = { ...defaults, windowMessages: 16, batchMessages: 4 };
    for (let seed = 0; seed < 10; seed++) {
      const run = await storm(seed, { loss: 0.2, duplication: 0.2, delayMsMax: 50 }, 200, tight);
      expect(run.violations).toEqual([]);
    }
  });

  it('resends nothing on a calm network', async () => {
    const run = await storm(1, calm, 300);
    expect(run.violations).toEqual([]);
    expect(run.endpoints.map((e) => e.stats.resends)).toEqual([0, 0, 0]);
  });

  it('posts far fewer frames than messages when many are sent in one turn', async () => {
    const env = createTestEnv();
    const network = createFakeNetwork(env, calm);
    let received = 0;
    const make = (self: number): Endpoint =>
      createEndpoint(env, network.port(), {
        grove: 'g',
        self: nodeId(self),
        inc: incarnation(1),
        options: defaults,
        onMessages: (_f, _n, due) => void (received += due.length),
      });
    const a = make(1);
    make(2);
    for (let n = 0; n < 1_000; n++) a.send(nodeId(2), { from: 'a', to: 'b', kind: 'k', body: n, hlc: 0 });
    await env.advance(1_000);
    expect(received).toBe(1_000);
    expect(network.posted).toBeLessThan(30);
  });

  it('refuses to queue beyond its limit, and takes messages again once there is room', async () => {
    const env = createTestEnv();
    const network = createFakeNetwork(env, calm);
    const options = { ...defaults, windowMessages: 16, queueMessages: 16 };
    const a = createEndpoint(env, network.port(), {
      grove: 'g',
      self: nodeId(1),
      inc: incarnation(1),
      options,
      onMessages: () => undefined,
    });
    const message = { from: 'a', to: 'b', kind: 'k', body: 0, hlc: 0 };
    for (let n = 0; n < 32; n++) expect(a.send(nodeId(2), message)).toBe(n + 1);
    expect(a.send(nodeId(2), message)).toBe(0);
    createEndpoint(env, network.port(), {
      grove: 'g',
      self: nodeId(2),
      inc: incarnation(1),
      options,
      onMessages: () => undefined,
    });
    await env.advance(5_000);
    expect(a.unsettled()).toBe(0);
    expect(a.send(nodeId(2), message)).toBe(33);
  });

  it('counts what it refuses by reason: other versions, wrong shapes, dead incarnations', async () => {
    const env = createTestEnv();
    const network = createFakeNetwork(env, calm);
    const b = createEndpoint(env, network.port(), {
      grove: 'g',
      self: nodeId(2),
      inc: incarnation(1),
      options: defaults,
      onMessages: () => undefined,
    });
    const raw = network.port().open('g/dial/2', () => undefined);
    const offer = { base: 1, next: 1, highest: 1, fresh: true };
    const hello = {
      v: 3,
      type: 'hello',
      from: 1,
      to: 2,
      inc: 5,
      peerInc: 0,
      attempt: 1,
      peerAttempt: 0,
      lanes: [offer, offer],
    };
    for (const frame of [
      hello,
      { ...hello, v: 2 },
      { ...hello, lanes: [{ ...offer, base: -1 }, offer] },
      'noise',
      { ...hello, inc: 4 },
      { ...hello, to: 3 },
    ]) {
      raw.post(frame);
      await env.advance(100);
    }
    expect(b.stats.refused).toEqual({ version: 1, shape: 2, 'dead-incarnation': 1, address: 1 });
  });

  it('refuses and counts what a talk that is over still says: its acks, hellos and data, replayed', async () => {
    const env = createTestEnv();
    const network = createFakeNetwork(env, calm);
    const got: unknown[] = [];
    const a = createEndpoint(env, network.port(), {
      grove: 'g',
      self: nodeId(1),
      inc: incarnation(1),
      options: defaults,
      onMessages: (_from, _first, due) => got.push(...due.map((m) => m.body)),
    });
    const posted: Record<string, unknown>[] = [];
    const hear = (frame: unknown): void => void posted.push(frame as Record<string, unknown>);
    network.port().open('g/dial/2', hear);
    network.port().open('g/1>2', hear);
    const line = network.port().open('g/2>1', () => undefined);
    const dial = network.port().open('g/dial/1', () => undefined);
    const head = { v: WIRE_VERSION, from: 2, to: 1, inc: 7, peerInc: 1, attempt: 1, peerAttempt: 1 };
    const ack = (upTo: number) => ({ ack: upTo, credit: 100, held: [] });
    const lanes = [ack(1), ack(1)];
    const say = async (frame: object, on = line): Promise<void> => {
      on.post({ ...head, ...frame });
      await env.advance(5);
    };
    const message = { from: 'a', to: 'b', kind: 'k', body: 'out', hlc: 0 };
    a.send(nodeId(2), message);
    await env.advance(5);
    await say({ type: 'hello-ack', lanes });
    expect(posted.filter((f) => f['type'] === 'data')).toHaveLength(1);
    await say({ type: 'reset' });
    expect(posted.at(-1)).toMatchObject({ type: 'hello', attempt: 2 });

    await say({ type: 'ack', lane: 0, ...ack(2) });
    await say({ type: 'hello-ack', lanes: [ack(2), ack(2)] });
    expect(a.stats.refused).toEqual({ 'stale-attempt': 2 });
    expect(a.unsettled()).toBe(1);
    await say({ type: 'hello-ack', peerAttempt: 2, lanes });
    expect(posted.filter((f) => f['type'] === 'data')).toHaveLength(2);
    await say({ type: 'ack', lane: 0, ...ack(2) });
    expect(a.stats.refused).toEqual({ 'stale-attempt': 3 });
    expect(a.unsettled()).toBe(1);
    await say({ type: 'ack', lane: 0, ...ack(2), peerAttempt: 2 });
    expect(a.unsettled()).toBe(0);

    const offer = { base: 1, next: 2, highest: 2, fresh: true };
    const data = { type: 'data', lane: 0, first: 1, ...ack(2), peerAttempt: 2 };
    await say({ type: 'hello', attempt: 3, lanes: [offer, offer] }, dial);
    await say({ type: 'hello', attempt: 2, lanes: [offer, offer] }, dial);
    await say({ ...data, attempt: 2, messages: [{ ...message, body: 'of the talk before' }] });
    expect(a.stats.refused).toEqual({ 'stale-attempt': 5 });
    expect(got).toEqual([]);
    await say({ ...data, attempt: 3, messages: [{ ...message, body: 'of this talk' }] });
    expect(got).toEqual(['of this talk']);
  });

  it('goes on after the ack that opens a closed window was lost', async () => {
    const env = createTestEnv();
    const network = createFakeNetwork(env, calm);
    const options = { ...defaults, windowMessages: 16 };
    let received = 0;
    const base = { grove: 'g', inc: incarnation(1), options };
    const durable = { sent: new Map(), received: new Map() };
    const a = createEndpoint(env, network.port(), {
      ...base,
      self: nodeId(1),
      durable,
      onMessages: () => undefined,
    });
    const b = createEndpoint(env, network.port(), {
      ...base,
      self: nodeId(2),
      durable,
      onMessages(from, first, due) {
        received += due.length;
        b.settle(from, first + due.length);
      },
    });
    for (let n = 0; n < 40; n++) a.send(nodeId(2), { from: 'a', to: 'b', kind: 'k', body: n, hlc: 0 });
    await env.advance(1_000);
    expect(received).toBe(16);
    network.weather = { ...calm, loss: 1 };
    b.deal(nodeId(1), 16, 'durable');
    await env.advance(100);
    network.weather = calm;
    await env.advance(5_000);
    expect(received).toBe(32);
    b.deal(nodeId(1), 16, 'durable');
    await env.advance(5_000);
    expect(received).toBe(40);
    expect(a.unsettled()).toBe(0);
  });

  describe('is caught by the checker when', () => {
    const weather = { loss: 0.2, duplication: 0.3, delayMsMax: 60 };
    const caught = async (mutant: Mutant): Promise<boolean> => {
      for (let seed = 0; seed < 20; seed++)
        if ((await storm(seed, weather, 60, defaults, mutant)).violations.length > 0) return true;
      return false;
    };

    it('nothing is broken: never', async () => expect(await caught((f) => f)).toBe(false));

    it('acks run ahead of what was received', async () =>
      expect(await caught((f) => (f['type'] === 'ack' ? { ...f, ack: (f['ack'] as number) + 1 } : f))).toBe(
        true,
      ));

    it('batches are numbered as if they were the next', async () => {
      const next = new Map<string, number>();
      expect(
        await caught((f) => {
          if (f['type'] === 'hello')
            next.set(`${String(f['from'])}>${String(f['to'])}`, (f['lanes'] as { base: number }[])[0]!.base);
          if (f['type'] !== 'data') return f;
          const link = `${String(f['from'])}>${String(f['to'])}`;
          const first = next.get(link) ?? 1;
          return { ...withMessages(f, (all) => (next.set(link, first + all.length), all)), first };
        }),
      ).toBe(true);
    });

    it('the order inside a batch is turned round', async () =>
      expect(await caught((f) => withMessages(f, (all) => [...all].reverse()))).toBe(true));
  });
});
