import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAgentMemory } from '../../../src/memory/agentMemory.ts';
import type { AgentMemory } from '../../../src/memory/agentMemoryTypes.ts';
import { draftsOf, type SourceDocument } from '../../../src/memory/documents.ts';
import { packTokens } from '../../../src/memory/documentTokens.ts';
import { memoryOptions } from '../../../src/memory/options.ts';
import type { MemoryRecord } from '../../../src/memory/record.ts';
import { analyse } from '../../../src/memory/text.ts';

const parsed = memoryOptions.parse({}, 'memory');
const options = parsed.ok ? parsed.value : (undefined as never);

const word = fc.constantFrom('harbour', 'ships', 'treaty', 'Erie', 'canals', 'wheat', '1825', 'opened');
const text = fc.array(word, { minLength: 1, maxLength: 9 }).map((words) => `${words.join(' ')}.`);

function documentOf(id: string, texts: readonly string[]): SourceDocument {
  const passages = texts.map((one) => ({ text: one, speaker: 'Clinton', date: '1825-11-04' }));
  const head = { id, title: id, speaker: 'Clinton', date: '1825-11-04', ring: '1825' };
  return { ...head, passages, tokens: packTokens(texts)! };
}

/** A memory with these documents in it, each from passage `first` on, and an exchange. */
function planted(documents: readonly SourceDocument[], first: number): [AgentMemory, MemoryRecord[]] {
  const memory = createAgentMemory(options);
  const records: MemoryRecord[] = [];
  const take = (r: ReturnType<AgentMemory['remember']>): void => {
    if (!r.ok) throw new Error(r.error.message);
    records.push(r.value);
  };
  for (const document of documents)
    draftsOf(document, 0, first).forEach((draft, passage) =>
      take(memory.remember(draft, { document: document.tokens!, passage })),
    );
  const head = { speaker: 'Ruth', date: '', ring: '2026', source: '', atMs: 1 };
  take(memory.remember({ ...head, kind: 'exchange', text: 'Who opened the Erie canal?' }));
  return [memory, records];
}

function restored(
  records: readonly MemoryRecord[],
  documents: readonly SourceDocument[],
  first = 0,
): AgentMemory {
  const memory = createAgentMemory(options);
  for (const record of records) memory.restore(record);
  for (const document of documents) memory.knowWords(document, first);
  return memory;
}

describe('words that are known when a memory comes back', () => {
  it('make it what it was, summary, recall and bytes, as if it had never gone', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(text, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 3 }),
        text,
        fc.boolean(),
        fc.nat(9),
        (all, asked, withSummary, first) => {
          const documents = all.map((texts, i) => documentOf(`doc-${i}`, texts));
          const [memory, records] = planted(documents, first);
          const back = restored(records, documents, first);
          if (withSummary) expect(back.summary()).toEqual(memory.summary());
          const terms = memory.localWeights(analyse(asked));
          expect(back.localWeights(analyse(asked))).toEqual(terms);
          expect(back.recall(terms, 5)).toEqual(memory.recall(terms, 5));
          expect(back.bytes).toBe(memory.bytes);
        },
      ),
    );
  });

  it('are not those of a passage that says something else by now, nor of a memory that is gone', () => {
    const texts = ['The harbour was opened.', 'Wheat came by canals.', 'The treaty was signed.'];
    const [, records] = planted([documentOf('doc', texts)], 0);
    const changed = records.map((record, i) => (i === 1 ? { ...record, text: 'A zeppelin came.' } : record));
    const back = restored(changed, [documentOf('doc', texts)]);
    back.forget(3);
    const found = (asked: string): string[] =>
      back.recall(back.localWeights(analyse(asked)), 5).map((hit) => hit.record.text);
    expect(found('zeppelin')).toEqual(['A zeppelin came.']);
    expect(found('wheat')).toEqual([]);
    expect(found('treaty')).toEqual([]);
    expect(found('harbour')).toEqual(['The harbour was opened.']);
  });
});
