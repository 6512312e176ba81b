import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chunkRecursive, chunkTexts } from '../../../src/memory/chunk.ts';
import { draftsOf, parseText, type SourceDocument } from '../../../src/memory/documents.ts';
import { rfc3339 } from '../../../src/kernel/rfc3339.ts';
import { jsonErrorAt } from '../../../src/memory/jsonErrors.ts';
import { estimateTokens } from '../../../src/memory/text.ts';

function read(name: string, text: string): SourceDocument[] {
  const r = parseText({ name, text });
  if (!r.ok) throw new Error(r.error.message);
  return r.value;
}
function refusal(name: string, text: string): string {
  const r = parseText({ name, text });
  if (r.ok) throw new Error(`was read as ${JSON.stringify(r.value).slice(0, 200)}`);
  return r.error.message;
}
const turnsOf = (documents: readonly SourceDocument[]): { text: string; speaker: string; date: string }[] =>
  documents.flatMap((d) => d.passages.map(({ text, speaker, date }) => ({ text, speaker, date })));
const wordsOf = (text: string): string[] => text.match(/\S+/g) ?? [];

const word = fc.string({ unit: fc.constantFrom(...'abcdefgäß年🌲'), minLength: 1, maxLength: 9 });
const plainSentence = fc.array(word, { minLength: 1, maxLength: 40 }).map(
  (w) =>
    `${w[0]!.toUpperCase()}${w
      .slice(1)
      .map((x) => ` ${x}`)
      .join('')}.`,
);
const paragraph = fc.array(plainSentence, { minLength: 1, maxLength: 12 }).map((s) => s.join(' '));

describe('running text', () => {
  it('is remembered in the very chunks that the bench scores, and keeps every word in order', () => {
    fc.assert(
      fc.property(fc.array(paragraph, { minLength: 1, maxLength: 12 }), (paragraphs) => {
        const text = paragraphs.join('\n\n');
        const passages = turnsOf(read('a.txt', text)).map((p) => p.text);
        expect(passages.flatMap(wordsOf)).toEqual(wordsOf(text));
        expect(passages).toEqual(
          chunkRecursive(text, 300).map(({ from, to }) => wordsOf(text.slice(from, to)).join(' ')),
        );
      }),
    );
  });

  it('has no passage over 300 tokens, even without a sentence end or a space', () => {
    const endless = fc.oneof(
      fc.array(word, { minLength: 150, maxLength: 600 }).map((w) => w.join(' ')),
      fc
        .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 500, max: 2_000 }))
        .map(([offset, n]) => '年'.repeat(offset) + '年輪🌲'.repeat(n)),
      paragraph,
    );
    fc.assert(
      fc.property(fc.array(endless, { minLength: 1, maxLength: 3 }), (paragraphs) => {
        const passages = chunkTexts(paragraphs.join('\n\n'));
        for (const passage of passages) expect(estimateTokens(passage)).toBeLessThanOrEqual(300);
        const letters = (t: string): string => t.replace(/\s/g, '');
        expect(letters(passages.join(''))).toBe(letters(paragraphs.join('')));
        for (const passage of passages) expect(passage).not.toMatch(/[\uD800-\uDFFF]/u);
      }),
      { numRuns: 40 },
    );
  });

  it('joins short paragraphs and cuts long ones at ends of sentences only, not behind abbreviations', () => {
    const short = 'Mr. J. Smith of the U.S. Senate spoke.';
    const joined = chunkTexts(Array.from({ length: 40 }, () => short).join('\n\n'));
    expect(joined).toHaveLength(2);
    // 1 to 30 letters in front, so that a limit falls at each place of the sentence once.
    for (let shift = 1; shift <= 30; shift++) {
      const text = `${'x'.repeat(shift)}. ${Array.from({ length: 100 }, () => short).join(' ')}`;
      const passages = chunkTexts(text);
      expect(passages.length).toBeGreaterThan(3);
      for (const [i, passage] of passages.entries())
        expect(passage).toMatch(i === 0 ? /^x.*spoke\.$/ : /^Mr\. .*spoke\.$/);
    }
  });

  it('of a .txt is one document under the name of the file', () => {
    const [document, ...others] = read('my notes.TXT', '\uFEFFFirst thing.\r\n\r\nSecond thing.');
    expect(others).toEqual([]);
    expect(document).toEqual({
      id: 'my-notes',
      title: 'my notes',
      speaker: '',
      date: '',
      ring: 'my notes',
      passages: [{ text: 'First thing. Second thing.', speaker: '', date: '' }],
    });
    expect(draftsOf(document!, 5)).toEqual([
      {
        kind: 'archive',
        text: 'First thing. Second thing.',
        speaker: '',
        date: '',
        ring: 'my notes',
        source: 'my-notes#0',
        atMs: 5,
      },
    ]);
  });
});

describe('Markdown', () => {
  it('has its sections at headings; front matter names title, author and date and is no text', () => {
    const documents = read(
      'log.md',
      [
        '---\ntitle: "The Orchard"\nauthor: Ida\ndate: 2024-05-01\ntags: [a]\n---',
        'Before all.\n\n# Spring\n\nBuds.\n\n### Week one\n\nRain.\n\n```\n# no heading\n```\n\nSummer\n------\nFruit.',
      ].join('\n'),
    );
    expect(documents.map((d) => [d.id, d.title, d.ring, d.speaker, d.date])).toEqual([
      ['log', 'The Orchard', 'The Orchard', 'Ida', '2024-05-01'],
      ['log/1-spring', 'The Orchard: Spring', 'Spring', 'Ida', '2024-05-01'],
      ['log/2-summer', 'The Orchard: Summer', 'Summer', 'Ida', '2024-05-01'],
    ]);
    expect(documents.map((d) => d.passages.map((p) => p.text))).toEqual([
      ['Before all.'],
      ['Buds. Week one Rain. ``` # no heading ```'],
      ['Fruit.'],
    ]);
  });

  it('without front matter takes its title from the first heading', () => {
    expect(read('x.md', '# Trees\n\nOaks.\n\n## Firs\n\nTall.').map((d) => d.title)).toEqual([
      'Trees',
      'Trees: Firs',
    ]);
  });
});

describe('turns', () => {
  const turn = fc.record({
    text: plainSentence,
    speaker: fc.constantFrom('', 'user', 'assistant', 'Ida'),
    date: fc.constantFrom('', '2023', '2023-05', '2023-05-04', '2024-02-29T10:15:00Z'),
  });
  const keys = fc.record({
    text: fc.constantFrom('text', 'content', 'message', 'body', 'value'),
    speaker: fc.constantFrom('speaker', 'role', 'author', 'name', 'from'),
    date: fc.constantFrom('date', 'timestamp', 'time', 'created_at', 'ts'),
    around: fc.constantFrom('', 'messages', 'turns', 'conversation', 'anything'),
  });

  it('come back as they were, in order, whatever the keys are called and in JSON as in JSON lines', () => {
    fc.assert(
      fc.property(
        fc.array(turn, { minLength: 1, maxLength: 20 }),
        keys,
        fc.boolean(),
        (turns, named, asParts) => {
          const values = turns.map((t) => ({
            [named.text]: asParts
              ? [
                  { type: 'text', text: t.text },
                  { type: 'image', url: 'x' },
                ]
              : t.text,
            ...(t.speaker === '' ? {} : { [named.speaker]: t.speaker }),
            ...(t.date === '' ? {} : { [named.date]: t.date }),
          }));
          const expected = turns.map((t) => ({ ...t, text: wordsOf(t.text).join(' ') }));
          const json = JSON.stringify(named.around === '' ? values : { [named.around]: values }, null, 2);
          const jsonl = values.map((v) => JSON.stringify(v)).join('\n\n');
          expect(turnsOf(read('chat.json', json))).toEqual(expected);
          expect(turnsOf(read('chat.jsonl', jsonl))).toEqual(expected);
          expect(turnsOf(read('pasted.txt', json))).toEqual(expected);
          const ids = read('chat.json', json).map((d) => d.id);
          expect(new Set(ids).size).toBe(ids.length);
        },
      ),
    );
  });

  it('are remembered as one conversation, a document at a time, so that each is found by what was said around it', () => {
    const documents = read('chat.json', JSON.stringify([{ text: 'One.', date: '2023-01-02' }, 'Two.']));
    expect(documents.map((d) => draftsOf(d, 0).map((draft) => draft.thread))).toEqual([
      ['chat/1-2023-01-02', 'chat/1-2023-01-02'],
    ]);
    expect(draftsOf(read('x.md', '# Trees\n\nOaks.')[0]!, 0)[0]!.thread).toBeUndefined();
  });

  it('may be plain strings', () => {
    expect(turnsOf(read('a.json', '["One.", "Two."]')).map((t) => t.text)).toEqual(['One.', 'Two.']);
    expect(turnsOf(read('a.jsonl', '"One."\n"Two."\n')).map((t) => t.text)).toEqual(['One.', 'Two.']);
  });

  it('that are long are cut, with the speaker and date on every piece', () => {
    const text = Array.from({ length: 60 }, (_, i) => `Sentence ${i} has six words.`).join(' ');
    const passages = turnsOf(read('a.json', JSON.stringify([{ text, role: 'user', date: '2023' }, 'End.'])));
    expect(passages.length).toBeGreaterThan(2);
    expect(passages.map((p) => p.text).join(' ')).toBe(`${text} End.`);
    expect(passages.slice(0, -1).every((p) => p.speaker === 'user' && p.date === '2023')).toBe(true);
  });

  it('have years for rings when they span years, else days, else the title', () => {
    const rings = (turns: unknown): string[] => read('talk.json', JSON.stringify(turns)).map((d) => d.ring);
    expect(rings([{ text: 'a', date: '2023-01-02' }, 'b', { text: 'c', ts: 1_704_103_200 }])).toEqual([
      '2023',
      '2024',
    ]);
    expect(
      rings([
        { text: 'a', date: '2023-01-02T10:00:00Z' },
        { text: 'b', date: '2023-01-03' },
      ]),
    ).toEqual(['2023-01-02', '2023-01-03']);
    expect(rings(['a', 'b'])).toEqual(['talk']);
    expect(rings({ title: 'Grafting', messages: ['a'] })).toEqual(['Grafting']);
    expect(
      rings([
        { title: 'One', messages: ['a'] },
        { title: 'Two', messages: ['b'] },
      ]),
    ).toEqual(['One', 'Two']);
  });

  it('without text, as calls of tools are, are passed over', () => {
    expect(
      turnsOf(read('a.json', '[{"role":"assistant","content":null},{"content":"Yes."},{"content":""}]')),
    ).toEqual([{ text: 'Yes.', speaker: '', date: '' }]);
  });

  it('date from seconds and milliseconds alike, by the same calendar as the platform', () => {
    fc.assert(
      fc.property(
        fc.date({
          min: new Date('0001-01-01T00:00:00Z'),
          max: new Date('9999-12-31T23:59:59Z'),
          noInvalidDate: true,
        }),
        (d) => {
          expect(rfc3339(d.getTime())).toBe(`${d.toISOString().slice(0, 19)}Z`);
        },
      ),
    );
    const dates = turnsOf(read('a.json', '[{"text":"a","ts":1700000000},{"text":"b","ts":"1700000000000"}]'));
    expect(dates.map((t) => t.date)).toEqual(['2023-11-14T22:13:20Z', '2023-11-14T22:13:20Z']);
  });
});

describe('what cannot be used is refused in one sentence that says where, why and what is accepted', () => {
  it.each([
    ['a.pdf', 'x', /a\.pdf: files ending in \.pdf are not read; accepted are \.txt, \.md, \.json, \.jsonl\./],
    ['README', 'x', /without an ending/],
    ['a.txt', ' \n\t ', /the file is empty/],
    ['a.md', '---\ntitle: x\n---\n# Only\n', /no text/],
    ['a.txt', 'PK\u0003\u0004\0\0', /binary file \(it has zero bytes\)/],
    ['a.txt', '\u0001\u0002\u0003\ufffd'.repeat(9), /binary file \(36 control/],
    [
      'a.json',
      '[{"text": "a"},\n{"text": "b",}\n]',
      /line 2 is not valid JSON \("}" is not expected there\)/,
    ],
    ['a.json', '[\n"a"', /line 2 is not valid JSON \(the file ends too early\)/],
    ['a.json', '42', /the file must hold an array of turns, but is a number/],
    ['a.json', '{"a": 1}', /the object has no single array of turns/],
    ['a.json', '{"a": [1], "b": []}', /no single array of turns/],
    [
      'a.json',
      '{"messages": [{"text": "a"}, {"role": "user"}]}',
      /messages\[1\] has no text; accepted are turns/,
    ],
    ['a.json', '["a", 7]', /\[1\] must be a turn, but is a number/],
    [
      'a.json',
      '["a", {"content": 7}]',
      /\[1\]\.content must be text or an array of text parts, but is a number/,
    ],
    ['a.json', '["a", {"content": [7]}]', /\[1\]\.content\[0\] must be a text part/],
    ['a.json', '[{"text": "a", "date": "soon"}]', /\[0\]\.date must be a date .*got "soon"/],
    ['a.json', '[]', /no text/],
    ['a.jsonl', '{"text": "a"}\n\n{"text": ', /line 3 is not valid JSON/],
    ['a.jsonl', '"a"\n{"role": "user"}', /line 2 has no text/],
  ])('%s with %j', (name, text, expected) => {
    const message = refusal(name, text);
    expect(message).toMatch(expected);
    expect(message).toMatch(/^[^\n]*accepted[^\n]*\.$/);
  });

  it('more than 50 MB', () => {
    expect(refusal('a.txt', 'x'.repeat(50 * 1024 * 1024 + 1))).toMatch(/larger than 50 MB/);
  });

  it('and nothing throws, whatever the text is', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('a.txt', 'a.md', 'a.json', 'a.jsonl'),
        fc.oneof(fc.string(), fc.json()),
        (name, text) => {
          const r = parseText({ name, text });
          if (!r.ok) expect(r.error.message.startsWith(`${name}: `)).toBe(true);
          else expect(r.value.every((d) => d.passages.length > 0)).toBe(true);
        },
      ),
    );
  });
});

describe('the place of an error in JSON', () => {
  const parses = (text: string): boolean => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };

  it('is found exactly when the platform refuses the text', () => {
    const damaged = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '}', '"', ' ', 'x', '\n', '0'))
      .map(([text, at, extra]) => {
        const i = at % (text.length + 1);
        return text.slice(0, i) + extra + text.slice(i + (extra === '' ? 1 : 0));
      });
    fc.assert(
      fc.property(fc.oneof(damaged, fc.json(), fc.string()), (text) => {
        expect(jsonErrorAt(text) === undefined).toBe(parses(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is where text was put that does not belong there', () => {
    expect(jsonErrorAt('{"a": [1, 2 3]}')).toBe(12);
    expect(jsonErrorAt(`${'['.repeat(100_000)}x`)).toBe(100_000);
  });
});
