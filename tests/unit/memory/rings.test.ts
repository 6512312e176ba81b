import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAgentMemory } from '../../../src/memory/agentMemory.ts';
import type { AgentMemory } from '../../../src/memory/agentMemoryTypes.ts';
import type { MemoryEvent } from '../../../src/memory/memoryEvent.ts';
import { memoryOptions } from '../../../src/memory/options.ts';
import { decay } from '../../../src/memory/ringPolicy.ts';
import { analyse } from '../../../src/memory/text.ts';
import { carryOutWishes } from '../../../src/memory/memoryTurn.ts';
import { agentCheckpoint, committedSeq, replayAgentLog } from '../../../src/agents/agentLog.ts';
import { holeText } from '../../../src/agents/hole.ts';
import { PlainMemories, saysTheSame } from '../../harness/plainMemory.ts';

const HOUR = 3_600_000;
const OPTIONS = {
  ...memoryOptions.fallback!(),
  rushBytesPerAgent: 65_536,
  rushShare: 0.006,
  coreShare: 0.003,
  coreRecalls: 2,
  halfLifeMs: HOUR,
  consolidationRate: 5,
};

type Step =
  | {
      readonly do: 'remember';
      readonly kind: 'archive' | 'exchange';
      readonly text: string;
      readonly importance: number;
    }
  | { readonly do: 'recall'; readonly seqs: readonly number[] }
  | { readonly do: 'supersede'; readonly seq: number; readonly text: string }
  | { readonly do: 'forget'; readonly seq: number }
  | { readonly do: 'consolidate' }
  | { readonly do: 'wait'; readonly ms: number };

const subject = fc.constantFrom('harvest', 'railway', 'treaty', 'navy', 'winter', 'tariff');
const text = fc.oneof(
  fc
    .tuple(subject, fc.integer({ min: 1, max: 3 }))
    .map(
      ([s, n]) =>
        `the ${s} of the northern provinces was settled by ${n} delegates in the old town hall by the river`,
    ),
  fc.array(subject, { minLength: 1, maxLength: 12 }).map((words) => words.join(' ')),
);
const seq = fc.integer({ min: 0, max: 30 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('remember' as const),
      kind: fc.constantFrom('exchange' as const, 'exchange' as const, 'archive' as const),
      text,
      importance: fc.constantFrom(0, 0, 0, 0.5, 1),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('recall' as const), seqs: fc.array(seq, { maxLength: 4 }) }),
  },
  fc.record({ do: fc.constant('supersede' as const), seq, text }),
  fc.record({ do: fc.constant('forget' as const), seq }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('consolidate' as const) }) },
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 3 * HOUR }) }),
);
const steps = fc.array(step, { maxLength: 60 });

interface Run {
  readonly memory: AgentMemory;
  readonly plain: PlainMemories;
  readonly log: readonly MemoryEvent[];
}

/** Runs steps on a memory and on a plain list, looks at the budgets after each, and gathers the log. */
function live(
  all: readonly Step[],
  made: AgentMemory = createAgentMemory(OPTIONS),
  plain = new PlainMemories(),
): Run {
  const log: MemoryEvent[] = [];
  let nowMs = 0;
  for (const s of all) {
    if (s.do === 'wait') nowMs += s.ms;
    const textOf = s.do === 'remember' || s.do === 'supersede' ? s.text : null;
    const draft =
      textOf === null
        ? null
        : {
            ...{
              kind: s.do === 'remember' ? s.kind : ('exchange' as const),
              text: textOf,
              speaker: '',
              date: '',
            },
            ...{
              ring: 'now',
              source: `s#${plain.all.length}`,
              atMs: nowMs,
              importance: s.do === 'remember' ? s.importance : 0,
            },
          };
    const superseded = s.do === 'supersede' ? s.seq : 0;
    const forgotten = s.do === 'forget' ? [s.seq] : [];
    const done = carryOutWishes(
      made,
      {
        drafts: draft ? [{ draft, supersedes: superseded }] : [],
        recalled: s.do === 'recall' ? [...s.seqs] : [],
        forgotten,
      },
      nowMs,
      s.do === 'consolidate',
    );
    expect(done.refused).toBeNull();
    if (draft) plain.remember(draft);
    for (const event of done.log) {
      if (event[0] === 'forgotten') for (const gone of event[1]) plain.all[gone - 1]!.forgotten = true;
      if (event[0] === 'superseded') plain.all[event[1] - 1]!.by = event[2] - 1;
    }
    log.push(...(structuredClone(done.log) as MemoryEvent[]));
    const bytesIn = (zone: string): number =>
      made
        .rings()
        .filter((r) => r.zone === zone)
        .reduce((n, r) => n + r.bytes, 0);
    expect(bytesIn('rush')).toBeLessThanOrEqual(OPTIONS.rushBytesPerAgent * OPTIONS.rushShare);
    expect(bytesIn('core')).toBeLessThanOrEqual(OPTIONS.rushBytesPerAgent * OPTIONS.coreShare);
    expect(made.bytes).toBeLessThanOrEqual(OPTIONS.rushBytesPerAgent);
  }
  return { memory: made, plain, log };
}

/** All that can be seen of a memory. */
function seen(memory: AgentMemory): unknown {
  const terms = memory.localWeights(analyse('the harvest railway treaty navy winter tariff delegates'));
  return {
    rings: memory.rings(),
    records: Array.from({ length: memory.size }, (_, i) => memory.get(i + 1)),
    recalled: memory.recall(terms, 50, { stale: true }),
    fingerprint: memory.fingerprint(memory.size),
    sizes: [memory.size, memory.live],
  };
}

function losesNothing({ memory, plain }: Run): void {
  expect(memory.size).toBe(plain.all.length);
  for (const { seq: n, memory: kept } of plain.kept) {
    const record = memory.get(n);
    expect(record, `memory ${n}`).toBeDefined();
    // A merged memory is told by the one that stands for it.
    if (record!.seq === n) expect(record).toMatchObject(kept.draft);
    else expect(saysTheSame(record!.text, kept.draft.text)).toBe(true);
  }
  expect(memory.rings().reduce((n, r) => n + r.count + r.merged, 0)).toBe(plain.kept.length);
}

describe('the life of memories in their rings', () => {
  it('loses none by consolidation and keeps every budget at all times', () => {
    fc.assert(
      fc.property(steps, (all) => losesNothing(live(all))),
      { numRuns: 150 },
    );
  });

  it('is the same again when its log is replayed, when a checkpoint is, and when life goes on from either', () => {
    fc.assert(
      fc.property(steps, steps, (before, after) => {
        const { memory, log } = live(before);
        const texts = log.map((event) => JSON.stringify(event));
        const replayed = createAgentMemory(OPTIONS);
        replayAgentLog(replayed, texts);
        expect(seen(replayed)).toEqual(seen(memory));
        const packed = createAgentMemory(OPTIONS);
        expect(replayAgentLog(packed, agentCheckpoint(memory, 'corpus')).planted).toBe('corpus');
        expect(seen(packed)).toEqual(seen(memory));
        expect(Math.max(0, ...agentCheckpoint(memory, null).map(committedSeq))).toBe(memory.size);
        const go = (m: AgentMemory): unknown => {
          let n = 0;
          for (const s of after)
            if (s.do === 'recall') m.noteRecalled(s.seqs, 5 * HOUR + n++);
            else if (s.do === 'consolidate') m.consolidate(5 * HOUR + n++);
          return seen(m);
        };
        const continued = go(memory);
        expect(go(replayed)).toEqual(continued);
        expect(go(packed)).toEqual(continued);
      }),
      { numRuns: 100 },
    );
  });

  it('after damage gives back every memory whose entry is left, and its checkpoint is whole again', () => {
    fc.assert(
      fc.property(
        steps,
        steps,
        fc.boolean(),
        fc.infiniteStream(fc.boolean()),
        (first, then, isBack, lost) => {
          const { memory, plain, log } = live(first);
          const old = log.map((event) => JSON.stringify(event));
          const checkpoint = agentCheckpoint(memory, null);
          const later = live(then, memory, plain).log.map((event) => JSON.stringify(event));
          // A lost segment may have held what replaced the old log: then that is back, wholly or in part.
          const whole = [...(isBack ? old : []), ...checkpoint, ...later];
          const left = whole.filter(() => lost.next().value !== true);
          const damaged = createAgentMemory(OPTIONS);
          expect(replayAgentLog(damaged, [...left, holeText('agent/a000', 1)]).holed).toBe(true);
          const events = left.map((text) => JSON.parse(text) as MemoryEvent);
          // What the log itself ends: forgotten, or told by another memory since.
          const ended = new Set<number>();
          for (const e of events) {
            if (e[0] === 'forgotten') for (const n of e[1]) ended.add(n);
            if (e[0] === 'gone') ended.add(e[1]);
            if (e[0] === 'moved') for (const [n, to] of e[1]) if (to === 'merged') ended.add(n);
            if (e[0] === 'lives')
              e[1].forEach(({ zone }, i) => {
                if (zone === 'merged' || zone === 'forgotten') ended.add(i + 1);
              });
          }
          for (const e of events)
            if ((e[0] === 'memory' || e[0] === 'kept') && !ended.has(e[1].seq))
              expect(damaged.get(e[1].seq)?.text, `memory ${e[1].seq}`).toBe(e[1].text);
          const again = createAgentMemory(OPTIONS);
          replayAgentLog(again, agentCheckpoint(damaged, null));
          expect(seen(again)).toEqual(seen(damaged));
        },
      ),
      { numRuns: 100 },
    );
  });

  it('the two claims above fail for a consolidation that drops what it moves, and for a log without its moves', () => {
    const dropping = createAgentMemory(OPTIONS);
    const mutant: AgentMemory = Object.create(dropping, {
      consolidate: {
        value: (nowMs: number) => {
          dropping.consolidate(nowMs);
          dropping.forget(dropping.size);
        },
      },
    }) as AgentMemory;
    const remember = (s: string): Step => ({ do: 'remember', kind: 'exchange', text: s, importance: 0 });
    const all: Step[] = [
      ...['harvest', 'navy'].map(remember),
      { do: 'recall', seqs: [1, 1] },
      { do: 'wait', ms: HOUR },
      { do: 'consolidate' },
    ];
    expect(() => losesNothing(live(all, mutant))).toThrow();
    const { memory, log } = live(all);
    const halved = createAgentMemory(OPTIONS);
    for (const event of log) if (event[0] !== 'moved') halved.replay(event);
    expect(seen(halved)).not.toEqual(seen(memory));
  });

  it('promotes what is recalled often, and lets it go when its recalls have faded', () => {
    const { memory } = live([{ do: 'remember', kind: 'exchange', text: 'harvest', importance: 0 }]);
    const zone = (): string => memory.rings().find((r) => r.count > 0)!.zone;
    memory.noteRecalled([1], 0);
    expect(zone()).toBe('rush');
    memory.noteRecalled([1], HOUR / 10);
    expect(zone()).toBe('core');
    // 1.93 recalls are left at HOUR / 10: below 1 after one half-life.
    memory.consolidate(HOUR / 10 + 0.9 * HOUR);
    expect(zone()).toBe('core');
    memory.consolidate(HOUR / 10 + HOUR);
    expect(zone()).toBe('growth');
    expect([decay(0, 5), decay(5, 5), decay(10, 5), decay(-5, 5)]).toEqual([1, 0.5, 0.25, 1]);
  });

  it('merges what says the same, and not what has another number or a not in it', () => {
    const said = (n: string, not = ''): Step => ({
      ...{ do: 'remember', kind: 'exchange', importance: 0 },
      text: `on the last day of the harvest the elders of the village did${not} agree upon ${n} measures of grain for the mill`,
    });
    const { memory } = live([
      said('3'),
      said('3'),
      said('4'),
      said('3', ' not'),
      { do: 'wait', ms: 9 * HOUR },
      { do: 'consolidate' },
    ]);
    expect(memory.live).toBe(3);
    expect(memory.get(2)!.seq).toBe(1);
    expect(memory.rings().find((r) => r.label === 'now')).toMatchObject({ count: 3, merged: 1 });
  });

  it('recalls the fresh instead of the stale, and shows the stale, marked, when asked', () => {
    const { memory } = live([
      { do: 'remember', kind: 'exchange', text: 'the railway ends in winter', importance: 0 },
      { do: 'supersede', seq: 1, text: 'the line was built on to the navy yard' },
    ]);
    const terms = memory.localWeights(analyse('railway winter'));
    expect(memory.recall(terms, 5).map((h) => h.record.seq)).toEqual([2]);
    expect(memory.recall(terms, 5, { stale: true }).map((h) => [h.record.seq, h.staleBy])).toEqual([
      [2, undefined],
      [1, 2],
    ]);
    expect(memory.rings().find((r) => r.zone === 'rush')).toMatchObject({ count: 2, stale: 1 });
    memory.forget(2);
    expect(memory.recall(terms, 5).map((h) => h.record.seq)).toEqual([1]);
  });

  it('forgetting leaves nothing of a text: in recall, in the rings, in a checkpoint', () => {
    const { memory } = live(
      ['the secret zeppelin', 'harvest'].map((t) => ({
        do: 'remember',
        kind: 'archive',
        text: t,
        importance: 0,
      })),
    );
    const print = memory.fingerprint(2);
    expect(memory.forget(1)).toEqual([1]);
    expect(memory.recall([{ term: 'zeppelin', weight: 1 }], 5)).toEqual([]);
    expect(memory.get(1)).toBeUndefined();
    expect(JSON.stringify([agentCheckpoint(memory, null), memory.rings(), memory.recent(9)])).not.toMatch(
      /zeppelin|s#0/,
    );
    expect(memory.fingerprint(2)).toBe(print);
    expect(memory.forget(1)).toEqual([]);
  });
});
