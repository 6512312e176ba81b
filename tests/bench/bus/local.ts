import { startNode } from '../../../src/agents/node.ts';
import { replayNodeLog } from '../../../src/agents/nodeLog.ts';
import { busOptions } from '../../../src/bus/options.ts';
import { incarnation, nodeId, type AgentId } from '../../../src/kernel/ids.ts';
import { ok } from '../../../src/kernel/result.ts';
import type { JournalPort } from '../../../src/memory/journal.ts';
import { hand } from './hand.ts';

const MEMORY = { level: 'memory' } as const;

/**
 * One node with an agent that sends and one that counts, at level `memory`; the clock is the machine's own. Returns what
 * sends so many batches of `batch` messages, each in one turn, and runs until all of it is dealt with.
 */
export function localDelivery(batch: number): (batches: number) => void {
  const { env, run } = hand(() => performance.now());
  const journal: JournalPort = {
    append: (_entries, done) => env.defer(() => done(ok(undefined))),
    checkpoint: (_owner, _texts, done) => env.defer(() => done(ok(undefined))),
    load: (owners, done) => env.defer(() => done(ok(owners.map(() => [])))),
  };
  const fail = (what: unknown): never => {
    throw new Error(String(what));
  };
  let heard = 0;
  const node = startNode(
    env,
    { open: () => ({ post: () => undefined, close: () => undefined }) },
    journal,
    {
      grove: 'local',
      self: nodeId(1),
      inc: incarnation(1),
      bus: busOptions.fallback!(),
      nodeOf: () => nodeId(1),
      onFailure: fail,
      onPoison: fail,
    },
    replayNodeLog([]),
    [
      { id: 'here' as AgentId, memory: null, behaviour: { receive: () => fail('nothing is sent here') } },
      {
        id: 'there' as AgentId,
        memory: null,
        behaviour: {
          receive: () => {
            heard++;
          },
        },
      },
    ],
  );
  return (batches) => {
    heard = 0;
    for (let n = 0; n < batches; n++) {
      for (let i = 0; i < batch; i++)
        if (!node.send('here', 'there', 'bench', i, MEMORY)) fail('the node takes no more');
      run();
    }
    if (heard !== batches * batch) fail(`${heard} of ${batches * batch} messages were dealt with`);
  };
}
