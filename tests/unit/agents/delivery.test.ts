import { describe, expect, it } from 'vitest';
import type { Behaviour, Turn } from '../../../src/agents/behaviour.ts';
import { startNode } from '../../../src/agents/node.ts';
import { nodeOwner, replayNodeLog } from '../../../src/agents/nodeLog.ts';
import type { Node } from '../../../src/agents/nodeTypes.ts';
import type { Outcome, RequestType } from '../../../src/agents/requests.ts';
import { topicHome } from '../../../src/agents/topicAddress.ts';
import { busOptions, type BusOptions } from '../../../src/bus/options.ts';
import type { Message } from '../../../src/bus/wire.ts';
import { agentId, incarnation, nodeId } from '../../../src/kernel/ids.ts';
import { object, string } from '../../../src/kernel/schema.ts';
import { createJournalWriter } from '../../../src/memory/journalWriter.ts';
import { createFakeNetwork } from '../../harness/fakeNetwork.ts';
import { createMemoryDatabase } from '../../harness/memoryDatabase.ts';
import { createTestEnv } from '../../harness/testEnv.ts';

const NODES = 3;
const [A, B, C]: [string, string, string] = [agentId(0), agentId(1), agentId(2)];
const ECHO: RequestType<{ readonly text: string }, { readonly said: string }> = {
  kind: 'echo',
  body: object({ text: string() }),
  reply: object({ said: string() }),
};

type Receive = (message: Message, turn: Turn) => void | Promise<void>;

/** Three nodes with one agent each, over one journal; what an agent does is given. */
async function world(receive: Record<string, Receive> = {}, options: Partial<BusOptions> = {}) {
  const env = createTestEnv('delivery');
  const network = createFakeNetwork(env, { loss: 0, duplication: 0, delayMsMax: 2 });
  const writer = createJournalWriter(env, createMemoryDatabase(env), { groupCommitMs: 1 });
  writer.ready(() => undefined);
  await env.advance(10);
  const bus = { ...busOptions.fallback!(), ...options };
  const poisoned: string[] = [];
  const incs = [0, 0, 0];
  const cuts: (() => void)[] = [];
  const nodes: (Node | undefined)[] = [];
  const w = {
    env,
    network,
    poisoned,
    node: (i: number) => nodes[i]!,
    turn: (i: number) => nodes[i]!.turnOf(agentId(i)),
    kill(i: number) {
      nodes[i]!.close();
      cuts[i]!();
    },
    async start(i: number) {
      const journal = writer.session(i + 1, ++incs[i]!);
      const log = new Promise<readonly string[]>((resolve, reject) => {
        journal.load([nodeOwner(i + 1)], (r) =>
          r.ok ? resolve(r.value[0]!) : reject(new Error(r.error.message)),
        );
      });
      await env.advance(10);
      const port = network.port();
      cuts[i] = () => port.cut();
      const behaviour: Behaviour = { receive: receive[agentId(i)] ?? (() => undefined) };
      nodes[i] = startNode(
        env,
        port,
        journal,
        {
          grove: 'g',
          self: nodeId(i + 1),
          inc: incarnation(incs[i]!),
          bus,
          nodeOf: (address) =>
            address.startsWith('topic/')
              ? topicHome(address, NODES)
              : /^a00[0-2]$/.test(address)
                ? nodeId(1 + Number(address.slice(1)))
                : undefined,
          onFailure: (error) => poisoned.push(error.message),
          onPoison: (what) => poisoned.push(what),
        },
        replayNodeLog(await log, bus.deadLetters),
        [{ id: agentId(i), behaviour, memory: null }],
      );
      await env.advance(10);
    },
  };
  for (let i = 0; i < NODES; i++) await w.start(i);
  return w;
}

const echo: Receive = (message, turn) => {
  const r = ECHO.body.parse(message.body);
  if (message.kind === 'echo' && r.ok) turn.reply({ said: r.value.text });
};
/** Asks from agent 0; the list gets the outcome. */
function ask(
  w: Awaited<ReturnType<typeof world>>,
  to: string,
  outcomes: Outcome<{ said: string }>[],
  timeoutMs = 1_000,
) {
  return w.turn(0).request(ECHO, to, { text: 'x' }, { timeoutMs }, (outcome) => void outcomes.push(outcome));
}

describe('a request ends', () => {
  it('with its reply', async () => {
    const w = await world({ [B]: echo });
    const outcomes: Outcome<{ said: string }>[] = [];
    ask(w, B, outcomes);
    await w.env.advance(200);
    expect(outcomes).toEqual([{ type: 'reply', body: { said: 'x' } }]);
  });

  it('by its timeout, and the late reply is counted as stale', async () => {
    const w = await world({
      [B]: async (message, turn) => {
        await new Promise<void>((resolve) => void w.env.setTimer(500, resolve));
        echo(message, turn) as undefined;
      },
    });
    const outcomes: Outcome<{ said: string }>[] = [];
    ask(w, B, outcomes, 300);
    await w.env.advance(2_000);
    expect(outcomes).toEqual([{ type: 'timeout' }]);
    expect(w.node(0).counters.staleReplies).toBe(1);
  });

  it('by cancellation, of which the other side hears', async () => {
    let cancelled = 0;
    const w = await world({ [B]: (_m, turn) => new Promise(() => turn.onCancel(() => cancelled++)) });
    const outcomes: Outcome<{ said: string }>[] = [];
    const cancel = ask(w, B, outcomes);
    await w.env.advance(100);
    cancel();
    cancel();
    await w.env.advance(100);
    expect(outcomes).toEqual([{ type: 'cancelled' }]);
    expect(cancelled).toBe(1);
  });

  it.each<[string, string, Receive | undefined, string]>([
    ['to nobody', 'nobody', undefined, 'no such address'],
    ['that cannot be dealt with', B, () => Promise.reject(new Error('never')), 'poison'],
    ['whose reply has another shape', B, (_m, turn) => void turn.reply({ other: 1 }), 'malformed'],
  ])('as a dead letter %s', async (_name, to, receive, reason) => {
    const w = await world(receive ? { [B]: receive } : {});
    const outcomes: Outcome<{ said: string }>[] = [];
    ask(w, to, outcomes, 5_000);
    await w.env.advance(4_000);
    expect(outcomes).toMatchObject([{ type: 'dead letter', reason }]);
  });

  it('as a dead letter when the node is given up', async () => {
    const w = await world();
    w.kill(1);
    const outcomes: Outcome<{ said: string }>[] = [];
    ask(w, B, outcomes, 5_000);
    await w.env.advance(100);
    w.node(0).abandon(nodeId(2), 'it is gone');
    await w.env.advance(100);
    expect(outcomes).toEqual([{ type: 'dead letter', reason: 'given up', detail: 'it is gone' }]);
  });
});

describe('what cannot be delivered', () => {
  it('ends among the dead letters after its deadline, once', async () => {
    const heard: unknown[] = [];
    const w = await world({ [B]: (m) => void heard.push(m.body) });
    w.network.weather = { ...w.network.weather, loss: 1 };
    w.node(0).send(A, B, 'late', 1, { deadlineAtMs: w.env.now() + 50 });
    w.node(0).send(A, B, 'in time', 2);
    await w.env.advance(200);
    w.network.weather = { ...w.network.weather, loss: 0 };
    await w.env.advance(5_000);
    expect(heard).toEqual([2]);
    expect(w.node(1).deadLetters.count).toBe(1);
    expect(w.node(1).deadLetters.list()).toMatchObject([
      { reason: 'deadline', kind: 'late', from: A, to: B },
    ]);
    expect(w.node(0).unsettled).toBe(0);
  });

  it('is tried as often as it may, also over crashes, and then given up with its reason', async () => {
    let tries = 0;
    const w = await world(
      { [B]: () => (tries++, Promise.reject(new Error('no'))) },
      { poisonAfter: 4, retryMs: 100 },
    );
    w.node(0).send(A, B, 'bad', 1);
    await w.env.advance(250);
    expect(tries).toBe(2);
    w.kill(1);
    await w.start(1);
    await w.env.advance(10_000);
    expect(tries).toBe(4);
    expect(w.poisoned).toHaveLength(1);
    w.kill(1);
    await w.start(1);
    expect(tries).toBe(4);
    // The list survives, too.
    expect(w.node(1).deadLetters.list()).toMatchObject([{ reason: 'poison', kind: 'bad' }]);
  });

  it('is counted exactly, and the newest are kept', async () => {
    const w = await world({}, { deadLetters: 3 });
    for (let n = 0; n < 10; n++) w.node(0).send(A, 'nobody', `k${n}`, n);
    expect(w.node(0).deadLetters.count).toBe(10);
    expect(
      w
        .node(0)
        .deadLetters.list()
        .map((l) => l.kind),
    ).toEqual(['k7', 'k8', 'k9']);
  });
});

describe('a slow agent', () => {
  it('slows its senders at every hop; queues keep to their bounds, a full link says so, and nothing is lost', async () => {
    const options = { windowMessages: 16, batchMessages: 8, queueMessages: 16 };
    const done: number[] = [];
    let busy: Promise<void> = Promise.resolve();
    const w = await world(
      {
        [B]: (message, turn) =>
          new Promise((resolve) => {
            const tryIt = (): void => {
              if (turn.send(C, 'work', message.body)) resolve();
              else turn.whenRoom(C, tryIt);
            };
            tryIt();
          }),
        // One piece of work after the other, each 20 ms.
        [C]: (message) =>
          (busy = busy.then(async () => {
            await new Promise<void>((resolve) => void w.env.setTimer(20, resolve));
            done.push(message.body as number);
          })),
      },
      options,
    );
    let sent = 0;
    let refused = 0;
    const peaks = { inboxB: 0, inboxC: 0, waiting: 0 };
    for (let ms = 0; ms < 4_000; ms += 10) {
      for (let i = 0; i < 8; i++)
        if (w.node(0).send(A, B, 'work', sent)) sent++;
        else refused++;
      await w.env.advance(10);
      peaks.inboxB = Math.max(peaks.inboxB, w.node(1).inbox);
      peaks.inboxC = Math.max(peaks.inboxC, w.node(2).inbox);
      peaks.waiting = Math.max(peaks.waiting, w.node(0).unsettled);
    }
    expect(refused).toBeGreaterThan(2_000);
    expect(refused).toBe(w.node(0).counters.full);
    // 4 s of work at 20 ms, what the queues hold, and no more.
    expect(sent).toBeLessThan(200 + 2 * (3 * 16 + 8));
    expect(peaks).toEqual({ inboxB: 16, inboxC: 16, waiting: 32 });
    await w.env.advance(20_000);
    expect(done).toEqual(Array.from({ length: sent }, (_, i) => i));
  });
});

describe('a topic', () => {
  it.each(['durable', 'memory'] as const)('reaches all who hear it at level %s, in order', async (level) => {
    const heard: Record<string, unknown[]> = { [B]: [], [C]: [] };
    const hear =
      (who: string): Receive =>
      (m) =>
        void heard[who]!.push(m.body);
    const w = await world({ [B]: hear(B), [C]: hear(C) });
    for (const i of [1, 2]) {
      const turn = w.turn(i);
      turn.subscribe('t', level);
      turn.commitNow();
    }
    await w.env.advance(100);
    const turn = w.turn(0);
    for (let n = 0; n < 5; n++) turn.publish('t', 'news', n, { level });
    turn.commitNow();
    await w.env.advance(500);
    expect(heard).toEqual({ [B]: [0, 1, 2, 3, 4], [C]: [0, 1, 2, 3, 4] });
    const last = w.turn(2);
    last.unsubscribe('t', level);
    last.commitNow();
    await w.env.advance(100);
    w.turn(0).publish('t', 'news', 5, { level: 'memory' });
    await w.env.advance(500);
    expect(heard).toEqual({ [B]: [0, 1, 2, 3, 4, 5], [C]: [0, 1, 2, 3, 4] });
  });

  it.each([
    ['durable', true],
    ['memory', false],
  ] as const)('keeps a %s subscription over a restart of its home: %s', async (level, kept) => {
    const heard: unknown[] = [];
    const w = await world({ [B]: (m) => void heard.push(m.body) });
    const turn = w.turn(1);
    turn.subscribe('t', level);
    turn.commitNow();
    await w.env.advance(100);
    const home = topicHome('topic/t', NODES) - 1;
    for (const i of new Set([home, 1])) {
      w.kill(i);
      await w.start(i);
    }
    await w.env.advance(2_000);
    const publisher = w.turn(0);
    publisher.publish('t', 'news', 'n');
    publisher.commitNow();
    await w.env.advance(3_000);
    expect(heard).toEqual(kept ? ['n'] : []);
  });
});

describe('level memory', () => {
  it('survives what the network does, and not the crash of its receiver', async () => {
    const heard: unknown[] = [];
    const w = await world({ [B]: (m) => void heard.push(m.body) });
    w.network.weather = { loss: 0.4, duplication: 0.4, delayMsMax: 100 };
    for (let n = 0; n < 50; n++) w.node(0).send(A, B, 'k', n, { level: 'memory' });
    await w.env.advance(60_000);
    expect(heard).toEqual(Array.from({ length: 50 }, (_, n) => n));
    w.kill(1);
    await w.start(1);
    await w.env.advance(1_000);
    expect(heard).toHaveLength(50);
  });
});
