/** Endings of a sentence: a mark with its closing quotes before a space, or a full stop that has lost its space. */
const SENTENCE_END = /[.!?…]["'’”)\]]*(?=\s)|(?<=\p{Ll}{2})[.!?](?=\p{Lu}\p{Ll})|[。！？]/gu;
/** A full stop after these ends no sentence, and neither does one after a single letter. */
const ABBREVIATION =
  /(?:^|[\s(])(?:\p{L}|(?:\p{L}\.)+\p{L}|Mr|Mrs|Ms|Dr|St|No|Nos|vs|Gen|Col|Gov|Sen|Rep|Hon|Jr|Sr)\.$/u;
/** The longest of them with what is before it. */
const ABBREVIATION_LENGTH = 12;

/** Where sentences end between `from` and `to`: places right behind the mark and its closing quotes, in order. */
export function sentenceEnds(text: string, from = 0, to = text.length): number[] {
  const ends: number[] = [];
  let begun = from;
  SENTENCE_END.lastIndex = from;
  for (let m = SENTENCE_END.exec(text); m !== null && m.index < to; m = SENTENCE_END.exec(text)) {
    const end = m.index + m[0].length;
    if (m[0] === '.' && ABBREVIATION.test(text.slice(Math.max(begun, end - ABBREVIATION_LENGTH), end)))
      continue;
    ends.push(Math.min(end, to));
    begun = end;
  }
  return ends;
}

/** The sentences of a text, with the spaces around them. */
export const sentencesIn = (text: string): string[] =>
  [...sentenceEnds(text), text.length]
    .map((end, i, ends) => text.slice(ends[i - 1] ?? 0, end))
    .filter((sentence) => sentence.trim() !== '');
