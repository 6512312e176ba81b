/**
 * Says whether two questions that look alike may have the same answer. Vectors of words hardly tell "before" from "after"
 * or 1862 from 1863; so whatever turns a meaning round must stand in both: numbers, names, negations, opposites, and
 * what is asked for.
 */

/** Senses that exclude each other: in each row the forms of one, then of its opposite, and of others of that kind. */
const OPPOSITES: readonly (readonly string[])[] = [
  ['before', 'after', 'during', 'since', 'until'],
  ['first', 'last final', 'second', 'third', 'next', 'previous'],
  ['more', 'less fewer'],
  ['most', 'least fewest'],
  [
    'increase increased increases rise rose rises grow grew grows gain gained',
    'decrease decreased decreases fall fell falls shrink shrank drop dropped decline declined',
  ],
  ['high higher highest', 'low lower lowest'],
  ['large larger largest big bigger biggest', 'small smaller smallest little'],
  ['long longer longest', 'short shorter shortest'],
  ['old older oldest', 'new newer newest young younger youngest'],
  ['begin began begins begun start started starts', 'end ended ends stop stopped stops'],
  ['open opened opens', 'close closed closes'],
  ['win won wins', 'lose lost loses'],
  ['buy bought buys', 'sell sold sells'],
  ['import imports imported', 'export exports exported'],
  ['north northern', 'south southern', 'east eastern', 'west western'],
  ['left', 'right'],
  ['inside', 'outside'],
  ['above over', 'below under'],
  ['advantage advantages benefit benefits pros', 'disadvantage disadvantages drawback drawbacks cons'],
  ['enable enabled allow allowed permit permitted', 'disable disabled forbid forbidden prohibit prohibited'],
  ['support supported supports', 'oppose opposed opposes against'],
  ['legal', 'illegal'],
  ['possible', 'impossible'],
  ['include included includes', 'exclude excluded excludes'],
  ['accept accepted accepts', 'reject rejected rejects refuse refused'],
  ['man men male boy', 'woman women female girl'],
  ['father', 'mother', 'son', 'daughter', 'husband', 'wife', 'brother', 'sister'],
  ['king', 'queen'],
  ['maximum max', 'minimum min'],
];
const senses = new Map(
  OPPOSITES.flatMap((row, i) =>
    row.flatMap((forms, k) => forms.split(' ').map((word) => [word, `${i}/${k}`] as const)),
  ),
);

/** Words that begin a sentence without being a name. */
const STARTERS = new Set(
  (
    'a an and about after also among around as at because before between but by can could did describe do does during ' +
    'each every explain find for from give had has have i if in into is it its list may might must name of on one or our ' +
    'please say shall should show since some tell that the their them there these they this those though to under until ' +
    'was we were while will with within would you your'
  ).split(' '),
);

const NEGATIONS = new Set([
  'not',
  'no',
  'never',
  'none',
  'neither',
  'nor',
  'nobody',
  'nothing',
  'without',
  'cannot',
]);
/** What is asked for. */
const ASKED = new Map(
  Object.entries({
    who: 'person',
    whom: 'person',
    whose: 'person',
    when: 'time',
    where: 'place',
    why: 'reason',
    how: 'manner',
    what: 'thing',
    which: 'thing',
  }),
);
/** After `how`: how many and how long are different questions. */
const MEASURES = new Set([
  'many',
  'much',
  'long',
  'far',
  'old',
  'often',
  'large',
  'big',
  'tall',
  'high',
  'deep',
  'fast',
]);
const NUMBER_WORDS = new Map(
  [
    'zero',
    'one',
    'two',
    'three',
    'four',
    'five',
    'six',
    'seven',
    'eight',
    'nine',
    'ten',
    'eleven',
    'twelve',
  ].map((word, i) => [word, String(i)] as const),
);
const MONTHS = new Set(
  'january february march april may june july august september october november december'.split(' '),
);

/** What must be equal in two questions for one answer to serve both. */
export interface Gist {
  readonly numbers: string;
  /** Capitalised words inside the sentence, months included. */
  readonly names: string;
  readonly negated: boolean;
  readonly opposites: string;
  readonly asked: string;
}

const sorted = (words: Iterable<string>): string => [...new Set(words)].sort().join(' ');

/** The gist of an English question. */
export function gistOf(text: string): Gist {
  const words = text.match(/[\p{L}\p{N}]+(?:['’.,][\p{L}\p{N}]+)*/gu) ?? [];
  const lower = words.map((word) => word.toLowerCase());
  const numbers = lower.flatMap((word) =>
    /\d/.test(word) ? [word.replace(/,/g, '')] : NUMBER_WORDS.has(word) ? [NUMBER_WORDS.get(word)!] : [],
  );
  const names = words.flatMap((word, i) => {
    const begins = i === 0 && (ASKED.has(lower[i]!) || STARTERS.has(lower[i]!));
    const isName = /^\p{Lu}/u.test(word) && !begins && word !== 'I';
    return isName || MONTHS.has(lower[i]!) ? [lower[i]!.replace(/['’]s$/, '')] : [];
  });
  const at = lower.findIndex((word) => ASKED.has(word));
  const kind = at < 0 ? 'none' : ASKED.get(lower[at]!)!;
  const measure = kind === 'manner' && MEASURES.has(lower[at + 1] ?? '') ? lower[at + 1]! : '';
  return {
    numbers: sorted(numbers),
    names: sorted(names),
    negated: lower.filter((word) => NEGATIONS.has(word) || /n['’]t$/.test(word)).length % 2 === 1,
    opposites: sorted(lower.flatMap((word) => senses.get(word) ?? [])),
    asked: `${kind} ${measure}`.trim(),
  };
}

/** Whether nothing turns one of them into another question than the other. */
export const mayShareAnswer = (a: Gist, b: Gist): boolean =>
  a.numbers === b.numbers &&
  a.names === b.names &&
  a.negated === b.negated &&
  a.opposites === b.opposites &&
  (a.asked === b.asked || a.asked === 'none' || b.asked === 'none');
