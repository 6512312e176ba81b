import { describe, expect, it } from 'vitest';
import { createRng } from '../../../src/kernel/rng.ts';
import type { FetchLike } from '../../../src/memory/endpointEmbedding.ts';
import { examine, textsOf, vectorExaminee, type Examinee } from '../../../src/memory/exam.ts';
import { readExam } from '../../../src/memory/examData.ts';
import { endpointExaminee, withModel } from '../../../src/memory/examEndpoint.ts';
import type { ExamData } from '../../../src/memory/examTypes.ts';
import { MADE_DIMENSIONS, madeEmbeddings, madeVector } from '../../harness/madeEmbeddings.ts';
import { madeSquad } from '../../harness/madeExam.ts';

const data: ExamData = (() => {
  const read = readExam([{ name: 'made', text: madeSquad(4, 6) }]);
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
})();
const endpoint = { baseUrl: 'https://example.org/v1', model: 'made-model', apiKey: 'sk-secret-4711' };
const answer = (json: string, status = 200): ReturnType<FetchLike> =>
  Promise.resolve({ ok: status === 200, status, json: async () => JSON.parse(json) as unknown });

function figures(examinee: Examinee): unknown {
  const steps = examine(data, [examinee], createRng('exam'));
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value.results[0]!.overall;
}

describe("an exam with an endpoint's vectors", () => {
  it('asks for each text once, tells how far it is, and examines with what came back', async () => {
    const asked: string[] = [];
    const told: number[] = [];
    const made = await endpointExaminee(
      endpoint,
      data,
      (_, { body }) => {
        asked.push(...(JSON.parse(body) as { input: string[] }).input);
        return answer(madeEmbeddings(body));
      },
      (done, total) => told.push(done / total),
    );
    if (!made.ok) throw new Error(made.error.message);
    const [probe, ...texts] = asked;
    expect(probe).toBe('Treering');
    expect(texts).toEqual(textsOf(data));
    expect(new Set(texts).size).toBe(texts.length);
    expect(told[0]).toBe(0);
    expect(told.at(-1)).toBe(1);
    expect(made.value.name).toBe(withModel('made-model'));
    const tag = { model: 'made-model', dimensions: MADE_DIMENSIONS };
    const own = vectorExaminee(tag, (text) => Float32Array.from(madeVector(text)), made.value.name);
    expect(figures(made.value)).toEqual(figures(own));
    const none = vectorExaminee(tag, () => new Float32Array(MADE_DIMENSIONS), made.value.name);
    expect(figures(made.value)).not.toEqual(figures(none));
  });

  it('believes a length of vectors that was given, and then asks for nothing beforehand', async () => {
    const sizes: number[] = [];
    const made = await endpointExaminee({ ...endpoint, dimensions: MADE_DIMENSIONS }, data, (_, { body }) => {
      sizes.push((JSON.parse(body) as { input: string[] }).input.length);
      return answer(madeEmbeddings(body));
    });
    expect(made.ok).toBe(true);
    expect(sizes[0]).toBe(64);
  });

  const refusals: readonly [what: string, fetch: FetchLike, sentence: RegExp][] = [
    ['a wrong key', () => answer('{}', 401), /answered with status 401.*no exam was taken\.$/],
    [
      'an address where nobody is',
      () => Promise.reject(new TypeError('Failed to fetch')),
      /cannot be reached.*no exam was taken\.$/,
    ],
    ['another protocol', () => answer('{"hello":1}'), /did not give 1 vectors.*no exam was taken\.$/],
    ['an empty vector', () => answer('{"data":[{"embedding":[]}]}'), /not a row of numbers/],
    [
      'vectors of another length after the first',
      (_, { body }) => {
        const { data } = JSON.parse(madeEmbeddings(body)) as { data: { embedding: number[] }[] };
        if (data.length > 1) data[1]!.embedding.pop();
        return answer(JSON.stringify({ data }));
      },
      /not 24 numbers/,
    ],
  ];
  it.each(refusals)('is refused in a sentence without the key: %s', async (_, fetch, sentence) => {
    const made = await endpointExaminee(endpoint, data, fetch);
    expect(made.ok ? '' : made.error.message).toMatch(sentence);
    expect(JSON.stringify(made)).not.toContain('4711');
  });

  it('is refused before anything is asked when a tab could not hold the vectors', async () => {
    const made = await endpointExaminee({ ...endpoint, dimensions: 10_000_000 }, data, () => {
      throw new Error('nobody is to be asked');
    });
    expect(made.ok ? '' : made.error.message).toMatch(
      /too much for this tab: take a smaller data set or a model with fewer dimensions\.$/,
    );
  });
});
