import { describe, expect, it } from 'vitest';
import { createMemory, type LogStore } from '../../../src/memory/createMemory.ts';
import { tokensOf } from '../../../src/memory/recallSpans.ts';

/** A store of which a crash loses all that was not yet resolved. */
function memoryStore(): LogStore & { lines: readonly string[] } {
  const store = {
    lines: [] as readonly string[],
    load: () => Promise.resolve(store.lines),
    append: async (more: readonly string[]) => {
      await Promise.resolve();
      store.lines = [...store.lines, ...more];
    },
    replace: async (lines: readonly string[]) => {
      await Promise.resolve();
      store.lines = lines;
    },
  };
  return store;
}

describe('createMemory', () => {
  it('remembers, recalls, supersedes and forgets, and is the same when it is opened again', async () => {
    const store = memoryStore();
    let nowMs = 0;
    const open = () => createMemory({ now: () => nowMs++, store, coreRecalls: 1 });
    const memory = await open();
    const first = await memory.remember({ text: 'The mill stands by the river', ring: '1862' });
    const secret = await memory.remember({ text: 'A zeppelin over the mill' });
    const second = await memory.supersede(first, { text: 'The mill was moved to the hill' });
    await memory.used([second]);
    expect(memory.recall('mill river', 5).map((h) => h.record.seq)).toEqual([second, secret]);
    expect(await memory.forget(secret)).toBe(true);
    expect(await memory.forget(secret)).toBe(false);
    expect(store.lines.join()).not.toContain('zeppelin');
    await memory.consolidate();
    const again = await open();
    expect(again.size).toBe(2);
    expect(again.get(first)).toEqual(memory.get(first));
    const counts = (m: typeof memory): unknown => m.rings().map(({ accessMs: _, ...ring }) => ring);
    expect(counts(again)).toEqual(counts(memory));
    await expect(again.supersede(99, { text: 'x' })).rejects.toThrow('there is no memory 99');
  });

  it('recalls the stretches that tell, within a budget of tokens', async () => {
    const memory = await createMemory({ now: () => 0 });
    const filler = (of: string): string => `Nobody knew what ${of} was for, and nobody asked. `.repeat(12);
    const told = 'The treaty of the river was signed in the mill by both delegates.';
    const best = await memory.remember({ text: `${filler('the bridge')}${told} ${filler('the gate')}` });
    await memory.remember({ text: filler('the orchard') });
    await memory.remember({ text: `${filler('the barn')}A river ran there.` });
    for (const tokens of [1, 20, 60, 200, 1_000]) {
      const spans = memory.recallSpans('who signed the treaty of the river?', tokens);
      expect(tokensOf(spans)).toBeLessThanOrEqual(tokens);
      for (const { record, from, to, text } of spans) expect(record.text.slice(from, to)).toBe(text);
      if (tokens < 60) continue;
      expect(spans[0]!.record.seq).toBe(best);
      expect(spans[0]!.text).toContain(told);
      // More room is no reason for more text.
      expect(tokensOf(spans)).toBeLessThan(300);
    }
    expect(memory.recallSpans('zeppelin', 50)).toEqual([]);
    expect(() => memory.recallSpans('treaty', 0)).toThrow(RangeError);
  });

  it('replaces a log that has grown, and refuses options and texts that do not fit with a sentence', async () => {
    const store = memoryStore();
    const memory = await createMemory({ now: () => 0, store });
    await memory.remember({ text: 'the harvest was good' });
    for (let i = 0; i < 1_100; i++) await memory.used([1]);
    expect(store.lines.length).toBeLessThan(200);
    const again = await createMemory({ now: () => 0, store });
    expect(again.rings().reduce((n, r) => n + r.hits, 0)).toBe(1_100);
    await expect(createMemory({ now: () => 0, coreRecalls: 0 })).rejects.toThrow('coreRecalls');
    const small = await createMemory({ now: () => 0, rushBytesPerAgent: 65_536 });
    await expect(small.remember({ text: 'x'.repeat(70_000) })).rejects.toThrow('full');
  });

  it("one memory never sees another's", async () => {
    const one = await createMemory({ now: () => 0 });
    const two = await createMemory({ now: () => 0 });
    await one.remember({ text: 'a zeppelin' });
    expect(two.recall('zeppelin', 5)).toEqual([]);
    expect(two.size).toBe(0);
  });
});
