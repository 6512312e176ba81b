import { describe, expect, test } from 'vitest';
import { gistOf, mayShareAnswer } from '../../../../src/provider/cache/meaningGuard.ts';
import { sameAnswer, SemanticIndex, wilsonInterval } from '../../../../src/provider/cache/semanticIndex.ts';

const share = (a: string, b: string): boolean => mayShareAnswer(gistOf(a), gistOf(b));

describe('the guard holds apart', () => {
  test.each([
    ['numbers', 'What happened in 1862?', 'What happened in 1863?'],
    ['numbers in words', 'What are the two causes?', 'What are the three causes?'],
    ['names', 'When did Lincoln speak of the war?', 'When did Grant speak of the war?'],
    ['months', 'What was said in May?', 'What was said in June?'],
    ['negations', 'Which states did join?', 'Which states did not join?'],
    ['short negations', 'Why could they pay?', 'Why couldn’t they pay?'],
    ['opposites', 'What was said before the war?', 'What was said after the war?'],
    ['directions of change', 'Why did prices rise?', 'Why did prices fall?'],
    ['what is asked for', 'Who signed the treaty?', 'When was the treaty signed?'],
    ['measures', 'How many ships were lost?', 'How long were ships lost?'],
  ])('%s', (_what, a, b) => {
    expect(share(a, b)).toBe(false);
    expect(share(b, a)).toBe(false);
  });
});

describe('the guard lets pass', () => {
  test.each([
    ['Who signed the treaty?', 'By whom was the treaty signed?'],
    ['What did Lincoln say of slavery?', 'What was it that Lincoln said about slavery?'],
    ['How many ships were lost in 1812?', 'In 1812, how many ships did they lose?'],
    ['Tell me the cause of the panic.', 'What was the cause of the panic?'],
  ])('%s / %s', (a, b) => expect(share(a, b)).toBe(true));
});

/** Words as directions: texts of the same words, in any order, are one vector. */
function toyEmbed(text: string): Float32Array | null {
  const vector = new Float32Array(64);
  for (const word of text.toLowerCase().match(/\p{L}+/gu) ?? []) {
    let h = 7;
    for (const c of word) h = (h * 31 + c.charCodeAt(0)) % 64;
    vector[h] = vector[h]! + 1;
  }
  const norm = Math.hypot(...vector);
  return norm === 0 ? null : vector.map((v) => v / norm);
}
const options = { threshold: 0.9, entries: 3, checkEvery: 2, guard: true };

describe('the index', () => {
  test('finds an equal question and passes over keys without an answer', () => {
    const index = new SemanticIndex(toyEmbed, options);
    index.add('what caused the panic', 'k1');
    expect(index.find('the panic: what caused the', () => true)).toMatchObject({ key: 'k1' });
    expect(index.find('the panic: what caused the', () => false)).toBeNull();
    expect(index.find('something else entirely', () => true)).toBeNull();
    expect(index.find('', () => true)).toBeNull();
  });

  test('is held back by the guard, and counts that', () => {
    const index = new SemanticIndex(toyEmbed, options);
    index.add('what was spent on the navy and the army in 1901', 'k1');
    const other = 'what was spent on the navy and the army in 1902';
    expect(index.find(other, () => true)).toBeNull();
    expect(index.counts).toMatchObject({ asked: 1, hits: 0, guarded: 1 });
    expect(new SemanticIndex(toyEmbed, { ...options, guard: false }).find(other, () => true)).toBeNull();
    const careless = new SemanticIndex(toyEmbed, { ...options, guard: false });
    careless.add('what was spent on the navy and the army in 1901', 'k1');
    expect(careless.find(other, () => true)).toMatchObject({ key: 'k1' });
  });

  test('knows so many questions, and forgets the one that was of no use the longest', () => {
    const index = new SemanticIndex(toyEmbed, options);
    for (const word of ['alpha', 'navy', 'gold']) index.add(word, word);
    index.find('alpha', () => true);
    index.add('wool', 'wool');
    expect(index.size).toBe(3);
    expect(index.find('navy', () => true)).toBeNull();
    expect(index.find('alpha', () => true)).not.toBeNull();
  });

  test('has a share of its hits checked, and counts the false ones', () => {
    const index = new SemanticIndex(toyEmbed, options);
    index.add('alpha', 'k');
    const checks = Array.from({ length: 6 }, () => index.find('alpha', () => true)!.check);
    expect(checks).toEqual([false, true, false, true, false, true]);
    index.checked('the navy was built [1]', 'The navy was built. [1]');
    index.checked('the navy was built', 'gold was found in the west');
    expect(index.counts).toMatchObject({ hits: 6, checked: 2, falseHits: 1 });
  });
});

test('answers are the same by the overlap of their words', () => {
  expect(sameAnswer('the treaty was signed in 1814', 'In 1814 the treaty was signed.')).toBe(true);
  expect(sameAnswer('the treaty was signed in 1814', 'nobody remembers anything of it')).toBe(false);
  expect(sameAnswer('', '')).toBe(true);
  expect(sameAnswer('', 'x')).toBe(false);
});

test('the interval of a rate is Wilson’s', () => {
  // Values of the formula, worked out by hand for 1 of 10 and 0 of 20.
  const [low, high] = wilsonInterval(1, 10);
  expect(low).toBeCloseTo(0.0179, 3);
  expect(high).toBeCloseTo(0.4042, 3);
  expect(wilsonInterval(0, 20)[0]).toBe(0);
  expect(wilsonInterval(0, 20)[1]).toBeCloseTo(0.1611, 3);
  expect(wilsonInterval(0, 0)).toEqual([0, 1]);
});
