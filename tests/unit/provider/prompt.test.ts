import fc from 'fast-check';
import { expect, test } from 'vitest';
import { extractAnswer } from '../../../src/provider/extract.ts';
import { buildPrompt, estimateTokens, parsePrompt } from '../../../src/provider/prompt.ts';

const nasty = fc.string({
  unit: fc.constantFrom(
    'a',
    'B',
    ' ',
    '\n',
    '[',
    ']',
    '(',
    ')',
    ',',
    '.',
    '1',
    'Q',
    'uestion: ',
    '[1] (x, y) ',
  ),
  maxLength: 60,
});
const passage = fc.record({ speaker: nasty, date: fc.constantFrom('', '1862', '1862-12-01'), text: nasty });

const squeeze = (text: string): string => text.replace(/\s+/g, ' ').trim();

test('what is built into a prompt is read out of it again, whatever stands in the texts', () => {
  fc.assert(
    fc.property(nasty, fc.array(passage, { maxLength: 8 }), (question, passages) => {
      const { messages, used } = buildPrompt(question, passages, 100_000);
      expect(used).toBe(passages.length);
      const parsed = parsePrompt(messages);
      expect(parsed.question).toBe(squeeze(question));
      expect(parsed.passages.map((p) => p.index)).toEqual(passages.map((_, i) => i + 1));
      expect(parsed.passages.map((p) => p.text)).toEqual(passages.map((p) => squeeze(p.text)));
      expect(parsed.passages.map((p) => p.date)).toEqual(passages.map((p) => p.date || 'undated'));
    }),
  );
});

test('a prompt keeps to its budget, with the first passages first and at least one of them', () => {
  const long = fc.record({
    speaker: fc.constant('S'),
    date: fc.constant('1900'),
    text: fc.string({ minLength: 0, maxLength: 2000 }),
  });
  fc.assert(
    fc.property(
      fc.array(long, { minLength: 1, maxLength: 10 }),
      fc.integer({ min: 120, max: 1500 }),
      (ps, budget) => {
        const prompt = buildPrompt('What of the navy?', ps, budget);
        expect(prompt.used).toBeGreaterThanOrEqual(1);
        expect(prompt.inputTokens).toBeLessThanOrEqual(budget);
        expect(prompt.inputTokens).toBe(
          prompt.messages.reduce((n, m) => n + 4 + estimateTokens(m.content), 0),
        );
        // One passage more would have broken it.
        if (prompt.used < ps.length)
          expect(
            buildPrompt('What of the navy?', ps.slice(0, prompt.used + 1), 1e6).inputTokens,
          ).toBeGreaterThan(budget - 3);
      },
    ),
  );
});

const passages = [
  {
    speaker: 'A',
    date: '1901',
    text: 'The harvest was good. The navy has eleven ships in the Pacific. Taxes fell.',
  },
  { speaker: 'B', date: '1902', text: 'Nothing was said of it. The navy rests.' },
];
const ask = (question: string, want = 100, most = 100) =>
  extractAnswer(parsePrompt(buildPrompt(question, passages, 10_000).messages), want, most);

test('the sentence that shares most with the question comes first and cites its passage', () => {
  expect(ask('How many ships has the navy in the Pacific?').text).toMatch(
    /^The navy has eleven ships in the Pacific\. \[1\] The navy rests\. \[2\]$/,
  );
  expect(ask('Did the tax fall?').text).toBe('Taxes fell. [1]');
});

test('when nothing matches, the answer says so and cites nothing', () => {
  expect(ask('Whither zeppelins?').text).toBe('The passages do not tell.');
});

test('an answer is as long as wanted, one sentence at least, and never longer than allowed', () => {
  expect(ask('navy ships', 1).text).toBe('The navy has eleven ships in the Pacific. [1]');
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 60 }), (want, most) => {
      const { text, finish } = ask('navy harvest taxes ships', want, most);
      expect(estimateTokens(text)).toBeLessThanOrEqual(most);
      expect(text.length).toBeGreaterThan(0);
      if (finish === 'length') expect(estimateTokens(text)).toBe(most);
    }),
  );
});
