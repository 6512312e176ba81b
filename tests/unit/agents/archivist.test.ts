import { describe, expect, it } from 'vitest';
import { createArchivist } from '../../../src/agents/archivist.ts';
import type { AgentContext, Turn } from '../../../src/agents/behaviour.ts';
import { withErrands } from '../../../src/agents/errand.ts';
import type { AnswerBody, AskBody, PassagesBody, QuestionBody } from '../../../src/agents/protocol.ts';
import type { Message } from '../../../src/bus/wire.ts';
import { agentId } from '../../../src/kernel/ids.ts';
import { createAgentMemory } from '../../../src/memory/agentMemory.ts';
import { memoryOptions } from '../../../src/memory/options.ts';
import { createTestEnv } from '../../harness/testEnv.ts';

interface Sent {
  readonly to: string;
  readonly kind: string;
  readonly body: unknown;
}

/** A turn whose links are full until they are opened. */
function narrowTurn(full: Set<string>) {
  const sent: Sent[] = [];
  const waiting: (() => void)[] = [];
  const turn = {
    send(to: string, kind: string, body: unknown) {
      if (full.has(to)) return false;
      sent.push({ to, kind, body });
      return true;
    },
    whenRoom: (_to: string, resume: () => void) => void waiting.push(resume),
    commitNow: () => undefined,
    remember: () => undefined,
    recalled: () => undefined,
  } as unknown as Turn;
  return {
    turn,
    sent,
    waiting,
    open(to: string) {
      full.delete(to);
      for (const resume of waiting.splice(0)) resume();
    },
  };
}

function archivist(experts: readonly string[]) {
  const env = createTestEnv('archivist');
  const memory = createAgentMemory(memoryOptions.fallback!());
  const remembered = memory.remember({
    kind: 'archive',
    text: 'The mill stands by the river.',
    speaker: 'A miller',
    date: '1862',
    ring: '1862',
    source: 'mill#1',
    atMs: 0,
  });
  expect(remembered.ok).toBe(true);
  const context = {
    id: agentId(0),
    env,
    memory,
    directory: {
      lookup: (q: { stems: readonly string[] }, done: (answer: unknown) => void) =>
        done({ weights: q.stems.map((term) => ({ term, weight: 1 })), experts }),
    },
    model: {
      complete: () =>
        Promise.resolve({
          ok: true,
          value: { text: 'By the river [1].', inputTokens: 9, outputTokens: 4, providerMs: 1, cached: false },
        }),
    },
    timeRush: () => undefined,
  } as unknown as AgentContext;
  const behaviour = createArchivist(context, {
    askOthers: 3,
    recallPassages: 3,
    maxOutputTokens: 50,
    promptTokens: () => 400,
    ring: 'now',
    date: 'today',
  });
  return { env, behaviour };
}

const question: QuestionBody = {
  id: 'q1',
  text: 'Where does the mill stand?',
  intendedAtMs: 0,
  deadlineAtMs: 9_000,
};
const message = (kind: string, body: unknown): Message => ({ from: 'gate', to: 'a000', kind, body, hlc: 0 });
const settle = async (env: ReturnType<typeof createTestEnv>, ms = 10): Promise<void> => {
  for (let i = 0; i < 5; i++) await env.advance(ms);
};

describe('an archivist whose links are full', () => {
  it('holds its answer until there is room, and its turn open as long', async () => {
    const { env, behaviour } = archivist([]);
    const { turn, sent, waiting, open } = narrowTurn(new Set(['gate']));
    let done = false;
    void Promise.resolve(behaviour.receive(message('question', question), turn)).then(() => (done = true));
    await settle(env);
    expect(sent).toEqual([]);
    expect(waiting).toHaveLength(1);
    expect(done).toBe(false);
    open('gate');
    await settle(env);
    expect(sent.map((s) => [s.to, s.kind])).toEqual([['gate', 'answer']]);
    expect((sent[0]!.body as AnswerBody).ok).toBe(true);
    expect(done).toBe(true);
  });

  it('asks whom it can reach, does not wait for the others, and says in the answer who was too busy', async () => {
    const { env, behaviour } = archivist(['a001', 'a002']);
    const { turn, sent } = narrowTurn(new Set(['a002']));
    void behaviour.receive(message('question', question), turn);
    await settle(env);
    const asks = sent.filter((s) => s.kind === 'ask');
    expect(asks.map((s) => s.to)).toEqual(['a001']);
    const told: PassagesBody = { ask: (asks[0]!.body as AskBody).ask, passages: [] };
    void behaviour.receive({ ...message('passages', told), from: 'a001' }, turn);
    await settle(env);
    const answer = sent.find((s) => s.kind === 'answer')?.body as AnswerBody;
    expect(answer.asked.map((a) => a.agent)).toEqual(['a001']);
    expect(answer.legs.find((l) => l.name === 'asking others')?.detail).toBe(
      'a001 was asked; 0 memories came back; a002 was too busy to be asked',
    );
  });

  it('answers from its own memory at once when nobody can be asked', async () => {
    const { env, behaviour } = archivist(['a001', 'a002']);
    const { turn, sent } = narrowTurn(new Set(['a001', 'a002']));
    void behaviour.receive(message('question', question), turn);
    await settle(env);
    const answer = sent.find((s) => s.kind === 'answer')?.body as AnswerBody;
    expect(answer.ok).toBe(true);
    expect(answer.asked).toEqual([]);
  });

  it('tells what it knows of a question of which it knows little', async () => {
    const { env, behaviour } = archivist([]);
    const { turn, sent } = narrowTurn(new Set());
    const text = 'Which ships, treaty, harbour, senate, tariff, frontier or railway had a mill?';
    void behaviour.receive(message('question', { ...question, text }), turn);
    await settle(env);
    expect((sent.at(-1)!.body as AnswerBody).citations).toMatchObject([{ source: 'mill#1' }]);
  });

  it('holds what it was asked for until there is room', async () => {
    const { env, behaviour } = archivist([]);
    const { turn, sent, open } = narrowTurn(new Set(['gate']));
    const ask: AskBody = { ask: 'x', text: 'mill', terms: [{ term: 'mill', weight: 1 }], k: 3 };
    void behaviour.receive(message('ask', ask), turn);
    await settle(env);
    expect(sent).toEqual([]);
    open('gate');
    expect(sent.map((s) => s.kind)).toEqual(['passages']);
  });
});

describe('an archivist that asks others', () => {
  /** Asks once, gets the replies of those who reply after so many ms, and says how long it took and who was heard. */
  async function once(
    { env, behaviour }: ReturnType<typeof archivist>,
    n: number,
    replyMs: Readonly<Record<string, number>>,
    deadlineMs = 10_000,
  ): Promise<{ readonly tookMs: number; readonly heard: number }> {
    const { turn, sent } = narrowTurn(new Set());
    const startMs = env.now();
    void behaviour.receive(
      message('question', {
        ...question,
        id: `q${n}`,
        intendedAtMs: startMs,
        deadlineAtMs: startMs + deadlineMs,
      }),
      turn,
    );
    await settle(env, 1);
    for (const { to, body } of sent.filter((s) => s.kind === 'ask')) {
      const told: PassagesBody = { ask: (body as AskBody).ask, passages: [] };
      const ms = replyMs[to];
      if (ms !== undefined)
        env.setTimer(ms, () => void behaviour.receive({ ...message('passages', told), from: to }, turn));
    }
    while (!sent.some((s) => s.kind === 'answer')) await env.advance(10);
    const tookMs = env.now() - startMs;
    await env.advance(10_000);
    return { tookMs, heard: Object.values(replyMs).filter((ms) => ms < tookMs).length };
  }

  it('goes on without those that do not reply, and does not wait longer for one that never does', async () => {
    const grove = archivist(['a001', 'a002']);
    for (let n = 0; n < 30; n++) {
      const { tookMs } = await once(grove, n, { a001: 40 });
      expect(tookMs).toBeGreaterThan(1_400);
      expect(tookMs).toBeLessThan(1_600);
    }
  });

  it('waits longer on a machine on which all take longer, so that they are heard', async () => {
    const grove = archivist(['a001', 'a002']);
    const replies = { a001: 1_900, a002: 2_300 };
    expect((await once(grove, 0, replies)).heard).toBe(0);
    expect((await once(grove, 1, replies)).heard).toBe(2);
    // The machine is quick again: after a while nobody waits so long for one that is gone.
    for (let n = 2; n < 12; n++) await once(grove, n, { a001: 5, a002: 5 });
    expect((await once(grove, 12, { a001: 5 })).tookMs).toBeLessThan(1_600);
  });

  it('leaves half of the time to the model', async () => {
    const grove = archivist(['a001', 'a002']);
    for (let n = 0; n < 5; n++) await once(grove, n, { a001: 4_000, a002: 4_000 });
    expect((await once(grove, 5, {}, 3_000)).tookMs).toBeLessThan(1_600);
    expect((await once(grove, 6, {}, 1_000)).tookMs).toBeLessThan(600);
  });
});

describe('an errand', () => {
  it('is passed on to an acquaintance with one hop less, waits where there is no room, and goes home in the end', async () => {
    const env = createTestEnv('errand');
    const agents = Array.from({ length: 10 }, (_, i) => agentId(i));
    const other: string[] = [];
    const behaviour = withErrands({ receive: (m) => void other.push(m.kind) }, env, agents[3]!, agents);
    const { turn, sent, waiting, open } = narrowTurn(new Set(['gate']));
    for (let n = 0; n < 40; n++) void behaviour.receive(message('errand', { run: 'r', n, hops: 2 }), turn);
    expect(new Set(sent.map((s) => s.to))).toEqual(new Set(['a004', 'a000', 'a002', 'a006']));
    expect(sent[7]!.body).toEqual({ run: 'r', n: 7, hops: 1 });
    void behaviour.receive(message('errand', { run: 'r', n: 41, hops: 0 }), turn);
    expect(sent).toHaveLength(40);
    expect(waiting).toHaveLength(1);
    open('gate');
    expect(sent.at(-1)).toMatchObject({ to: 'gate', kind: 'errand' });
    void behaviour.receive(message('question', question), turn);
    expect(other).toEqual(['question']);
  });
});
