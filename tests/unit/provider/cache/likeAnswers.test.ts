import { describe, expect, test } from 'vitest';
import { createDeskAnswers, ONE_PLACE, type Told } from '../../../../src/provider/deskAnswers.ts';
import type { Embed } from '../../../../src/provider/cache/semanticIndex.ts';
import { providerOptions, type ProviderOptions } from '../../../../src/provider/options.ts';
import { createTestEnv } from '../../../harness/testEnv.ts';

/** Texts of the same words, in any order, are one vector. */
const byWords: Embed = (text) => {
  const vector = new Float32Array(64);
  for (const word of text.toLowerCase().match(/\p{L}+/gu) ?? [])
    vector[[...word].reduce((h, c) => (h * 31 + c.charCodeAt(0)) % 64, 7)]!++;
  const norm = Math.hypot(...vector);
  return norm === 0 ? null : vector.map((v) => v / norm);
};

function build(given: Partial<ProviderOptions> = {}, embed: Embed | null = byWords) {
  const env = createTestEnv();
  const parsed = providerOptions.parse({ semanticFrom: 0.95, semanticCheckEvery: 3, ...given }, 'provider');
  if (!parsed.ok) throw new Error('options');
  const answers = createDeskAnswers(env, parsed.value, { ...ONE_PLACE, embed });
  /** Asks and, where this caller leads, answers with `real`. */
  function ask(question: string, real: string, restsOn = ['p1'], refresh = false): Told | null {
    const key = `${question}/${restsOn.join()}`;
    let heard: Told | null = null;
    const request = { agent: 'a', inputTokens: 1, maxOutputTokens: 1, deadlineAtMs: 1e9, cacheKey: key };
    answers.ask(1, { ...request, question, restsOn, refresh }, (told) => (heard = told));
    if ((heard as Told | null)?.type === 'lead') answers.fill(key, real, restsOn);
    return heard;
  }
  return { env, answers, ask };
}

const PANIC = 'what caused the panic of the banks';
const TURNED = 'the panic of the banks: what caused';

describe('like questions', () => {
  test('share an answer when they rest on the same passages in the same order, and not otherwise', () => {
    const { ask } = build();
    expect(ask(PANIC, 'Speculation.')).toMatchObject({ type: 'lead' });
    expect(ask(TURNED, 'Speculation.')).toMatchObject({
      type: 'answer',
      text: 'Speculation.',
      layer: 'like',
    });
    expect(ask(TURNED, 'Other.', ['p2'])).toMatchObject({ type: 'lead' });
    expect(ask('who was the panic of the banks', 'A man.')).toMatchObject({ type: 'lead' });
    expect(ask(`not ${PANIC}`, 'Trust.')).toMatchObject({ type: 'lead' });
  });

  test('share nothing when the layer is off, without vectors, or when a fresh answer is wanted', () => {
    for (const { answers, ask } of [build({ semanticFrom: 0 }), build({}, null), build({ cacheBytes: 0 })]) {
      ask(PANIC, 'Speculation.');
      expect(ask(TURNED, 'Speculation.')).toMatchObject({ type: 'lead' });
      expect(answers.counts().like).toBeNull();
    }
    const { ask } = build();
    ask(PANIC, 'Speculation.');
    expect(ask(TURNED, 'Speculation.', ['p1'], true)).toMatchObject({ type: 'lead' });
  });

  test('one of so many is fetched all the same, and false ones are counted with their interval', () => {
    const { answers, ask } = build({ semanticCheckEvery: 2 });
    const layers: (string | undefined)[] = [];
    for (const [passage, real] of [
      ['p1', 'A drought, they said.'],
      ['p2', 'Speculation.'],
    ] as const) {
      ask(PANIC, 'Speculation.', [passage]);
      for (const turned of [TURNED, 'of the panic of banks the what caused']) {
        const told = ask(turned, real, [passage]);
        layers.push(told?.type === 'answer' ? told.layer : told?.type);
      }
    }
    expect(layers).toEqual(['like', 'lead', 'like', 'lead']);
    const { like } = answers.counts();
    expect(like).toMatchObject({ hits: 4, checked: 2, falseHits: 1 });
    const [low, high] = like!.falseRate;
    expect(low).toBeGreaterThan(0);
    expect(low).toBeLessThan(0.5);
    expect(high).toBeGreaterThan(0.5);
  });

  test('are forgotten with what they rest on', () => {
    const { answers, ask } = build();
    ask(PANIC, 'Speculation.');
    answers.changed(['p1']);
    expect(ask(TURNED, 'Speculation.')).toMatchObject({ type: 'lead' });
  });

  test('callers that waited for a key whose first caller got a like answer are not left waiting', () => {
    const { answers, ask } = build();
    const request = { agent: 'a', inputTokens: 1, maxOutputTokens: 1, deadlineAtMs: 1e9, restsOn: ['p1'] };
    const first: Told[] = [];
    // An equal key asked twice before anything is known: the second waits for the first.
    answers.ask(1, { ...request, cacheKey: 'k', question: TURNED }, (told) => first.push(told));
    const second: Told[] = [];
    answers.ask(2, { ...request, cacheKey: 'k', question: TURNED }, (told) => second.push(told));
    expect([first.map((t) => t.type), second]).toEqual([['lead'], []]);
    ask(PANIC, 'Speculation.');
    answers.fail('k');
    expect(second).toMatchObject([{ type: 'answer', text: 'Speculation.', layer: 'like' }]);
  });
});
