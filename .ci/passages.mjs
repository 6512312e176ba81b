// How the built-in corpus is cut: passages of about 60 to 160 words, 100 where sentences are added one by one.
const WORDS_MIN = 60;
const WORDS_MAX = 160;
const WORDS_TARGET = 100;

/** Words, but not fewer than one for 12 characters. @param {string} text */
const countWords = (text) => Math.max(text.match(/\S+/g)?.length ?? 0, Math.ceil(text.length / 12));

/**
 * The sentences of a paragraph, trimmed, in order; every word is in exactly one.
 * @param {string} paragraph
 * @param {(text: string) => readonly number[]} sentenceEnds
 */
function sentences(paragraph, sentenceEnds) {
  const ends = [0, ...sentenceEnds(paragraph), paragraph.length];
  return ends
    .slice(1)
    .map((end, i) => paragraph.slice(ends[i], end).trim())
    .filter((sentence) => sentence !== '');
}

/**
 * A sentence without an end for too long, cut between words.
 * @param {string} sentence
 */
function cutLong(sentence) {
  /** @type {string[]} */
  const out = [];
  for (const word of sentence.split(' ')) {
    const longer = `${out.at(-1)} ${word}`;
    if (out.length > 0 && countWords(longer) <= WORDS_MAX) out[out.length - 1] = longer;
    else out.push(word);
  }
  return out;
}

/**
 * Joins neighbours until each is big enough, never past the most a passage may have.
 * @param {readonly string[]} units
 * @param {number} target
 */
function join(units, target) {
  /** @type {{ text: string, words: number }[]} */
  const out = [];
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

/**
 * The passages of running text: paragraphs (blank lines between them) with white space evened out, short ones joined, long
 * ones cut at ends of sentences and, where a sentence is too long, between words.
 * @param {string} text
 * @param {(text: string) => readonly number[]} sentenceEnds
 * @returns {string[]}
 */
export function passagesOf(text, sentenceEnds) {
  const paragraphs = text
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.replace(/\s+/g, ' ').trim())
    .filter((paragraph) => paragraph !== '');
  return join(
    paragraphs.flatMap((paragraph) => {
      if (countWords(paragraph) <= WORDS_MAX) return [paragraph];
      const units = sentences(paragraph, sentenceEnds).flatMap((sentence) =>
        countWords(sentence) <= WORDS_MAX ? [sentence] : cutLong(sentence),
      );
      return join(units, WORDS_TARGET);
    }),
    WORDS_MIN,
  );
}
