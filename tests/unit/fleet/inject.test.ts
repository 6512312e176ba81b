import { describe, expect, it } from 'vitest';
import { parseFault } from '../../../src/fleet/fault.ts';
import { injectFault, type Breakable } from '../../../src/fleet/inject.ts';
import { createStory, type Story } from '../../../src/fleet/story.ts';
import type { Ward } from '../../../src/fleet/ward.ts';
import { createTestEnv, type TestEnv } from '../../harness/testEnv.ts';

const telemetry = (unsettled: number, resends: number) =>
  ({ inbox: 2, unsettled, memories: 10, bus: { resends } }) as unknown as Ward['telemetry'];

interface Stage {
  readonly env: TestEnv;
  readonly story: Story;
  readonly ward: Ward;
  readonly done: string[];
  readonly on: Breakable;
  readonly gate: { unsettled: number; resends: number };
  readonly questions: { answered: number; failed: number };
}

function stage(): Stage {
  const env = createTestEnv();
  const story = createStory(() => env.now());
  const done: string[] = [];
  const gate = { unsettled: 0, resends: 0 };
  const questions = { answered: 0, failed: 0 };
  let troubles = 0;
  const ward = {
    id: 1,
    charges: [],
    inc: 1,
    state: 'up',
    answers: 0,
    killedAtMs: null,
    beats: 0,
    pausedUntilMs: 0,
    telemetry: telemetry(0, 0),
    handle: {
      terminate: () => done.push('terminate'),
      pause: (ms: number) => done.push(`pause ${ms}`),
      links: { disturb: (...args: number[]) => done.push(`link ${args.join(' ')}`) },
    },
  } as unknown as Ward;
  const on: Breakable = {
    now: () => env.now(),
    after: (ms, fn) => void env.setTimer(ms, fn),
    story,
    wards: new Map([[1, ward]]),
    disturbProvider: (...args) => void done.push(`provider ${args.join(' ')}`),
    gateLinks: {
      disturb: (...args) => void done.push(`gate link ${args.join(' ')}`),
      cut: () => undefined,
      blow: () => undefined,
    },
    cut: (nodes, forMs) => void done.push(`cut ${nodes.join(' ')} for ${forMs}`),
    gateBus: () => gate,
    beginTrouble: () => {
      troubles++;
    },
    endTrouble: () => --troubles === 0,
    noteKill: () => void done.push('noted'),
    questions: () => questions,
    ledger: () => Promise.resolve({ lost: 0 } as never),
  };
  return { env, story, ward, done, on, gate, questions };
}
const told = (s: Stage): string[] => s.story.all().map((line) => `${Math.round(line.atMs)} ${line.text}`);

describe('a fault by hand', () => {
  it('kills without telling the supervisor', () => {
    const s = stage();
    expect(injectFault({ type: 'kill', node: 1 }, s.on)).toBe(null);
    expect(s.done).toEqual(['noted', 'terminate']);
    expect(s.ward.killedAtMs).toBe(0);
    expect(told(s)).toEqual(['0 Node 1 was killed with 2 messages in hand.']);
  });

  it('says why it cannot break what is not there or not up, and breaks nothing', () => {
    const s = stage();
    expect(injectFault({ type: 'kill', node: 9 }, s.on)).toBe('There is no node 9; nodes are 1 to 1.');
    s.ward.state = 'dead';
    expect(injectFault({ type: 'pause', node: 1, forMs: 10 }, s.on)).toContain('is not up (it is dead)');
    const link = { type: 'link', loss: 1, delayMs: 0, forMs: 10 } as const;
    expect(injectFault({ ...link, from: 0, to: 7 }, s.on)).toContain('There is no node 7');
    expect(injectFault({ ...link, from: 0, to: 0 }, s.on)).toContain('two ends');
    expect(s.done).toEqual([]);
    expect(told(s)).toEqual([]);
  });

  it('tells how long a paused node took to give a sign of life after its pause', async () => {
    const s = stage();
    injectFault({ type: 'pause', node: 1, forMs: 3_000 }, s.on);
    // What was on its way when the pause began is no sign of life.
    await s.env.advance(10);
    s.ward.beats++;
    await s.env.advance(3_200);
    s.ward.beats++;
    await s.env.advance(1_000);
    expect(told(s)[1]).toMatch(
      /^32\d\d Node 1 goes on after its pause and gave a sign of life after 2\d\d ms; 0 messages lost in this run\.$/,
    );
  });

  it('tells of a link when nothing is left to make up for, and how many resends that took', async () => {
    const s = stage();
    injectFault({ type: 'link', from: 1, to: 0, loss: 0.5, delayMs: 100, forMs: 1_000 }, s.on);
    expect(s.done).toEqual(['link 0 0.5 100 1000']);
    s.ward.telemetry = telemetry(4, 3);
    await s.env.advance(1_500);
    expect(told(s)).toHaveLength(1);
    s.ward.telemetry = telemetry(0, 5);
    await s.env.advance(200);
    expect(told(s)[1]).toMatch(
      /whole again and had nothing left to make up for after 5\d\d ms; 5 resends made up/,
    );
  });

  it('breaks the links of the gate too', () => {
    const s = stage();
    expect(injectFault({ type: 'link', from: 0, to: 1, loss: 1, delayMs: 0, forMs: 500 }, s.on)).toBe(null);
    expect(s.done).toEqual(['gate link 1 1 0 500']);
    expect(told(s)[0]).toContain('The link from the gate to node 1 loses 100 % of its frames');
  });

  it('heals the provider and counts what went without an answer', async () => {
    const s = stage();
    injectFault({ type: 'provider', slowdown: 4, failing: 0.5, forMs: 2_000 }, s.on);
    s.questions.failed = 3;
    await s.env.advance(2_300);
    s.questions.answered = 1;
    await s.env.advance(100);
    expect(s.done).toEqual(['provider 4 0.5', 'provider 1 0']);
    expect(told(s)[1]).toMatch(
      /answered again after [23]\d\d ms; 3 questions went without an answer meanwhile/,
    );
  });

  it('leaves the provider in trouble until the last of two troubles is over', async () => {
    const s = stage();
    injectFault({ type: 'provider', slowdown: 2, failing: 0, forMs: 1_000 }, s.on);
    injectFault({ type: 'provider', slowdown: 8, failing: 0, forMs: 3_000 }, s.on);
    await s.env.advance(2_000);
    expect(s.done).toEqual(['provider 2 0', 'provider 8 0']);
    await s.env.advance(2_000);
    expect(s.done.at(-1)).toBe('provider 1 0');
  });

  it('says so when something does not recover', async () => {
    const s = stage();
    injectFault({ type: 'provider', slowdown: 1, failing: 1, forMs: 100 }, s.on);
    await s.env.advance(70_000);
    expect(told(s)[1]).toContain('has not recovered within 60 s');
  });
});

describe('a fault from outside', () => {
  it('is taken when it is whole', () => {
    const fault = { type: 'link', from: 0, to: 3, loss: 0.2, delayMs: 50, forMs: 1_000 };
    expect(parseFault(fault)).toEqual({ ok: true, value: fault });
  });

  it('cuts the network in two, and refuses what is no partition', async () => {
    const s = stage();
    expect(injectFault({ type: 'partition', nodes: [1], forMs: 2_000 }, s.on)).toBe(null);
    expect(s.done).toEqual(['cut 1 for 2000']);
    await s.env.advance(2_000);
    expect(told(s)).toEqual([
      '0 The network is cut in two for 2.0 s: 1 node on one side, 1 on the other.',
      '2000 The two sides of the network are joined again; 0 messages of all links wait to be acknowledged.',
    ]);
    expect(injectFault({ type: 'partition', nodes: [7], forMs: 1 }, s.on)).toMatch(
      /^There is no node 7; nodes/,
    );
    expect(injectFault({ type: 'partition', nodes: [0, 1], forMs: 1 }, s.on)).toMatch(
      /^A partition has two sides/,
    );
  });

  it('is refused with path, rule and value', () => {
    for (const [fault, sentence] of [
      [{ type: 'burn' }, 'type must be one of kill, pause, link, partition, provider, got "burn"'],
      [null, 'type must be one of kill, pause, link, partition, provider, got undefined'],
      [{ type: 'kill', node: 1.5 }, 'node must be a whole number from 0 to 1000, got 1.5'],
      [{ type: 'kill', node: 1, hard: true }, 'hard is not a known key'],
      [
        { type: 'provider', slowdown: 0, failing: 2, forMs: 1 },
        'failing must be a number from 0 to 1, got 2',
      ],
    ] as const) {
      const parsed = parseFault(fault);
      expect(parsed.ok).toBe(false);
      expect(parsed.ok ? '' : parsed.error).toContain(sentence);
    }
  });
});
