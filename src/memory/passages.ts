/** A passage of this many words is big enough to stand alone; a citation of it says something. */
const WORDS_MIN = 60;
const WORDS_MAX = 160;
/** Where a passage is closed while sentences are added one by one. */
const WORDS_TARGET = 100;
/** In text without spaces so many characters count as a word, so that nothing grows without bound. */
const CHARACTERS_PER_WORD = 12;

/** Endings of a sentence: a mark with its closing quotes before a space, or a full stop that has lost its space. */
const SENTENCE_END = /[.!?…]["'’”)\]]*(?=\s)|(?<=\p{Ll}{2})[.!?](?=\p{Lu}\p{Ll})|[。！？]/gu;
/** A full stop after these ends no sentence, and neither does one after a single letter. */
const ABBREVIATION =
  /(?:^|[\s(])(?:\p{L}|(?:\p{L}\.)+\p{L}|Mr|Mrs|Ms|Dr|St|No|Nos|vs|Gen|Col|Gov|Sen|Rep|Hon|Jr|Sr)\.$/u;

/** Words of a text, about: what the sizes here are measured in. */
export function countWords(text: string): number {
  const spaced = text.match(/\S+/g)?.length ?? 0;
  return Math.max(spaced, Math.ceil(text.length / CHARACTERS_PER_WORD));
}

/** The sentences of a paragraph, trimmed, in order; every word is in exactly one. */
export function sentences(paragraph: string): string[] {
  const out: string[] = [];
  let from = 0;
  for (const end of paragraph.matchAll(SENTENCE_END)) {
    const to = end.index + end[0].length;
    if (end[0] === '.' && ABBREVIATION.test(paragraph.slice(Math.max(from, to - 12), to))) continue;
    out.push(paragraph.slice(from, to).trim());
    from = to;
  }
  out.push(paragraph.slice(from).trim());
  return out.filter((sentence) => sentence !== '');
}

/** Cuts what has no sentence end for too long: between words, or inside one that is itself too long. */
function cutLong(sentence: string): string[] {
  if (countWords(sentence) <= WORDS_MAX) return [sentence];
  const out: string[] = [];
  let current = '';
  const lengthMax = WORDS_MAX * CHARACTERS_PER_WORD;
  for (const word of sentence.split(/\s+/)) {
    let rest = word;
    while (rest.length > lengthMax) {
      // Not between the halves of a surrogate pair.
      const at = /[\uD800-\uDBFF]/.test(rest[lengthMax - 1]!) ? lengthMax - 1 : lengthMax;
      if (current !== '') out.push(current);
      out.push(rest.slice(0, at));
      current = '';
      rest = rest.slice(at);
    }
    const longer = current === '' ? rest : `${current} ${rest}`;
    if (countWords(longer) > WORDS_MAX) {
      out.push(current);
      current = rest;
    } else current = longer;
  }
  if (current !== '') out.push(current);
  return out;
}

/** Joins neighbours until each is big enough, never past the most a passage may have. */
function pack(units: readonly string[], target: number): string[] {
  const out: { text: string; words: number }[] = [];
  for (const text of units) {
    const words = countWords(text);
    const last = out[out.length - 1];
    if (last && last.words < target && last.words + words <= WORDS_MAX) {
      last.text += ` ${text}`;
      last.words += words;
    } else out.push({ text, words });
  }
  const last = out[out.length - 1];
  const before = out[out.length - 2];
  if (last && before && last.words < WORDS_MIN && before.words + last.words <= WORDS_MAX) {
    before.text += ` ${last.text}`;
    out.pop();
  }
  return out.map((passage) => passage.text);
}

/** One paragraph or turn, whitespace evened out, cut at sentence ends into pieces of at most about 160 words. */
export function splitLong(text: string): string[] {
  const even = text.replace(/\s+/g, ' ').trim();
  if (even === '') return [];
  if (countWords(even) <= WORDS_MAX) return [even];
  return pack(sentences(even).flatMap(cutLong), WORDS_TARGET);
}

/** The passages of running text: paragraphs (blank lines between them), short ones joined, long ones cut: about 60 to 160 words. */
export function splitText(text: string): string[] {
  return pack(text.split(/\n\s*\n/).flatMap(splitLong), WORDS_MIN);
}
