/**
 * The English (Porter2) stemming algorithm by Martin Porter, written from its definition at
 * https://snowballstem.org/algorithms/english/stemmer.html.
 */

const LI_ENDINGS = 'cdeghkmnrt';
const DOUBLES = new Set(['bb', 'dd', 'ff', 'gg', 'mm', 'nn', 'pp', 'rr', 'tt']);

/** Words whose stems the rules would get wrong; those that map to themselves are left alone. */
const IRREGULAR = new Map(
  (
    'skis:ski skies:sky idly:idl gently:gentl ugly:ugli early:earli only:onli singly:singl ' +
    'dying:die lying:lie tying:tie ' +
    'sky:sky news:news howe:howe atlas:atlas cosmos:cosmos bias:bias andes:andes'
  )
    .split(' ')
    .map((pair) => pair.split(':') as [string, string]),
);

/** Left alone once plural endings are gone. */
const AFTER_PLURAL = new Set('inning outing canning herring earring proceed exceed succeed'.split(' '));

/** Beginnings after which R1 starts, whatever the vowels say. */
const R1_PREFIXES = ['gener', 'commun', 'arsen'];

/** Suffix and replacement, longest first, so that the first that fits is the longest. */
const table = (pairs: string): readonly (readonly [string, string])[] =>
  pairs
    .split(' ')
    .map((pair): [string, string] => {
      const [suffix, replacement] = pair.split(':');
      return [suffix!, replacement ?? ''];
    })
    .sort((a, b) => b[0].length - a[0].length);

const STEP_2 = table(
  'tional:tion enci:ence anci:ance abli:able entli:ent izer:ize ization:ize ational:ate ation:ate ator:ate ' +
    'alism:al aliti:al alli:al fulness:ful ousli:ous ousness:ous iveness:ive iviti:ive biliti:ble bli:ble ' +
    'ogi:og fulli:ful lessli:less li',
);
const STEP_3 = table('tional:tion ational:ate alize:al icate:ic iciti:ic ical:ic ful ness ative');
const STEP_4 = table('al ance ence er ic able ible ant ement ment ent ism ate iti ous ive ize ion');

/** `Y` marks a y that is a consonant. */
const isVowel = (letter: string | undefined): boolean => letter !== undefined && 'aeiouy'.includes(letter);

const hasVowel = (text: string): boolean => /[aeiouy]/.test(text);

/** The start of the region after the first non-vowel that follows a vowel, looking from `from` on. */
function regionAfter(word: string, from: number): number {
  let i = from;
  while (i < word.length && !isVowel(word[i])) i++;
  while (i < word.length && isVowel(word[i])) i++;
  return Math.min(i + 1, word.length);
}

/** Whether `word` ends in a short syllable. */
function endsShort(word: string): boolean {
  const n = word.length;
  const last = word[n - 1];
  if (n < 2 || isVowel(last) || !isVowel(word[n - 2])) return false;
  if (n === 2) return true;
  return !isVowel(word[n - 3]) && last !== 'w' && last !== 'x' && last !== 'Y';
}

function markConsonantY(word: string): string {
  if (!word.includes('y')) return word;
  let out = '';
  for (let i = 0; i < word.length; i++)
    out += word[i] === 'y' && (i === 0 || isVowel(out[i - 1])) ? 'Y' : word.charAt(i);
  return out;
}

function step1a(w: string): string {
  if (w.endsWith('sses')) return w.slice(0, -2);
  if (w.endsWith('ied') || w.endsWith('ies')) return w.length > 4 ? w.slice(0, -2) : w.slice(0, -1);
  if (w.endsWith('us') || w.endsWith('ss')) return w;
  if (w.endsWith('s') && hasVowel(w.slice(0, -2))) return w.slice(0, -1);
  return w;
}

function step1b(w: string, r1: number): string {
  for (const suffix of ['eedly', 'eed'])
    if (w.endsWith(suffix)) {
      const cut = w.length - suffix.length;
      return cut >= r1 ? `${w.slice(0, cut)}ee` : w;
    }
  for (const suffix of ['ingly', 'edly', 'ing', 'ed'])
    if (w.endsWith(suffix)) {
      const rest = w.slice(0, -suffix.length);
      if (!hasVowel(rest)) return w;
      if (/(at|bl|iz)$/.test(rest)) return `${rest}e`;
      if (DOUBLES.has(rest.slice(-2))) return rest.slice(0, -1);
      return rest.length <= r1 && endsShort(rest) ? `${rest}e` : rest;
    }
  return w;
}

function step1c(w: string): string {
  const last = w[w.length - 1];
  return (last === 'y' || last === 'Y') && w.length > 2 && !isVowel(w[w.length - 2])
    ? `${w.slice(0, -1)}i`
    : w;
}

function replaceSuffix(
  w: string,
  suffixes: readonly (readonly [string, string])[],
  region: number,
  allowed: (suffix: string, cut: number) => boolean,
): string {
  for (const [suffix, replacement] of suffixes)
    if (w.endsWith(suffix)) {
      const cut = w.length - suffix.length;
      return cut >= region && allowed(suffix, cut) ? w.slice(0, cut) + replacement : w;
    }
  return w;
}

function step5(w: string, r1: number, r2: number): string {
  const cut = w.length - 1;
  const rest = w.slice(0, cut);
  if (w.endsWith('e')) return cut >= r2 || (cut >= r1 && !endsShort(rest)) ? rest : w;
  if (w.endsWith('l') && cut >= r2 && rest.endsWith('l')) return rest;
  return w;
}

/** The stem of one lower-cased word, which may hold apostrophes (`'`). Words of other alphabets come back nearly as they are. */
export function stem(word: string): string {
  if (word.length <= 2) return word;
  const irregular = IRREGULAR.get(word);
  if (irregular !== undefined) return irregular;
  let w = markConsonantY(word.startsWith("'") ? word.slice(1) : word);
  const prefix = R1_PREFIXES.find((p) => w.startsWith(p));
  const r1 = prefix === undefined ? regionAfter(w, 0) : prefix.length;
  const r2 = regionAfter(w, r1);
  w = w.replace(/'s'?$|'$/, '');
  w = step1a(w);
  if (AFTER_PLURAL.has(w)) return w;
  w = step1c(step1b(w, r1));
  w = replaceSuffix(w, STEP_2, r1, (suffix, cut) => {
    if (suffix === 'ogi') return w[cut - 1] === 'l';
    return suffix !== 'li' || LI_ENDINGS.includes(w[cut - 1] ?? '-');
  });
  w = replaceSuffix(w, STEP_3, r1, (suffix, cut) => suffix !== 'ative' || cut >= r2);
  w = replaceSuffix(w, STEP_4, r2, (suffix, cut) => suffix !== 'ion' || 'st'.includes(w[cut - 1] ?? '-'));
  return step5(w, r1, r2).replaceAll('Y', 'y');
}
