import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AssertionError } from '../../../src/kernel/assert.ts';
import { createRng } from '../../../src/kernel/rng.ts';
import { createAgentMemory } from '../../../src/memory/agentMemory.ts';
import type { AgentMemory } from '../../../src/memory/agentMemoryTypes.ts';
import { mayKnow } from '../../../src/memory/termSummary.ts';
import { memoryOptions } from '../../../src/memory/options.ts';
import type { MemoryDraft, MemoryRecord } from '../../../src/memory/record.ts';
import { analyse, words } from '../../../src/memory/text.ts';

const OPTIONS = { ...memoryOptions.fallback!(), rushBytesPerAgent: 1_000_000, coreRecalls: 2 };

const sentence = fc.array(
  fc.constantFrom(
    'harvest',
    'railway',
    'treaty',
    'commerce',
    'navy',
    'tariff',
    'frontier',
    'winter',
    'the',
    'of',
  ),
  { minLength: 1, maxLength: 30 },
);
const draft: fc.Arbitrary<MemoryDraft> = fc.record({
  kind: fc.constantFrom('archive' as const, 'exchange' as const),
  text: sentence.map((w) => w.join(' ')),
  speaker: fc.constantFrom('', 'Abraham Lincoln', 'James Polk'),
  date: fc.constantFrom('', '1862', '1862-12-01', '1846'),
  ring: fc.constantFrom('1862', '1846', 'Notes'),
  source: fc.integer({ min: 0, max: 99 }).map((i) => `doc#${i}`),
  atMs: fc.nat(),
});
const anyText = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((u) => String.fromCharCode(u)) });

const base: MemoryDraft = {
  kind: 'archive',
  text: '',
  speaker: '',
  date: '',
  ring: 'r',
  source: 's#0',
  atMs: 0,
};

function filled(drafts: readonly MemoryDraft[]): { memory: AgentMemory; records: MemoryRecord[] } {
  const memory = createAgentMemory(OPTIONS);
  const records = drafts.map((d) => {
    const r = memory.remember(d);
    if (!r.ok) throw new Error(r.error.message);
    return r.value;
  });
  return { memory, records };
}

describe("an agent's memory", () => {
  it('gives back every record as it was remembered, of any text whatever', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(draft, anyText)), (pairs) => {
        const drafts = pairs.map(([d, text], i): MemoryDraft => (i % 2 === 0 ? d : { ...d, text }));
        const { memory, records } = filled(drafts);
        expect(records).toEqual(drafts.map((d, i) => ({ ...d, seq: i + 1 })));
        expect(records.map((r) => memory.get(r.seq))).toEqual(records);
        expect(memory.recent(3)).toEqual(records.slice(-3));
        expect(memory.size).toBe(drafts.length);
        expect(memory.get(0)).toBeUndefined();
        expect(memory.get(drafts.length + 1)).toBeUndefined();
      }),
    );
  });

  it('is the same after a recovery: what is recalled, known and fingerprinted', () => {
    fc.assert(
      fc.property(fc.array(draft, { maxLength: 30 }), sentence, (drafts, asked) => {
        const { memory, records } = filled(drafts);
        const restored = createAgentMemory(OPTIONS);
        for (const record of structuredClone(records)) expect(restored.restore(record).ok).toBe(true);
        const terms = memory.localWeights(analyse(asked.join(' ')));
        expect(restored.localWeights(analyse(asked.join(' ')))).toEqual(terms);
        expect(restored.recall(terms, 5)).toEqual(memory.recall(terms, 5));
        expect(restored.summary()).toEqual(memory.summary());
        expect(restored.bytes).toBe(memory.bytes);
        for (let seq = 0; seq <= records.length; seq++)
          expect(restored.fingerprint(seq)).toBe(memory.fingerprint(seq));
      }),
    );
  });

  it('has another fingerprint from the first record on that was lost or changed', () => {
    fc.assert(
      fc.property(fc.array(draft, { minLength: 1, maxLength: 12 }), fc.nat(), (drafts, which) => {
        const at = which % drafts.length;
        const { memory } = filled(drafts);
        const changed = filled(drafts.map((d, i) => (i === at ? { ...d, text: `${d.text}!` } : d))).memory;
        for (let seq = 0; seq <= drafts.length; seq++)
          expect(changed.fingerprint(seq) === memory.fingerprint(seq)).toBe(seq <= at);
      }),
    );
  });

  it('throws at a hole or a repeat in what it is to restore, and beyond its end', () => {
    const { memory, records } = filled([base, base]);
    expect(() => memory.restore(records[1]!)).toThrow(AssertionError);
    expect(() => memory.restore({ ...base, seq: 4 })).toThrow(AssertionError);
    expect(() => memory.fingerprint(3)).toThrow(AssertionError);
  });

  it('finds records by their speaker, year and month too', () => {
    const { memory } = filled([
      { ...base, text: 'on the harvest', speaker: 'James Polk', date: '1846-12-08' },
      { ...base, text: 'on the navy', speaker: 'Abraham Lincoln', date: '1862' },
    ]);
    const first = (query: string): number | undefined =>
      memory.recall(memory.localWeights(analyse(query)), 1)[0]?.record.seq;
    expect([first('What did Lincoln say?'), first('in 1846'), first('in December')]).toEqual([2, 1, 1]);
  });

  it('recalls one kind only when asked to', () => {
    const { memory } = filled([
      { ...base, text: 'harvest' },
      { ...base, text: 'harvest', kind: 'exchange' },
    ]);
    const terms = memory.localWeights(['harvest']);
    expect(memory.recall(terms, 9).map((h) => h.record.seq)).toEqual([1, 2]);
    expect(memory.recall(terms, 9, 'exchange').map((h) => h.record.seq)).toEqual([2]);
  });

  it('refuses what its budget does not hold, says so, and goes on recalling', () => {
    const memory = createAgentMemory({ ...OPTIONS, rushBytesPerAgent: 65_536 });
    let refused: string | undefined;
    for (let i = 0; refused === undefined; i++) {
      const r = memory.remember({ ...base, text: `harvest ${'passage '.repeat(20)}number${i}` });
      if (!r.ok) refused = r.error.message;
    }
    expect(refused).toMatch(/rush memory is full.*memory\.rushBytesPerAgent/);
    expect(memory.bytes).toBeLessThanOrEqual(65_536);
    expect(memory.recall(memory.localWeights(['harvest']), 3)).toHaveLength(3);
    const { size, bytes } = memory;
    expect(memory.restore({ ...base, seq: size + 1, text: 'x'.repeat(60_000) }).ok).toBe(false);
    expect([memory.size, memory.bytes]).toEqual([size, bytes]);
  });

  it('has every memory in exactly one ring', () => {
    const uses = fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 30 });
    fc.assert(
      fc.property(fc.array(draft, { maxLength: 20 }), uses, (drafts, recalled) => {
        const { memory, records } = filled(drafts);
        memory.noteRecalled(recalled);
        const hits = (r: MemoryRecord): number => recalled.filter((seq) => seq === r.seq).length;
        const rings = memory.rings();
        const sum = (key: 'count' | 'bytes' | 'hits'): number => rings.reduce((n, ring) => n + ring[key], 0);
        expect(sum('count')).toBe(records.length);
        expect(sum('bytes')).toBe(records.reduce((n, r) => n + 2 * r.text.length, 0));
        expect(sum('hits')).toBe(records.reduce((n, r) => n + hits(r), 0));
        const core = records.filter((r) => hits(r) >= OPTIONS.coreRecalls);
        const rush = records.filter((r) => r.kind === 'exchange' && !core.includes(r));
        expect(rings.find((r) => r.zone === 'core')!.count).toBe(core.length);
        expect(rings.find((r) => r.zone === 'rush')!.count).toBe(rush.length);
        for (const ring of rings.filter((r) => r.zone === 'growth'))
          expect(ring.count).toBe(
            records.filter((r) => r.ring === ring.label && !core.includes(r) && !rush.includes(r)).length,
          );
      }),
    );
  });

  it('lays growth rings oldest first, undated ones last, and keeps scars where they fell', () => {
    const { memory, records } = filled([
      { ...base, ring: 'Notes' },
      { ...base, ring: '1862', date: '1862' },
      { ...base, ring: '1846', date: '1846' },
      { ...base, ring: '1846', date: '1846', kind: 'exchange' },
    ]);
    memory.scar('1862');
    memory.scar('rush');
    memory.noteRecalled([2, 2, 99]);
    expect(memory.rings().map((r) => [r.zone, r.label, r.count, r.scars])).toEqual([
      ['core', 'core', 1, 0],
      ['growth', '1846', 1, 0],
      ['growth', '1862', 0, 1],
      ['growth', 'Notes', 1, 0],
      ['rush', 'rush', 1, 1],
    ]);
    // An exchange of long ago becomes part of the wood.
    const later = createAgentMemory(OPTIONS);
    for (const record of records) later.restore(record);
    later.consolidate(3 * OPTIONS.halfLifeMs);
    expect(later.rings().map((r) => [r.label, r.count])).toEqual([
      ['core', 0],
      ['1846', 2],
      ['1862', 1],
      ['Notes', 1],
      ['rush', 0],
    ]);
  });

  it('tells the directory of what it archives, and not of its exchanges', () => {
    const { memory } = filled([
      { ...base, text: 'a treaty of commerce', speaker: 'James Polk' },
      { ...base, text: 'zeppelins', kind: 'exchange' },
    ]);
    const summary = memory.summary();
    for (const term of analyse('treaty commerce Polk')) expect(mayKnow(summary, term)).toBe(true);
    expect(mayKnow(summary, 'zeppelin')).toBe(false);
  });
});

describe('known items', () => {
  it('ask with 4 or 5 different long words of an archived passage, and each passage at most once', () => {
    const passages = fc.array(
      fc.record({ ...{ kind: fc.constantFrom('archive' as const, 'exchange' as const) }, text: sentence }),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(passages, fc.string(), (picked, seed) => {
        const drafts = picked.map((p, i): MemoryDraft => ({
          ...base,
          kind: p.kind,
          text: `${p.text.join(' ')} 1862 item${i}`,
          source: `doc#${i}`,
        }));
        const { memory } = filled(drafts);
        const items = memory.knownItems(createRng(seed), 5);
        expect(memory.knownItems(createRng(seed), 5)).toEqual(items);
        expect(new Set(items.map((i) => i.source)).size).toBe(items.length);
        for (const { query, source } of items) {
          const passage = drafts.find((d) => d.source === source)!;
          expect(passage.kind).toBe('archive');
          const m = /^What was said about (.+) and (\S+)\?$/.exec(query)!;
          const asked = [...m[1]!.split(', '), m[2]!];
          expect(asked.length).toBeGreaterThanOrEqual(4);
          expect(asked.length).toBeLessThanOrEqual(5);
          expect(new Set(asked.flatMap(analyse)).size).toBe(asked.length);
          for (const word of asked) {
            expect(words(passage.text)).toContain(word);
            expect(word).toMatch(/^\p{L}{4,}$/u);
          }
        }
      }),
    );
  });

  it('take the rarest words', () => {
    const common = 'harvest railway treaty commerce tariff';
    const { memory } = filled([
      { ...base, text: `${common} quinine mulberry`, source: 'doc#0' },
      ...Array.from({ length: 5 }, () => ({
        ...base,
        text: common,
        source: 'doc#1',
        kind: 'exchange' as const,
      })),
    ]);
    expect(memory.knownItems(createRng('x'), 1)[0]!.query).toMatch(/mulberry.*quinine|quinine.*mulberry/);
  });
});

describe('a memory with a thread', () => {
  it('is found by the words of the turn before, and one without is not', () => {
    const found = (thread: string): number[] => {
      const memory = createAgentMemory(OPTIONS);
      for (const text of ['When was the lighthouse built?', 'In 1862, as far as anybody knows'])
        memory.remember({ ...base, text, thread });
      return memory.recall(memory.localWeights(['lighthous']), 5).map((hit) => hit.record.seq);
    };
    expect(found('talk')).toEqual([1, 2]);
    expect(found('')).toEqual([1]);
  });
});
