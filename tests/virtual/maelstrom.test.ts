import { describe, expect, test } from 'vitest';
import type { Endpoint, EndpointConfig } from '../../src/bus/endpointTypes.ts';
import { pairChannel, type ChannelPort } from '../../src/bus/channel.ts';
import type { Message } from '../../src/bus/wire.ts';
import type { Env } from '../../src/kernel/env.ts';
import { nodeId } from '../../src/kernel/ids.ts';
import { createLogs } from '../../src/worlds/maelstrom/logs.ts';
import { createUniqueIds } from '../../src/worlds/maelstrom/uniqueIds.ts';
import { workloadTests } from '../harness/maelstromClients.ts';
import { runMaelstrom, type MaelstromRun, type MaelstromTest } from '../harness/maelstromNetwork.ts';

const rough = {
  nodes: 5,
  clients: 10,
  durationMs: 12_000,
  weather: { loss: 0.2, duplication: 0.2, latencyMs: 30 },
  partitionEveryMs: 5_000,
} as const;

function run(workload: string, seed: string, more: Partial<MaelstromTest> = {}): Promise<MaelstromRun> {
  const { client, finals } = workloadTests[workload]!;
  return runMaelstrom({ seed, ...rough, ...more }, client, finals);
}

describe.each(Object.entries(workloadTests))(
  '%s, under loss, duplication, delay and partitions',
  (name, { check }) => {
    test.each([1, 2, 3, 4, 5, 6])('seed %i', async (i) => {
      const result = await run(name, `maelstrom ${i}`);
      expect(result.complaints).toEqual([]);
      expect(check(result)).toEqual([]);
      expect(result.rpcs.filter((r) => r.reply?.type === `${r.request.type}_ok`).length).toBeGreaterThan(100);
    });
  },
);

/** A bus that posts a message once and hopes. */
function hopeful(_env: Env, port: ChannelPort, config: EndpointConfig): Endpoint {
  const outs = new Map<number, ReturnType<ChannelPort['open']>>();
  const { grove, self } = config;
  for (let id = 0; id < rough.nodes; id++)
    if (id !== self) {
      outs.set(
        id,
        port.open(pairChannel(grove, self, nodeId(id)), () => undefined),
      );
      port.open(pairChannel(grove, nodeId(id), self), (frame) =>
        config.onMessages(nodeId(id), 1, [frame as Message], 'memory'),
      );
    }
  const endpoint: Partial<Endpoint> = {
    send(to, message) {
      outs.get(to)!.post(message);
      return 1;
    },
    unsettled: () => 0,
  };
  return endpoint as Endpoint;
}

describe('the checks notice', () => {
  test.each(['broadcast', 'kafka'])('%s without resends', async (name) => {
    const result = await run(name, 'mutant', { connect: hopeful });
    expect(workloadTests[name]!.check(result).join('\n')).toMatch(/lacks|lost write|unseen|past/);
  });

  test('a counter whose last sum gets lost', async () => {
    let noticed = 0;
    for (let i = 0; i < 10 && noticed === 0; i++) {
      const result = await run('g-counter', `mutant ${i}`, {
        connect: hopeful,
        weather: { ...rough.weather, loss: 0.5 },
      });
      noticed += workloadTests['g-counter']!.check(result).length;
    }
    expect(noticed).toBeGreaterThan(0);
  });

  test('offsets that two nodes give out', async () => {
    const everyone = createLogs((key, nodes) => nodes[(key.length + ++turn) % nodes.length]!);
    let turn = 0;
    const result = await run('kafka', 'mutant', { workloads: [everyone] });
    expect(workloadTests['kafka']!.check(result).join('\n')).toMatch(/offset \d+ of k\d (holds|after)/);
  });

  test('ids that do not name their node', async () => {
    const nameless = () => createUniqueIds(1)({ self: 'n' });
    const result = await run('unique-ids', 'mutant', { workloads: [nameless] });
    expect(workloadTests['unique-ids']!.check(result).join('\n')).toMatch(/given out twice/);
  });
});
