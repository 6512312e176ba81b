import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { choosePrompt } from '../../../src/agents/promptPassages.ts';
import { createRng } from '../../../src/kernel/rng.ts';
import { createAgentMemory } from '../../../src/memory/agentMemory.ts';
import { draftsOf, parseText } from '../../../src/memory/documents.ts';
import { pickKnownItem } from '../../../src/memory/knownItems.ts';
import { memoryOptions } from '../../../src/memory/options.ts';
import { sentenceEnds } from '../../../src/memory/sentences.ts';
import { analyse } from '../../../src/memory/text.ts';
import { buildPrompt, estimatePromptTokens, GAP, parsePrompt } from '../../../src/provider/prompt.ts';
import { extractAnswer } from '../../../src/provider/extract.ts';

const even = (text: string): string => text.replace(/\s+/g, ' ').trim();
const sentencesOf = (text: string): string[] => {
  const ends = [0, ...sentenceEnds(text), text.length];
  return ends.slice(1).map((to, i) => text.slice(ends[i], to).trim());
};

const sentence = fc
  .array(fc.constantFrom('mill', 'river', 'Treaty', 'navy', '(x)', 'of', '[2]', 'ships', '年輪'), {
    minLength: 1,
    maxLength: 60,
    size: 'max',
  })
  .map((words) => `${words.join(' ')}.`);
const memory = fc.record({
  score: fc.integer({ min: 1, max: 9 }),
  record: fc.record({
    speaker: fc.constantFrom('', 'A miller'),
    date: fc.constantFrom('', '1862'),
    text: fc.array(sentence, { minLength: 1, maxLength: 12 }).map((s) => s.join(' ')),
  }),
});

describe('a prompt within a budget', () => {
  it('is never longer, and what it shows stands in the memories that it names', () => {
    fc.assert(
      fc.property(
        fc.array(memory, { minLength: 1, maxLength: 9 }),
        fc.integer({ min: 90, max: 1_500 }),
        (drawn, budget) => {
          const memories = drawn
            .map((m, i) => ({ ...m, record: { ...m.record, source: `s#${i}` } }))
            .sort((a, b) => b.score - a.score);
          const { messages, given, extracts } = choosePrompt('What of the river mill?', memories, budget);
          expect(estimatePromptTokens(messages)).toBeLessThanOrEqual(budget);
          const { question, passages } = parsePrompt(messages);
          expect(question).toBe('What of the river mill?');
          expect(passages.map((p) => p.index)).toEqual(given.map((_, i) => i + 1));
          expect(given.length).toBeGreaterThan(0);
          expect(new Set(given).size).toBe(given.length);
          expect(extracts.map((e) => e.split('@')[0])).toEqual(given.map((m) => m.record.source));
          for (const [i, { speaker, date, text }] of passages.entries()) {
            const { record } = given[i]!;
            expect([speaker, date]).toEqual([record.speaker || 'unknown', record.date || 'undated']);
            // What has no room at all is cut by the last resort, which marks it.
            for (const part of text.replace(/…$/, '').split(` ${GAP} `))
              expect(even(record.text)).toContain(part);
          }
          // A sentence of at most 105 tokens goes in whole or not at all, where there is room for one.
          if (budget >= 240)
            for (const [i, { text }] of passages.entries()) {
              const whole = new Set(sentencesOf(even(given[i]!.record.text)));
              for (const part of text.split(` ${GAP} `).flatMap(sentencesOf))
                if (part !== '') expect(whole).toContain(part);
            }
          if (
            estimatePromptTokens(
              buildPrompt(
                question,
                drawn.map((m) => m.record),
                Infinity,
              ).messages,
            ) <= budget
          )
            expect(given).toEqual(memories);
        },
      ),
    );
  });
});

/** Prose in which each sentence has words of its own, as long as a visitor's file. */
function prose(): string {
  const rng = createRng('prose');
  const syllables = 'ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu'.split(' ');
  const word = (): string => Array.from({ length: 3 }, () => syllables[rng.int(syllables.length)]!).join('');
  const common = Array.from({ length: 60 }, word);
  return Array.from({ length: 40 }, () =>
    Array.from({ length: 8 }, () => {
      const words = Array.from({ length: 12 }, (_, i) => (i % 3 === 0 ? word() : common[rng.int(60)]!));
      return `${words[0]![0]!.toUpperCase()}${words.join(' ').slice(1)}.`;
    }).join(' '),
  ).join('\n\n');
}

describe('known items among memories of 300 tokens, in prompts of 200', () => {
  const read = parseText({ name: 'prose.txt', text: prose() });
  if (!read.ok) throw new Error(read.error.message);
  const own = createAgentMemory(memoryOptions.fallback!());
  const drafts = read.value.flatMap((doc) => draftsOf(doc, 0));
  for (const draft of drafts) expect(own.remember(draft).ok).toBe(true);

  /** A question made of the rarest words of one sentence of each memory. */
  const items = drafts.flatMap(({ text, source }, i) => {
    const all = sentencesOf(text);
    const wanted = all[i % all.length]!;
    const query = pickKnownItem(wanted, (term) => -own.localWeights([term])[0]!.weight, createRng(source));
    return query === undefined ? [] : [{ query, source, wanted }];
  });

  type Choose = typeof choosePrompt;
  function score(choose: Choose, budget: number): { kept: number; cited: number; tokens: number } {
    let kept = 0;
    let cited = 0;
    let tokens = 0;
    for (const { query, source, wanted } of items) {
      const weights = own.localWeights([...new Set(analyse(query))]);
      const hits = own.recall(weights, 6, { kind: 'archive', text: query });
      const { messages, given } = choose(query, hits, budget);
      const size = estimatePromptTokens(messages);
      expect(size).toBeLessThanOrEqual(budget);
      tokens += size;
      const prompt = parsePrompt(messages);
      if (prompt.passages.some((p) => p.text.includes(wanted))) kept++;
      const named = /\[(\d+)\]/.exec(extractAnswer(prompt, 60, 100).text)?.[1];
      if (given[Number(named) - 1]?.record.source === source) cited++;
    }
    const share = (n: number): number => n / items.length;
    return { kept: share(kept), cited: share(cited), tokens: share(tokens) };
  }

  it('keep the sentence that answers, and the answer names its memory', () => {
    expect(items.length).toBeGreaterThan(30);
    const spans = score(choosePrompt, 200);
    expect(spans.kept).toBeGreaterThanOrEqual(0.97);
    expect(spans.cited).toBeGreaterThanOrEqual(0.97);
  });

  it('and lose it in passages that are put in whole and cut at the budget, for more tokens', () => {
    const cut: Choose = (question, memories, budget) => {
      const { messages, used } = buildPrompt(
        question,
        memories.map((m) => m.record),
        budget,
      );
      return { messages, given: memories.slice(0, used), extracts: [] };
    };
    const whole = score(cut, 200);
    const spans = score(choosePrompt, 200);
    expect(whole.kept).toBeLessThan(0.8);
    expect(spans.tokens).toBeLessThanOrEqual(whole.tokens);
    // Without a budget the same questions cost several times as much.
    expect(score(choosePrompt, 100_000).tokens).toBeGreaterThan(3 * spans.tokens);
  });
});
