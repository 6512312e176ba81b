import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stem } from '../../../src/memory/stem.ts';
import { STOP_WORDS } from '../../../src/memory/stopWords.ts';
import { analyse, classOfUnit, estimateTokens, words } from '../../../src/memory/text.ts';

describe('words of a text', () => {
  it('are what a plain reading with Unicode properties finds', () => {
    // The oracle knows no apostrophes, digit groups or scripts without spaces, so the texts have none.
    const text = fc.string({ unit: fc.constantFrom(...'abcXYZäßéЖ09 .;:-\n"()'), maxLength: 200 });
    fc.assert(
      fc.property(text, (t) => {
        expect(words(t)).toEqual(
          t
            .normalize('NFC')
            .toLowerCase()
            .match(/[\p{L}\p{M}\p{N}]+/gu) ?? [],
        );
      }),
    );
  });

  it('keep apostrophes inside, whichever way they are written, and thousands together', () => {
    expect(words("The nation’s debt: $1,234,567 in 1861,1862; 'tis O'Neil's")).toEqual([
      'the',
      "nation's",
      'debt',
      '1234567',
      'in',
      '1861',
      '1862',
      'tis',
      "o'neil's",
    ]);
  });

  it('are the same composed and decomposed', () => {
    expect(words('Caf\u0065\u0301')).toEqual(words('Caf\u00e9'));
  });

  it('of scripts without spaces are overlapping pairs', () => {
    expect(words('年輪は森')).toEqual(['年輪', '輪は', 'は森']);
  });

  it('never throw and never grow without bound, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (t) => {
        for (const word of words(t)) expect(word.length).toBeLessThanOrEqual(64);
      }),
    );
  });
});

describe('classes of characters', () => {
  it('are those of Unicode for every code unit, where no table was asked too', () => {
    const [OTHER, WORD, DIGIT, RUN] = [1, 2, 3, 4];
    const wrong = [];
    for (let unit = 0; unit <= 0xffff; unit++) {
      const character = String.fromCharCode(unit);
      const expected = /[0-9]/.test(character)
        ? DIGIT
        : /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u.test(character)
          ? RUN
          : /[\p{L}\p{M}\p{N}\p{Cs}]/u.test(character)
            ? WORD
            : OTHER;
      if (classOfUnit(unit) !== expected) wrong.push(unit.toString(16));
    }
    expect(wrong).toEqual([]);
  });
});

describe('analysis', () => {
  it('is the stems of the words that are no stop words, in order', () => {
    const pool = ['the', 'nations', 'of', 'harvesting', 'Harvests', 'and', "country's", 'agreed', '1862'];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pool)), (picked) => {
        const expected = picked
          .map((w) => w.toLowerCase())
          .filter((w) => !STOP_WORDS.has(w))
          .map(stem);
        expect(analyse(picked.join(' '))).toEqual(expected);
      }),
    );
  });

  it('gives the same terms when its cache has been filled over and over', () => {
    const text = 'The agencies were governing harvested territories';
    const before = analyse(text);
    for (let i = 0; i < 120_000; i++) analyse(`filler${i}`);
    expect(analyse(text)).toEqual(before);
  });
});

it('a model is taken to count one token for four characters, rounded up', () => {
  expect(['', 'a', 'abcd', 'abcde'].map(estimateTokens)).toEqual([0, 1, 1, 2]);
});
