import { describe, expect, it } from 'vitest';
import { createGate, type Gate } from '../../../src/agents/gate.ts';
import type { ErrandBody } from '../../../src/agents/errand.ts';
import type { AnswerBody, QuestionBody } from '../../../src/agents/protocol.ts';
import { agentId } from '../../../src/kernel/ids.ts';
import { createTestEnv, type TestEnv } from '../../harness/testEnv.ts';

const answerTo = (q: QuestionBody, sources: readonly string[] = [], ok = true): AnswerBody => ({
  id: q.id,
  ok,
  text: 'so it was said',
  rateLimited: false,
  cached: false,
  citations: sources.map((source, i) => ({
    index: i + 1,
    agent: 'a000',
    speaker: '',
    date: '',
    ring: '',
    source,
    text: '',
  })),
  asked: [],
  legs: [],
});

function gateWith(
  reply: (q: QuestionBody) => void,
  env: TestEnv = createTestEnv(),
  errandsPerS = 0,
): { gate: Gate; env: TestEnv } {
  const gate = createGate(env, {
    agents: [0, 1, 2].map(agentId),
    deadlineMs: 1_000,
    zipf: 1,
    run: 'run',
    send(_to, kind, body) {
      if (kind === 'question') reply(body as QuestionBody);
      else errands.push(body as ErrandBody);
      return takes;
    },
    errandHops: 3,
    errandsPerS,
    onEnd: () => undefined,
    onSlept: (ms) => slept.push(ms),
  });
  gate.addKnownItems(
    Array.from({ length: 50 }, (_, i) => ({ query: `what about ${i}?`, source: `doc#${i}` })),
  );
  return { gate, env };
}
const slept: number[] = [];
const errands: ErrandBody[] = [];
/** Whether the gate's links take what it sends. */
let takes = true;
const deliver = (gate: Gate, body: AnswerBody): void =>
  void gate.behaviour.receive({ from: 'a000', to: 'gate', kind: 'answer', hlc: 0, body }, null as never);

describe('the gate', () => {
  it('asks at the rate it is told, open loop: unanswered questions hold nothing back', async () => {
    const { gate, env } = gateWith(() => undefined);
    gate.setRate(100);
    await env.advance(20_000);
    // Poisson: 2,000 expected, standard deviation 45.
    expect(gate.total.asked).toBeGreaterThan(1_800);
    expect(gate.total.asked).toBeLessThan(2_200);
    gate.setRate(0);
    const { asked } = gate.total;
    await env.advance(5_000);
    expect(gate.total.asked).toBe(asked);
  });

  it('measures from the intended time, also when it was itself held up', async () => {
    const late: number[] = [];
    const env = createTestEnv();
    const slow: TestEnv = { ...env, setTimer: (ms, fn) => env.setTimer(ms + 300, fn) };
    const { gate } = gateWith((q) => late.push(env.now() - q.intendedAtMs), slow);
    gate.setRate(10);
    await env.advance(10_000);
    expect(late.length).toBeGreaterThan(50);
    expect(Math.max(...late)).toBeGreaterThan(299);
  });

  it('judges each known item once, by its source among the citations of its first answer', async () => {
    const first = new Map<string, boolean>();
    let n = 0;
    const { gate, env } = gateWith((q) => {
      const right = n++ % 2 === 0;
      if (!first.has(q.text)) first.set(q.text, right);
      const source = `doc#${/\d+/.exec(q.text)![0]}`;
      env.setTimer(50, () => deliver(gate, answerTo(q, [right ? source : 'doc#other'])));
    });
    gate.setRate(20);
    await env.advance(10_000);
    gate.setRate(0);
    await env.advance(100);
    expect(gate.total.asked).toBeGreaterThan(first.size);
    expect(gate.total.judged).toBe(first.size);
    expect(gate.total.found).toBe([...first.values()].filter((right) => right).length);
    expect(gate.responses.count).toBe(gate.total.asked);
    expect(gate.responses.quantile(0.5)).toBeCloseTo(50, 0);
  });

  it('counts a question without an answer as failed at its deadline, once, and an answer after that as nothing', async () => {
    const asked: QuestionBody[] = [];
    const { gate, env } = gateWith((q) => asked.push(q));
    const id = gate.ask('is anybody there?');
    await env.advance(2_000);
    expect(gate.total).toMatchObject({ asked: 1, answered: 0, failed: 1, judged: 0 });
    deliver(gate, answerTo(asked[0]!));
    expect(gate.total).toMatchObject({ answered: 0, failed: 1, carriedOver: 0 });
    expect(gate.recent().find((i) => i.id === id)).toMatchObject({ state: 'failed', byVisitor: true });
  });

  it('counts a quick failure as slow: a refusal is no fast answer', async () => {
    const { gate, env } = gateWith((q) => {
      env.setTimer(5, () => deliver(gate, answerTo(q, [], false)));
    });
    gate.ask('why?');
    await env.advance(100);
    expect(gate.total).toMatchObject({ answered: 0, failed: 1 });
    expect(gate.responses.quantile(0.5)).toBeGreaterThanOrEqual(990);
  });

  it('puts no heap of questions after the machine slept, and says so', async () => {
    const env = createTestEnv();
    let asleepMs = 0;
    const sleepy: TestEnv = { ...env, now: () => env.now() + asleepMs };
    const { gate } = gateWith(() => undefined, sleepy);
    gate.setRate(10);
    await env.advance(1_000);
    const before = gate.total.asked;
    asleepMs = 3_600_000;
    slept.length = 0;
    await env.advance(1_000);
    expect(gate.total.asked - before).toBeLessThan(40);
    expect(slept).toHaveLength(1);
  });

  it('sends nobody to agents that are gone', async () => {
    const asked: string[] = [];
    const env = createTestEnv();
    const gate = createGate(env, {
      agents: [0, 1, 2].map(agentId),
      deadlineMs: 1_000,
      zipf: 1,
      run: 'run',
      send: (to) => asked.push(to) > 0,
      errandHops: 3,
      errandsPerS: 0,
      onEnd: () => undefined,
      onSlept: () => undefined,
    });
    gate.withdraw([agentId(1)]);
    for (let i = 0; i < 50; i++) gate.ask('who?');
    expect(new Set(asked)).toEqual(new Set(['a000', 'a002']));
  });

  it('fails a question at once that the link to its agent does not take, with a sentence, and counts it', async () => {
    const { gate, env } = gateWith(() => undefined);
    takes = false;
    gate.ask('who?');
    takes = true;
    expect(gate.total).toMatchObject({ asked: 1, failed: 1, refused: 1 });
    expect(gate.recent()[0]).toMatchObject({ state: 'failed', answer: { ok: false } });
    expect(gate.recent()[0]?.answer?.text).toMatch(/takes no more messages at the moment/);
    // It counts as slow as one that took its whole time.
    expect(gate.responses.quantile(0.5)).toBeGreaterThan(950);
    await env.advance(5_000);
    expect(gate.total.failed).toBe(1);
    expect(gate.travelling).toBe(0);
  });

  it('puts errands at their rate, and knows which came home, which are away, and which came twice', async () => {
    const { gate, env } = gateWith(() => undefined, createTestEnv(), 50);
    const home = (body: ErrandBody): void =>
      void gate.behaviour.receive({ from: 'a000', to: 'gate', kind: 'errand', hlc: 0, body }, null as never);
    errands.length = 0;
    gate.setRate(1);
    await env.advance(2_000);
    gate.setRate(0);
    await env.advance(2_000);
    expect(errands.length).toBeGreaterThan(60);
    expect(errands.length).toBeLessThan(150);
    expect(errands[0]).toEqual({ run: 'run', n: 1, hops: 3 });
    expect(new Set(errands.map((e) => e.n)).size).toBe(errands.length);
    for (const errand of errands.slice(1)) home(errand);
    expect(gate.errands).toMatchObject({ put: errands.length, home: errands.length - 1, away: 1, twice: 0 });
    home(errands[1]!);
    home({ ...errands[0]!, run: 'an earlier one' });
    expect(gate.errands).toMatchObject({ away: 1, twice: 1 });
    takes = false;
    gate.setRate(1);
    await env.advance(500);
    takes = true;
    expect(gate.errands.put).toBe(errands.length - gate.errands.refused);
    expect(gate.errands.refused).toBeGreaterThan(5);
  });

  it('knows answers of an earlier visit for what they are', () => {
    const { gate } = gateWith(() => undefined);
    deliver(gate, { ...answerTo({ id: 'x', text: '', intendedAtMs: 0, deadlineAtMs: 0 }), id: 'before-7' });
    expect(gate.total).toMatchObject({ answered: 0, carriedOver: 1 });
  });

  it('keeps the visitor in view while automatic questions make room', async () => {
    const { gate, env } = gateWith(() => undefined);
    const mine = gate.ask('mine');
    gate.setRate(100);
    await env.advance(2_000);
    expect(gate.recent().length).toBe(20);
    expect(gate.recent().some((i) => i.id === mine)).toBe(true);
  });

  it('asks popular questions more often (Zipf)', async () => {
    const counts = new Map<string, number>();
    const { gate, env } = gateWith((q) => counts.set(q.text, (counts.get(q.text) ?? 0) + 1));
    gate.setRate(200);
    await env.advance(20_000);
    const sorted = [...counts.values()].sort((a, b) => b - a);
    const all = sorted.reduce((a, b) => a + b);
    // With exponent 1 over 50 items the first has 1 / H(50) = 22 % of all.
    expect(sorted[0]! / all).toBeGreaterThan(0.18);
    expect(sorted[0]! / all).toBeLessThan(0.27);
  });
});
