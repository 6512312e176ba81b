import { createRng } from '../../src/kernel/rng.ts';

const WORDS = (
  'river mill stone bridge lantern harbour orchard copper violin winter ferry granite letter clock meadow anchor ' +
  'saddle kettle thunder barley chapel ribbon compass glacier pepper walnut sparrow cellar marble willow'
).split(' ');

/** A made data set in SQuAD's shape: each paragraph has a name of its own that its questions ask for, and words that all share. */
export function madeSquad(articles: number, paragraphs: number, words = 30): string {
  const rng = createRng('made exam');
  const data = Array.from({ length: articles }, (_, a) => ({
    title: `Article_${a}`,
    paragraphs: Array.from({ length: paragraphs }, (_, p) => {
      const name = `Ormi${a}x${p}`;
      const text = Array.from({ length: words }, () => rng.pick(WORDS)).join(' ');
      return {
        context: `The keeper ${name} wrote of this: ${text}.`,
        qas: [
          { id: `${a}/${p}/0`, question: `What did ${name} write of?` },
          {
            id: `${a}/${p}/1`,
            question: `Who wrote of the ${rng.pick(WORDS)} and the ${text.split(' ')[0]!}?`,
          },
        ],
      };
    }),
  }));
  return JSON.stringify({ version: 'made', data });
}

/** A made data set in QMSum's shape, as JSON lines. */
export function madeMeetings(meetings: number, turns: number): string {
  const rng = createRng('made meetings');
  return Array.from({ length: meetings }, (_, m) => {
    const about = Math.floor(turns / 2);
    return JSON.stringify({
      meeting_transcripts: Array.from({ length: turns }, (_, t) => ({
        speaker: t % 2 === 0 ? 'Mara' : 'Jonas',
        content:
          t === about
            ? `The budget of meeting ${m} is for a ${rng.pick(WORDS)} and a remote control.`
            : `Well, the ${rng.pick(WORDS)} and the ${rng.pick(WORDS)} can wait.`,
      })),
      specific_query_list: [
        { query: `What was the budget for?`, answer: '', relevant_text_span: [[`${about}`, `${about}`]] },
      ],
    });
  }).join('\n');
}
