import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { consolidateWhenIdle } from '../../../src/agents/idleConsolidation.ts';
import { createAgentLogs } from '../../../src/agents/agentLogs.ts';
import { createRingReporter } from '../../../src/agents/ringTelemetry.ts';
import { createRingAccounts } from '../../../src/fleet/ringAccounts.ts';
import { Histogram } from '../../../src/metrics/histogram.ts';
import { createRegistry } from '../../../src/metrics/registry.ts';
import { expose } from '../../../src/metrics/exposition.ts';
import type { Resident } from '../../../src/agents/nodeTypes.ts';
import { agentId } from '../../../src/kernel/ids.ts';
import { createAgentMemory } from '../../../src/memory/agentMemory.ts';
import type { AgentMemory } from '../../../src/memory/agentMemoryTypes.ts';
import type { MemoryEvent } from '../../../src/memory/memoryEvent.ts';
import type { JournalPort } from '../../../src/memory/journal.ts';
import { memoryOptions, type MemoryOptions } from '../../../src/memory/options.ts';
import { sessionRing } from '../../../src/memory/ringSession.ts';
import { parseExposition } from '../../harness/prometheusParser.ts';
import { createTestEnv } from '../../harness/testEnv.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const withOptions = (given: Partial<MemoryOptions>): MemoryOptions => ({
  ...memoryOptions.fallback!(),
  ...given,
});
const draft = (text: string, atMs: number, importance = 0) => ({
  kind: 'exchange' as const,
  ...{ text, atMs, importance, speaker: '', date: '', ring: 'now', source: '' },
});
/** A memory of `n` different exchanges at time 0. */
function filled(options: MemoryOptions, n: number, importance = 0): AgentMemory {
  const memory = createAgentMemory(options);
  for (let i = 0; i < n; i++)
    memory.remember(draft(`word${i} alone stands number ${i * 7} here`, 0, importance));
  memory.takeMoves();
  return memory;
}
const zones = (memory: AgentMemory): Record<string, number> =>
  Object.fromEntries(memory.ringTotals().zones.map(({ zone, count }) => [zone, count]));

describe('policies by ring', () => {
  it('no more leave a ring in one consolidation than its own rate lets, whatever the others do', () => {
    fc.assert(
      fc.property(
        fc.nat(8),
        fc.nat(8),
        fc.nat(8),
        fc.integer({ min: 1, max: 12 }),
        (rush, growth, core, all) => {
          const memory = filled(
            withOptions({
              rushRate: rush,
              growthRate: growth,
              coreRate: core,
              consolidationRate: all,
              coreRecalls: 1,
            }),
            12,
          );
          const left = { rush: 0, growth: 0, core: 0 };
          for (let day = 1; day < 6; day++) {
            if (day === 2) memory.noteRecalled([1, 2, 3], day * DAY);
            memory.takeMoves();
            const before = memory.ringTotals().moves;
            memory.consolidate(day * 3 * DAY);
            for (const [from, to, count] of memory.ringTotals().moves)
              left[from] += count - (before.find((m) => m[0] === from && m[1] === to)?.[2] ?? 0);
            expect(left.rush).toBeLessThanOrEqual(rush);
            expect(left.growth).toBeLessThanOrEqual(growth);
            expect(left.core).toBeLessThanOrEqual(core);
            expect(left.rush + left.growth + left.core).toBeLessThanOrEqual(all);
            left.rush = left.growth = left.core = 0;
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('growth rings take no more than their share: what is cold stays in rush memory, and then is refused in a sentence', () => {
    const text = 'x'.repeat(100);
    const options = withOptions({
      rushBytesPerAgent: 65_536,
      rushShare: 1_000 / 65_536,
      growthShare: 500 / 65_536,
    });
    const memory = createAgentMemory(options);
    const refused: string[] = [];
    for (let i = 0; i < 10; i++) {
      const r = memory.remember(draft('abcdefghij'.charAt(i).repeat(100), i * DAY));
      if (!r.ok) refused.push(r.error.message);
      memory.consolidate(i * DAY);
      for (const { zone, bytes } of memory.ringTotals().zones)
        expect(bytes, zone).toBeLessThanOrEqual(zone === 'rush' ? 1_000 : zone === 'growth' ? 500 : 65_536);
    }
    // Two of 200 bytes in the growth rings, five in rush memory.
    expect(zones(memory)).toEqual({ rush: 5, growth: 2, core: 0 });
    expect(refused).toHaveLength(3);
    expect(refused[0]).toMatch(/growth rings are full.*Raise memory\.growthShare/);
    const archived = memory.remember({ ...draft(text + text, 0), kind: 'archive' });
    expect(archived.ok).toBe(false);
  });

  it('tells how many memories and bytes are in each ring, as a count over all of them does', () => {
    const memory = filled(withOptions({ coreRecalls: 1 }), 9);
    memory.noteRecalled([2, 2, 4], 1);
    memory.consolidate(2 * DAY);
    const views = memory.rings();
    for (const { zone, count, bytes } of memory.ringTotals().zones) {
      const own = views.filter((v) => v.zone === zone);
      expect(count).toBe(own.reduce((sum, v) => sum + v.count, 0));
      expect(bytes).toBe(own.reduce((sum, v) => sum + v.bytes, 0));
    }
    expect(
      memory
        .recentMoves()
        .map((m) => [m.seq, m.from, m.to])
        .slice(-2),
    ).toEqual([
      [4, 'rush', 'core'],
      [2, 'rush', 'core'],
    ]);
  });
});

describe('rings by session', () => {
  it('a gap longer than asked for, or a clock that stepped back, begins the next session', () => {
    expect(sessionRing(null, 0, HOUR)).toBe('session 1');
    expect(sessionRing({ ring: 'session 4', atMs: 0 }, HOUR, HOUR)).toBe('session 4');
    expect(sessionRing({ ring: 'session 4', atMs: 0 }, HOUR + 1, HOUR)).toBe('session 5');
    expect(sessionRing({ ring: 'session 4', atMs: 10 }, 9, HOUR)).toBe('session 5');
    expect(sessionRing({ ring: '1862', atMs: 10 }, 20, HOUR)).toBe('session 1');
  });

  it('the log and the checkpoint give the same sessions again, also when memories were forgotten and life goes on', () => {
    const options = withOptions({ epoch: 'session', sessionGapMs: HOUR });
    fc.assert(
      fc.property(
        fc.array(fc.record({ ms: fc.nat(2 * HOUR), forget: fc.boolean() }), { maxLength: 25 }),
        fc.nat(2 * HOUR),
        (steps, laterMs) => {
          const memory = createAgentMemory(options);
          const log: MemoryEvent[] = [];
          let nowMs = 0;
          steps.forEach(({ ms, forget }, i) => {
            nowMs += ms;
            const r = memory.remember(draft(`note ${i} of the day`, nowMs));
            if (!r.ok) throw new Error('full');
            log.push(['memory', r.value]);
            if (forget) log.push(['forgotten', memory.forget(r.value.seq)]);
          });
          const ringOf = (events: readonly MemoryEvent[]): string => {
            const again = createAgentMemory(options);
            for (const event of events) again.replay(event);
            const r = again.remember(draft('one more', nowMs + laterMs));
            return r.ok ? r.value.ring : '';
          };
          const fromLog = ringOf(log);
          const fromCheckpoint = ringOf(memory.checkpoint());
          const living = memory.remember(draft('one more', nowMs + laterMs));
          expect([fromLog, fromCheckpoint]).toEqual(Array(2).fill(living.ok ? living.value.ring : ''));
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('a memory that no turn touches', () => {
  const journal = {} as JournalPort;

  it('consolidates by itself, once in consolidateMs, and writes what moved after what was planted; nothing when nothing is due', async () => {
    const env = createTestEnv();
    const idle = filled(withOptions({}), 5);
    const untouched = createAgentMemory(withOptions({}));
    untouched.remember({ ...draft('an archived passage', 0), kind: 'archive' });
    const residents = [idle, untouched].map(
      (memory, i) => ({ id: agentId(i), memory }) as unknown as Resident,
    );
    const written: string[] = [];
    const logs = createAgentLogs(env, journal, HOUR, residents, () => undefined);
    let closed = false;
    consolidateWhenIdle(
      env,
      residents,
      HOUR,
      {
        agentLogs: logs,
        save: (r) => void written.push(`planted ${r.id}`),
        append: (_, more) => void written.push(...more.map((e) => `${e.owner} ${e.text}`)),
      },
      () => closed,
    );
    await env.advance(20 * HOUR);
    expect(written).toEqual([]);
    expect(zones(idle)).toEqual({ rush: 5, growth: 0, core: 0 });
    await env.advance(8 * HOUR);
    expect(zones(idle)).toEqual({ rush: 0, growth: 5, core: 0 });
    expect(written).toHaveLength(2);
    expect(written[0]).toBe(`planted ${agentId(0)}`);
    expect(written[1]).toContain('"moved"');
    closed = true;
    await env.advance(3 * HOUR);
    expect(env.pending()).toBe(0);
  });
});

describe('the metrics of rings', () => {
  it('a report adds up what all agents of a node hold and did since the last one, whoever of them did nothing', () => {
    const step = fc.record({
      agent: fc.nat(2),
      what: fc.constantFrom('remember', 'use', 'forget', 'consolidate', 'report'),
      seq: fc.integer({ min: 1, max: 6 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const options = withOptions({ coreRecalls: 1 });
        const memories = [0, 1, 2].map((n) => filled(options, n));
        const reporter = createRingReporter(memories);
        const told = new Map<string, number>();
        const tell = (key: string, n: number): void => void told.set(key, (told.get(key) ?? 0) + n);
        let day = 0;
        for (const { agent, what, seq } of [...steps, { agent: 0, what: 'report', seq: 1 }]) {
          const memory = memories[agent]!;
          if (what === 'remember') memory.remember(draft(`said on day ${++day}, ${seq} times`, day * DAY));
          else if (what === 'use') memory.noteRecalled([seq], day * DAY);
          else if (what === 'forget') memory.forget(seq);
          else if (what === 'consolidate') memory.consolidate((day += 2) * DAY);
          else {
            const report = reporter.take();
            const views = memories.flatMap((m) => m.rings());
            for (const { zone, count, bytes, hits } of report.zones) {
              const own = views.filter((v) => v.zone === zone);
              expect(count).toBe(own.reduce((sum, v) => sum + v.count, 0));
              expect(bytes).toBe(own.reduce((sum, v) => sum + v.bytes, 0));
              tell(zone, hits);
            }
            for (const [from, to, count] of report.moves) tell(`${from} ${to}`, count);
          }
        }
        for (const zone of ['rush', 'growth', 'core'] as const) {
          const hits = memories.map((m) => m.ringTotals().zones.find((z) => z.zone === zone)!.hits);
          expect(told.get(zone)).toBe(hits.reduce((sum, n) => sum + n, 0));
        }
        const moves = memories.flatMap((m) => m.ringTotals().moves);
        for (const [from, to] of moves)
          expect(told.get(`${from} ${to}`)).toBe(
            moves.filter((m) => m[0] === from && m[1] === to).reduce((sum, m) => sum + m[2], 0),
          );
      }),
    );
  });

  it('add up over nodes and reports: counts and bytes of now, hits, moves and times of all', () => {
    const memories = [filled(withOptions({ coreRecalls: 1 }), 4), filled(withOptions({}), 3)];
    const reporters = memories.map((memory) => createRingReporter([memory]));
    const rush = new Histogram().toState();
    const accounts = createRingAccounts();
    const report = (): void =>
      reporters.forEach((r, node) => accounts.hear(node + 1, { rush, rings: r.take() }));
    report();
    memories[0]!.noteRecalled([1], 10);
    reporters[0]!.accessed(0.4, new Set(['rush', 'core']));
    report();
    memories[1]!.consolidate(3 * DAY);
    report();
    report();
    const figures = (): Record<string, number> => {
      const registry = createRegistry();
      accounts.register(registry);
      return Object.fromEntries(
        parseExposition(expose(registry.state())).flatMap((f) =>
          f.samples.map((s) => [`${s.name} ${Object.values(s.labels).join(' ')}`, s.value]),
        ),
      );
    };
    expect(figures()).toMatchObject({
      'treering_ring_memories rush': 3,
      'treering_ring_memories growth': 3,
      'treering_ring_memories core': 1,
      'treering_ring_hits_total rush': 1,
      'treering_ring_moves_total rush core': 1,
      'treering_ring_moves_total rush growth': 3,
      'treering_ring_access_ms_count rush': 1,
      'treering_ring_access_ms_count core': 1,
      'treering_ring_access_ms_count growth': 0,
    });
    accounts.forget(1);
    expect(figures()).toMatchObject({ 'treering_ring_memories core': 0, 'treering_ring_hits_total rush': 1 });
  });
});
