import { expect, it } from 'vitest';
import { hostNode, type Host } from '../../../src/agents/host.ts';
import { agentOptions } from '../../../src/agents/options.ts';
import { createEndpoint } from '../../../src/bus/endpoint.ts';
import { busOptions } from '../../../src/bus/options.ts';
import { agentId, GATE, incarnation, nodeId } from '../../../src/kernel/ids.ts';
import { ok } from '../../../src/kernel/result.ts';
import { memoryOptions } from '../../../src/memory/options.ts';
import { providerOptions } from '../../../src/provider/options.ts';
import { createFakeNetwork } from '../../harness/fakeNetwork.ts';
import { createTestEnv } from '../../harness/testEnv.ts';

it('a node tells what happened since it was asked last, and nothing when nothing did', async () => {
  const env = createTestEnv('telemetry');
  const network = createFakeNetwork(env, { loss: 0, duplication: 0, delayMsMax: 1 });
  const bus = busOptions.fallback!();
  const fail = (message: string): never => {
    throw new Error(message);
  };
  const passage = { text: 'The oldest oak has the narrowest rings.', speaker: '', date: '' };
  let host: Host | null = null;
  void hostNode(
    {
      env,
      channels: network.port(),
      journal: {
        append: (_entries, done) => env.defer(() => done(ok(undefined))),
        checkpoint: (_owner, _texts, done) => env.defer(() => done(ok(undefined))),
        load: (owners, done) => env.defer(() => done(ok(owners.map(() => [])))),
      },
      fetch: () => new Promise(() => undefined),
      desk: {
        acquire: () => undefined,
        settle: () => undefined,
        note: () => undefined,
        watch: () => undefined,
      },
      directory: { lookup: (_question, done) => env.defer(() => done({ weights: [], experts: [] })) },
      corpus: {
        passages: () =>
          Promise.resolve({ id: 'd', title: 'T', speaker: '', date: '', ring: 'r', passages: [passage] }),
      },
      onFailure: fail,
      onWarning: fail,
    },
    {
      ...{ grove: 'g', seed: 's', self: 1, inc: 1, corpus: 'c', ring: 'r', date: '2026-01-01' },
      agents: [{ id: agentId(1), charge: 'one', slices: [{ document: 0, fromPassage: 0, toPassage: 1 }] }],
      allAgents: [agentId(1)],
      placement: [1],
      options: {
        bus,
        memory: memoryOptions.fallback!(),
        agents: agentOptions.fallback!(),
        provider: providerOptions.fallback!(),
      },
      ...{ acked: [], abandoned: [], scar: false, knownItems: 1 },
    },
  ).then((up) => (host = up));
  const gate = createEndpoint(env, network.port(), {
    ...{ grove: 'g', self: GATE, inc: incarnation(1), options: bus },
    onMessages: () => undefined,
  });
  await env.advance(20_000);
  const tell = (): unknown => host!.telemetry();
  expect(tell()).toMatchObject({ memories: 1, deadLettered: 0, rings: { zones: expect.anything() } });
  expect(tell()).toBeNull();
  await env.advance(10_000);
  expect(tell()).toBeNull();
  for (const deadLettered of [1, 2]) {
    gate.send(nodeId(1), { from: 'gate', to: 'nobody', kind: 'ask', body: 0, hlc: 0 });
    await env.advance(2_000);
    expect(tell()).toMatchObject({ deadLettered });
    expect(tell()).toBeNull();
  }
});
