import type { Question, QuestionTerm } from './recallTypes.ts';
import { eachWord, termOf } from './text.ts';

/** Terms of one question that are looked at: the features keep them as bits of one number. */
export const QUESTION_TERMS_MAX = 31;

/**
 * Words that say what is asked for and not what it is about: they are rare in what was said, so their inverse frequency
 * would make them count most.
 */
const FRAME =
  'summarize summarise summary discuss discussion think thought opinion say said mention talk describe conclude ' +
  'conclusion decide decision agree disagree feel idea point view attitude reason reasoning explain suggest ' +
  'suggestion propose proposal recommend meeting group team whole content result outcome regarding concerning ' +
  'related topic conversation presentation present';
/** Their terms, found out when the first question comes: a hundred workers that start at a time have no time for it. */
let frame: ReadonlySet<string> | null = null;
const isFrame = (term: string): boolean => (frame ??= new Set(FRAME.split(' ').map(termOf))).has(term);
/** What such a word counts of its inverse document frequency. */
export const FRAME_FACTOR = 0.2;

const ASKS_WHEN =
  /\bwhen\b|\bwhat (?:year|date|day|time|century|decade|month)\b|\bin which (?:year|month|century)\b|\bhow long\b/i;
const ASKS_NUMBER = /\bhow (?:many|much|old|long|far|often|big|large|tall|high)\b|\bpercent|\bnumber\b/i;
const ASKS_WHO = /\bwho(?:se|m)?\b/i;

/** Reads a question. More than 31 different terms are cut to the first 31. */
export function analyseQuestion(text: string): Question {
  const terms: QuestionTerm[] = [];
  const places = new Map<string, number>();
  const pairs: [number, number][] = [];
  const words = new Set<string>();
  let before = -1;
  let isFirst = true;
  eachWord(text, (word, capital, opens) => {
    words.add(word);
    const named = capital && !opens && !isFirst;
    isFirst = false;
    const term = termOf(word);
    if (term === '') return;
    let place = places.get(term);
    if (place === undefined) {
      if (terms.length === QUESTION_TERMS_MAX) return;
      place = terms.length;
      places.set(term, place);
      terms.push({ term, words: [word], factor: isFrame(term) ? FRAME_FACTOR : 1, capital: named });
    } else {
      const known = terms[place]!;
      terms[place] = {
        ...known,
        words: known.words.includes(word) ? known.words : [...known.words, word],
        capital: known.capital || named,
      };
    }
    if (before >= 0 && before !== place) pairs.push([before, place]);
    before = place;
  });
  return {
    text,
    terms,
    pairs,
    words,
    asksWhen: ASKS_WHEN.test(text),
    asksNumber: ASKS_NUMBER.test(text),
    asksWho: ASKS_WHO.test(text),
  };
}

/** A question of which nothing is known but its terms, each once. */
export function questionOfTerms(terms: readonly string[]): Question {
  return {
    text: '',
    terms: [...new Set(terms)]
      .slice(0, QUESTION_TERMS_MAX)
      .map((term) => ({ term, words: [], factor: 1, capital: false })),
    pairs: [],
    words: new Set(),
    asksWhen: false,
    asksNumber: false,
    asksWho: false,
  };
}
