import { describe, expect, it } from 'vitest';
import { agentCheckpoint, replayAgentLog } from '../../../src/agents/agentLog.ts';
import { auditEntry, primeLedger } from '../../../src/agents/audit.ts';
import type { Behaviour } from '../../../src/agents/behaviour.ts';
import { startNode } from '../../../src/agents/node.ts';
import { holeText } from '../../../src/agents/hole.ts';
import { agentOwner, checkpointOf, nodeOwner, replayNodeLog } from '../../../src/agents/nodeLog.ts';
import type { Node } from '../../../src/agents/nodeTypes.ts';
import { busOptions } from '../../../src/bus/options.ts';
import { Ledger, type LedgerTotals } from '../../../src/bus/ledger.ts';
import { agentId, incarnation, nodeId } from '../../../src/kernel/ids.ts';
import { createAgentMemory } from '../../../src/memory/agentMemory.ts';
import type { AgentMemory } from '../../../src/memory/agentMemoryTypes.ts';
import type { JournalPort } from '../../../src/memory/journal.ts';
import { createJournalWriter, type JournalWriter } from '../../../src/memory/journalWriter.ts';
import { memoryOptions } from '../../../src/memory/options.ts';
import { createFakeNetwork, type Weather } from '../../harness/fakeNetwork.ts';
import { createMemoryDatabase } from '../../harness/memoryDatabase.ts';
import { createTestEnv, type TestEnv } from '../../harness/testEnv.ts';

const NODES = 3;
const SCRATCH = 'scratch';
const draft = (text: string) => ({
  kind: 'exchange' as const,
  text,
  speaker: '',
  date: '',
  ring: 'now',
  source: `exchange/${text}`,
  atMs: 0,
});

/**
 * Remembers every task it gets and passes it on while it has hops left; some tasks take their time first. Each hop
 * should be remembered once, by the agent it reached, whatever dies meanwhile.
 */
function relay(env: TestEnv, index: number, memory: AgentMemory, forgets: boolean): Behaviour {
  return {
    async receive(message, turn) {
      // What is forgotten makes a checkpoint of the agent's log at once: the log is replaced while nodes die.
      const scratch = memory.recent(50).filter((record) => record.text === SCRATCH);
      if (scratch.length > 0) turn.forget(scratch.map((record) => record.seq));
      else if (forgets) turn.remember(draft(SCRATCH));
      const { task, hops } = message.body as { task: number; hops: number };
      if ((task + hops) % 3 === 0) await new Promise<void>((resolve) => void env.setTimer(40, resolve));
      turn.remember(draft(`${task}/${hops}`));
      if (hops > 0) turn.send(agentId((index + 1) % NODES), 'task', { task, hops: hops - 1 });
    },
  };
}

/** A checkpoint without its last memory that is not scratch, and without where that was in its rings. */
function dropLast(texts: readonly string[]): string[] {
  const at = texts.findLastIndex((text) => text.startsWith('["kept"') && !text.includes(SCRATCH));
  return texts.flatMap((text, i) => (i >= at && at >= 0 ? [] : [text]));
}

/** A wrong journal between nodes and the writer. */
type JournalMutant = (inner: JournalPort, env: TestEnv) => JournalPort;

type Harm = (owner: string, texts: readonly string[]) => readonly string[];

interface Grove {
  readonly env: TestEnv;
  readonly writer: JournalWriter;
  readonly ledger: Ledger;
  readonly memories: (AgentMemory | null)[];
  /** @param harm what crash memory lost of a log */
  start(index: number, harm?: Harm): Promise<void>;
  kill(index: number): void;
  send(task: number): void;
  node(index: number): Node | null;
}

async function plantGrove(
  seed: string,
  weather: Weather,
  mutant: JournalMutant = (j) => j,
  forgets = false,
): Promise<Grove> {
  const env = createTestEnv(seed);
  const network = createFakeNetwork(env, weather);
  const ledger = new Ledger();
  const store = createMemoryDatabase(env);
  const writer = createJournalWriter(env, store, { groupCommitMs: 2 }, (owner, read) =>
    auditEntry(ledger, owner, read(), env.now()),
  );
  writer.ready(() => undefined);
  await env.advance(10);
  const nodes: (Node | null)[] = [];
  const cuts: (() => void)[] = [];
  const incs: number[] = [];
  const memories: (AgentMemory | null)[] = [];
  const load = (journal: JournalPort, owners: string[]): Promise<readonly (readonly string[])[]> =>
    new Promise((resolve, reject) => {
      journal.load(owners, (r) => (r.ok ? resolve(r.value) : reject(new Error(r.error.message))));
    });
  return {
    env,
    writer,
    ledger,
    memories,
    node: (i) => nodes[i] ?? null,
    kill(i) {
      nodes[i]?.close();
      cuts[i]?.();
      nodes[i] = null;
      memories[i] = null;
    },
    async start(i, harm = (_, texts) => texts) {
      const inc = (incs[i] = (incs[i] ?? 0) + 1);
      const journal = mutant(writer.session(i + 1, inc), env);
      const port = network.port();
      cuts[i] = () => port.cut();
      const loading = load(journal, [nodeOwner(i + 1), agentOwner(agentId(i))]);
      await env.advance(20);
      const owners = [nodeOwner(i + 1), agentOwner(agentId(i))];
      const [nodeLog = [], agentLog = []] = (await loading).map((texts, n) => harm(owners[n]!, texts));
      const memory = createAgentMemory(memoryOptions.fallback!());
      const { planted, holed } = replayAgentLog(memory, agentLog);
      const state = replayNodeLog(nodeLog);
      if (holed) {
        journal.checkpoint(owners[0]!, [JSON.stringify(checkpointOf(state))], () => undefined);
        journal.checkpoint(owners[1]!, agentCheckpoint(memory, planted), () => undefined);
      }
      memories[i] = memory;
      nodes[i] = startNode(
        env,
        port,
        journal,
        {
          grove: 'g',
          self: nodeId(i + 1),
          inc: incarnation(inc),
          bus: busOptions.fallback!(),
          nodeOf: (address) => nodeId(1 + Number(address.slice(1))),
          onFailure: () => undefined,
          onPoison: (what) => {
            throw new Error(what);
          },
        },
        state,
        [{ id: agentId(i), memory, behaviour: relay(env, i, memory, forgets) }],
      );
    },
    send: (task) => nodes[0]?.send(agentId(0), agentId(task % NODES), 'task', { task, hops: 5 }),
  };
}

/** Tasks flow while nodes die and come back at random; returns the ledger and what the agents remember in the end. */
async function killings(
  seed: string,
  mutant?: JournalMutant,
  forgets = false,
): Promise<{ totals: LedgerTotals; wrong: string[] }> {
  const grove = await plantGrove(seed, { loss: 0.05, duplication: 0.05, delayMsMax: 15 }, mutant, forgets);
  const rng = grove.env.random('killer');
  for (let i = 0; i < NODES; i++) await grove.start(i);
  // A task counts as put once its commit has gone through: a caller that dies before that has put nothing.
  const tasks = 40;
  for (let task = 0; task < tasks; task++) {
    grove.send(task);
    await grove.env.advance(30);
    if (rng.next() < 0.4) {
      const victim = rng.int(NODES);
      grove.kill(victim);
      await grove.env.advance(rng.int(60));
      await grove.start(victim);
    }
  }
  await grove.env.advance(60_000);
  const wrong: string[] = [];
  const seen = new Map<string, number>();
  for (const memory of grove.memories)
    for (const { text } of memory?.recent(10_000) ?? []) seen.set(text, (seen.get(text) ?? 0) + 1);
  for (let task = 0; task < tasks; task++)
    for (let hops = 0; hops <= 5; hops++) {
      const n = seen.get(`${task}/${hops}`) ?? 0;
      if (n !== 1) wrong.push(`task ${task}, hop ${hops}: remembered ${n} times`);
    }
  return { totals: grove.ledger.totals(0), wrong };
}

describe('durable nodes', () => {
  it('remember every hop of every task once, however often nodes die and frames get lost', async () => {
    for (let seed = 0; seed < 15; seed++) {
      const { totals, wrong } = await killings(`kill ${seed}`);
      expect(wrong, `seed ${seed}`).toEqual([]);
      expect(totals, `seed ${seed}`).toMatchObject({
        sent: 40 * 6,
        delivered: 40 * 6,
        lost: 0,
        duplicated: 0,
        misordered: 0,
        corrupted: 0,
        inFlight: 0,
        deadLettered: 0,
      });
    }
  });

  const caught = async (mutant: JournalMutant, forgets = false): Promise<boolean> => {
    for (let seed = 0; seed < 15; seed++) {
      try {
        const { totals, wrong } = await killings(`kill ${seed}`, mutant, forgets);
        if (wrong.length > 0 || totals.lost + totals.duplicated + totals.misordered + totals.inFlight > 0)
          return true;
      } catch {
        return true;
      }
    }
    return false;
  };
  const without =
    (kind: string): JournalMutant =>
    (inner) => ({
      ...inner,
      append: (entries, done) =>
        inner.append(
          entries.filter((e) => (JSON.parse(e.text) as [string])[0] !== kind),
          done,
        ),
    });

  it('would be caught if what they accept were acknowledged before it is committed', async () => {
    const early: JournalMutant = (inner, env) => ({
      ...inner,
      append(entries, done) {
        env.setTimer(0, () => done({ ok: true, value: undefined }));
        // The commit itself comes much later, and not at all when the node dies before.
        env.setTimer(25, () => inner.append(entries, () => undefined));
      },
    });
    expect(await caught(early)).toBe(true);
  });
  it('would be caught without the outbox in crash memory', async () =>
    expect(await caught(without('out'))).toBe(true));
  it('would be caught without the inbox in crash memory', async () =>
    expect(await caught(without('in'))).toBe(true));
  it('would be caught if what was dealt with were not noted', async () =>
    expect(await caught(without('dealt'))).toBe(true));

  it('lose no memory while the logs of their agents are replaced by checkpoints all the time', async () => {
    for (let seed = 0; seed < 8; seed++)
      expect((await killings(`kill ${seed}`, undefined, true)).wrong, `seed ${seed}`).toEqual([]);
  });
  it("would be caught if an agent's checkpoint left out its last memory", async () => {
    const shortened: JournalMutant = (inner) => ({
      ...inner,
      checkpoint: (owner, texts, done) =>
        inner.checkpoint(owner, owner.startsWith('agent/') ? dropLast(texts) : texts, done),
    });
    expect(await caught(shortened, true)).toBe(true);
  });
  it("would be caught if an agent's checkpoint overtook what was appended before it", async () => {
    const overtaken: JournalMutant = (inner, env) => ({
      ...inner,
      append: (entries, done) => void env.setTimer(1, () => inner.append(entries, done)),
    });
    expect(await caught(overtaken, true)).toBe(true);
  });

  it('go on from a checkpoint as from the log it replaced', async () => {
    const grove = await plantGrove('checkpoint', { loss: 0, duplication: 0, delayMsMax: 2 });
    for (let i = 0; i < NODES; i++) await grove.start(i);
    for (let task = 0; task < 600; task++) {
      grove.send(task);
      if (task % 20 === 0) await grove.env.advance(50);
    }
    await grove.env.advance(20_000);
    for (let i = 0; i < NODES; i++) {
      grove.kill(i);
      await grove.start(i);
    }
    await grove.env.advance(20_000);
    expect(grove.ledger.totals(0)).toMatchObject({
      sent: 3_600,
      delivered: 3_600,
      duplicated: 0,
      inFlight: 0,
    });
    expect(grove.memories.map((m) => m!.size).reduce((a, b) => a + b)).toBe(3_600);
  });

  it('send what nobody answers to on to the dead letters, and the ledger balances', async () => {
    const grove = await plantGrove('dead letters', { loss: 0, duplication: 0, delayMsMax: 2 });
    await grove.start(0);
    await grove.start(1);
    grove.node(0)!.send(agentId(0), 'a001', 'task', { task: 1, hops: 0 });
    await grove.env.advance(100);
    // Node 3 never starts and is given up.
    grove.node(0)!.send(agentId(0), 'a002', 'task', { task: 2, hops: 0 });
    await grove.env.advance(100);
    grove.node(0)!.abandon(nodeId(3), 'given up');
    await grove.env.advance(1_000);
    expect(grove.ledger.totals(0)).toMatchObject({
      sent: 2,
      delivered: 1,
      deadLettered: 1,
      inFlight: 0,
      lost: 0,
    });
  });

  /** Tasks flow, all nodes die, parts of their logs are lost, and they go on; what of the later tasks is wrong. */
  async function afterHoles(seed: string, note: boolean): Promise<string[]> {
    const grove = await plantGrove(seed, { loss: 0.05, duplication: 0.05, delayMsMax: 15 });
    const rng = grove.env.random('harm');
    for (let i = 0; i < NODES; i++) await grove.start(i);
    for (let task = 0; task < 20; task++) {
      grove.send(task);
      await grove.env.advance(30);
    }
    for (let i = 0; i < NODES; i++) grove.kill(i);
    const share = rng.next();
    const harm: Harm = (owner, texts) => {
      const left = texts.filter(() => rng.next() > share);
      return note ? [...left, holeText(owner, 1_700_000_000_000)] : left;
    };
    for (let i = 0; i < NODES; i++) await grove.start(i, harm);
    for (let task = 100; task < 120; task++) {
      grove.send(task);
      await grove.env.advance(30);
      if (rng.next() < 0.2) {
        const victim = rng.int(NODES);
        grove.kill(victim);
        await grove.start(victim);
      }
    }
    await grove.env.advance(60_000);
    const texts = grove.memories.flatMap((memory) => memory!.recent(10_000).map(({ text }) => text));
    const wrong: string[] = [];
    for (let task = 100; task < 120; task++)
      for (let hops = 0; hops <= 5; hops++) {
        const n = texts.filter((text) => text === `${task}/${hops}`).length;
        if (n !== 1) wrong.push(`task ${task}, hop ${hops}: remembered ${n} times`);
      }
    return wrong;
  }

  it('go on after holes in their logs: nothing new is lost or doubled, whatever was lost before', async () => {
    for (let seed = 0; seed < 10; seed++)
      expect(await afterHoles(`holes ${seed}`, true), `seed ${seed}`).toEqual([]);
  });
  it('would be caught replaying a log with holes as if it were whole', async () => {
    const outcomes = [];
    for (let seed = 0; seed < 4; seed++)
      outcomes.push(await afterHoles(`holes ${seed}`, false).catch(() => ['it threw']));
    expect(outcomes.some((wrong) => wrong.length > 0)).toBe(true);
  });

  it('a new ledger takes over what was under way', async () => {
    const grove = await plantGrove('carry', { loss: 1, duplication: 0, delayMsMax: 2 });
    await grove.start(0);
    grove.send(1);
    grove.send(2);
    await grove.env.advance(100);
    const texts = await new Promise<readonly (readonly string[])[]>((resolve) => {
      grove.writer.session(-1, 1).load(
        [0, 1, 2, 3].map((n) => nodeOwner(n)),
        (r) => resolve(r.ok ? r.value : []),
      );
      void grove.env.advance(50);
    });
    const ledger = new Ledger();
    expect(primeLedger(ledger, texts.map(replayNodeLog), 0)).toBe(2);
    expect(ledger.totals(0)).toMatchObject({ sent: 2, inFlight: 2 });
  });
});
