import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRng } from '../../../src/kernel/rng.ts';
import { EXAMINEES, examine, type ExamReport } from '../../../src/memory/exam.ts';
import { readExam } from '../../../src/memory/examData.ts';
import { bootstrap, measureRanking } from '../../../src/memory/examMetrics.ts';

const file = (value: unknown, name = 'data.json') => ({
  name,
  text: typeof value === 'string' ? value : JSON.stringify(value),
});
const read = (...files: { name: string; text: string }[]) => {
  const r = readExam(files);
  if (!r.ok) throw new Error(r.error.message);
  return r.value;
};

describe('the metrics of a ranking', () => {
  it('are those computed by hand', () => {
    const values = measureRanking(
      ['x', 'a', 'y', 'b'],
      new Map([
        ['a', 1],
        ['b', 2],
        ['c', 1],
      ]),
    );
    expect(values).toMatchObject({ 'R@1': 0, 'R@5': 2 / 3, 'hit@1': 0, 'hit@5': 1, MRR: 0.5 });
    // (1 / log2 3 + 2 / log2 5) / (2 / log2 2 + 1 / log2 3 + 1 / log2 4)
    expect(values['nDCG@10']).toBeCloseTo((1 / 1.5849625 + 2 / 2.3219281) / (2 + 1 / 1.5849625 + 0.5), 6);
  });

  it('agree with definitions spelt out over sets', () => {
    const ids = Array.from({ length: 30 }, (_, i) => `d${i}`);
    fc.assert(
      fc.property(
        fc.shuffledSubarray(ids, { maxLength: 20 }),
        fc.subarray(ids, { minLength: 1, maxLength: 8 }),
        fc.constantFrom(1, 5, 10, 20),
        (ranked, relevant, depth) => {
          const values = measureRanking(ranked, new Map(relevant.map((id) => [id, 1])));
          const among = ranked.slice(0, depth).filter((id) => relevant.includes(id)).length;
          const first = ranked.findIndex((id) => relevant.includes(id));
          expect(values[`R@${depth as 1}`]).toBeCloseTo(among / relevant.length, 12);
          expect(values[`hit@${depth as 1}`]).toBe(among > 0 ? 1 : 0);
          expect(values.MRR).toBeCloseTo(first < 0 ? 0 : 1 / (first + 1), 12);
        },
      ),
    );
  });
});

describe('bootstrap intervals', () => {
  it('are as wide as the normal approximation says', () => {
    const rng = createRng('interval');
    const rows = Array.from({ length: 400 }, () => [rng.next() < 0.3 ? 1 : 0, 1]);
    const [share, constant] = bootstrap(rows, rng);
    const half = 1.96 * Math.sqrt((share!.mean * (1 - share!.mean)) / 400);
    expect(share!.low).toBeCloseTo(share!.mean - half, 1);
    expect(share!.high).toBeCloseTo(share!.mean + half, 1);
    expect(constant).toEqual({ mean: 1, low: 1, high: 1 });
  });
});

const squad = {
  version: 'v2.0',
  data: [
    {
      title: 'Lighthouses_of_Europe',
      paragraphs: [
        {
          context: 'The lighthouse at Bell Rock was built by Robert Stevenson. Its lantern was lit in 1811.',
          qas: [
            { id: '1', question: 'Who built the lighthouse at Bell Rock?', is_impossible: false },
            { id: '2', question: 'Who painted it?', is_impossible: true },
          ],
        },
        { context: 'Copper mines in Cornwall closed one after the other.', qas: [] },
      ],
    },
  ],
};
const meeting = {
  specific_query_list: [
    { query: 'What was said about the remote control?', answer: 'a', relevant_text_span: [['1', '2']] },
  ],
  general_query_list: [{ query: 'Summarize the meeting', answer: 'b' }],
  meeting_transcripts: [
    { speaker: 'A', content: 'Good morning.' },
    { speaker: 'B', content: 'The remote control needs a battery.' },
    { speaker: 'A', content: 'Right, the remote.' },
  ],
};
const locomo = [
  {
    sample_id: 'conv-1',
    conversation: {
      speaker_a: 'Ruth',
      session_2: [{ speaker: 'Sam', dia_id: 'D2:1', text: 'My violin arrived.' }],
      session_2_date_time: '1:56 pm on 8 May, 2023',
      session_1: [{ speaker: 'Ruth', dia_id: 'D1:1', text: 'Hello', blip_caption: 'a red door' }],
    },
    qa: [
      { question: 'When did the violin arrive?', answer: 'x', evidence: ['D2:1'], category: 2 },
      { question: 'Nothing?', evidence: [], category: 5 },
    ],
  },
];

describe('reading a data set', () => {
  it('tells SQuAD, QMSum and LoCoMo by their shape', () => {
    const s = read(file(squad));
    expect(s).toMatchObject({ name: 'SQuAD', unit: 'passage' });
    expect(s.groups[0]!.entries.map((e) => e.ring)).toEqual([
      'Lighthouses of Europe',
      'Lighthouses of Europe',
    ]);
    expect(s.groups[0]!.questions).toHaveLength(1);

    const q = read(file(`${JSON.stringify(meeting)}\n${JSON.stringify(meeting)}`, 'val.jsonl'));
    expect(q).toMatchObject({ name: 'QMSum', unit: 'turn' });
    expect(q.groups).toHaveLength(2);
    expect([...q.groups[0]!.questions[0]!.relevant.keys()]).toEqual(['1', '2']);

    const l = read(file(locomo));
    expect(l.groups[0]!.entries.map((e) => [e.id, e.date, e.text])).toEqual([
      ['D1:1', '', 'Hello [picture: a red door]'],
      ['D2:1', '2023-05-08', 'My violin arrived.'],
    ]);
    expect(l.groups[0]!.questions.map((x) => x.category)).toEqual(['temporal']);
  });

  it('tells the three files of BEIR by what is in them', () => {
    const corpus = file(
      '{"_id":"d1","title":"Tea","text":"leaves"}\n{"_id":"d2","title":"","text":"beans"}',
      'a',
    );
    const queries = file('{"_id":"q1","text":"what is tea"}', 'b');
    for (const table of ['query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0', 'q1 0 d1 2'])
      expect(read(queries, file(table, 'c'), corpus).groups[0]).toMatchObject({
        entries: [
          { id: 'd1', text: 'Tea. leaves' },
          { id: 'd2', text: 'beans' },
        ],
        questions: [{ text: 'what is tea', relevant: new Map([['d1', 2]]) }],
      });
  });

  it.each([
    ['no JSON', [file('hello there')], /is not JSON/],
    ['nothing', [], /nothing to read/],
    ['an empty file', [file(' ')], /is empty/],
    ['an unknown shape', [file({ a: 1 })], /shape of no known data set/],
    [
      'a paragraph without text',
      [file({ data: [{ paragraphs: [{}] }] })],
      /data\[0\]\.paragraphs\[0\]\.context .* missing/,
    ],
    ['no answerable question', [file({ data: [] })], /no question/],
    [
      'one BEIR file',
      [file('{"_id":"1","text":"x"}\n{"_id":"2","text":"y"}')],
      /choose its corpus, queries and qrels/,
    ],
    ['a damaged line', [file('{"_id":"1"}\n{"_id"')], /line 2 is not JSON/],
  ])('refuses %s in a sentence that says what is accepted', (_, files, why) => {
    const r = readExam(files);
    expect(r.ok ? '' : r.error.message).toMatch(why);
    expect(r.ok ? '' : r.error.message).toContain('accepted are SQuAD');
  });
});

describe('an exam', () => {
  const run = (): ExamReport => {
    const steps = examine(read(file(squad)), EXAMINEES, createRng('exam'));
    let step = steps.next();
    while (!step.done) step = steps.next();
    return step.value;
  };

  it('puts every question to every examinee, reports progress to the end, and is the same for the same seed', () => {
    const report = run();
    expect(report).toMatchObject({ dataset: 'SQuAD', unit: 'passage', entries: 2, questions: 1 });
    expect(report.results.map((r) => r.overall['R@1'].mean)).toEqual([1, 1, 1, 1]);
    expect(run()).toEqual(report);
  });

  it('gives an examinee that knows nothing no points', () => {
    const steps = examine(
      read(file(squad)),
      [{ name: 'none', learn: () => ({ ask: () => [1] }) }],
      createRng('exam'),
    );
    let step = steps.next();
    while (!step.done) step = steps.next();
    expect(step.value.results[0]!.overall['R@20']).toEqual({ mean: 0, low: 0, high: 0 });
  });
});
