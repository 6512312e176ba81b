import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stem } from '../../../src/memory/stem.ts';

/** Pairs out of the sample vocabulary that is published with the algorithm, and the examples of its definition. */
const PUBLISHED = `
  consign consign, consigned consign, consigning consign, consignment consign, consistency consist, consolatory consolatori,
  consoled consol, knackeries knackeri, knaves knave, knavish knavish, kneaded knead, knees knee, knightly knight, knitting knit,
  knocker knocker, frivolities frivol, frivolous frivol, frizzling frizzl, frolicsome frolicsom, fronting front,
  frontispiece frontispiec, frosty frosti, fructifying fructifi, frugality frugal, fruitlessly fruitless, fry fri, frying fri,
  fugitives fugit, fulcrum fulcrum, fulfilled fulfil, fulfilment fulfil, fulgurites fulgurit, fullness full, fully fulli,
  fulness ful, fuming fume, functionary functionari, fundamentally fundament, funereal funer, funniest funniest, furies furi,
  furiously furious, furniture furnitur, furthermore furthermor, furtively furtiv, fusibility fusibl, fussily fussili,
  futile futil, futures futur, gadfly gadfli, gaieties gaieti, gainsaying gainsay, galaxy galaxi, galley galley,
  gallinaceous gallinac, gallows gallow, galvanism galvan, gambolling gambol, gamesters gamest, gases gase, gasping gasp,
  gay gay, geese gees, gelatinous gelatin, gemmules gemmul, genealogical genealog, genera genera, generalization general,
  generally general, generalship generalship, generations generat, generic generic, generosity generos, generously generous,
  genius genius, genteelly genteelli, gentility gentil, gentlemanly gentleman, gentleness gentl, gently gentl, genuinely genuin,
  geographical geograph, geology geolog, geologically geolog, geologizing geolog, geometry geometri, germinating germin,
  gesticulations gesticul, getting get, gettings get, ghastly ghast, ghostly ghost, geously geousli,
  ties tie, cries cri, gas gas, this this, gaps gap, kiwis kiwi, luxuriating luxuri, hopping hop, hoping hope, cry cri, by by,
  say say, skies sky, dying die, news news, proceed proceed, exceeding exceed, innings inning, communism communism, agreed agre
`;

describe('the stem of a word', () => {
  const pairs = PUBLISHED.split(',').map((pair) => pair.trim().split(/\s+/) as [string, string]);
  it.each(pairs)('of %s is %s, as published', (word, expected) => {
    expect(stem(word)).toBe(expected);
  });

  it('loses an apostrophe with what belongs to it', () => {
    expect(stem("nation's")).toBe('nation');
    expect(stem("nations'")).toBe('nation');
    expect(stem("'twas")).toBe('twas');
  });

  it('is never empty and never longer than the word by more than the e that a rule puts back', () => {
    const word = fc
      .string({ unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz'), minLength: 1, maxLength: 16 })
      .chain((root) =>
        fc
          .constantFrom('', 's', 'ed', 'ing', 'ly', 'ational', 'fulness', 'iviti', 'e')
          .map((end) => root + end),
      );
    fc.assert(
      fc.property(word, (w) => {
        const s = stem(w);
        expect(s.length).toBeGreaterThan(0);
        expect(s.length).toBeLessThanOrEqual(w.length);
        expect(s).toBe(s.toLowerCase());
      }),
    );
  });
});
