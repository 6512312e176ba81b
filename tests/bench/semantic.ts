import { extractAnswer } from '../../src/provider/extract.ts';
import { buildPrompt, parsePrompt } from '../../src/provider/prompt.ts';
import { sameAnswer, SemanticIndex, wilsonInterval } from '../../src/provider/cache/semanticIndex.ts';
import { unitVectors } from '../../src/worlds/live/wordVectors.ts';
import { type BenchContext, type BenchResult, type BenchRow } from '../harness/bench.ts';
import { dataFolder, sharedDataset } from '../harness/examFile.ts';
import { packedWordVectors } from '../harness/wordVectors.ts';

/**
 * How often the cache of like questions is wrong: the questions of each SQuAD paragraph, asked in turn about that
 * paragraph. People wrote them to differ, so nearly every hit is a trap; a hit is false when the sentence of the paragraph
 * that answers the one best, as the simulated model picks it, is another than that for the other (token F1 below 0.5).
 */
export function run({ log }: BenchContext): BenchResult {
  const squad = sharedDataset('squad.json.gz');
  if (squad === null)
    throw new Error(
      `There is no datasets/squad.json.gz in ${dataFolder()}. Name the folder that has it in TREERING_DATA.`,
    );
  const model = packedWordVectors();
  if (!model) throw new Error('There are no packed word vectors (public/models): npm run build packs them.');
  const known = new Map<string, Float32Array | null>();
  const vectorOf = unitVectors(model);
  const embed = (text: string): Float32Array | null => {
    if (!known.has(text)) known.set(text, vectorOf(text));
    return known.get(text)!;
  };
  const asked = squad.groups.flatMap(({ entries, questions }) => {
    const texts = new Map(entries.map((e) => [e.id, e.text]));
    return questions.map((q) => {
      const paragraph = [...q.relevant.keys()][0]!;
      const passage = { speaker: '', date: '', text: texts.get(paragraph)! };
      const { messages } = buildPrompt(q.text, [passage], 16_000);
      return { question: q.text, paragraph, answer: extractAnswer(parsePrompt(messages), 1, 400).text };
    });
  });
  const rows: BenchRow[] = [];
  const intervals: string[] = [];
  for (const threshold of [0.98, 0.95, 0.9, 0.85, 0.8])
    for (const guard of [true, false]) {
      let hits = 0;
      let falseHits = 0;
      const indexes = new Map<string, SemanticIndex>();
      for (const [i, { question, paragraph, answer }] of asked.entries()) {
        const index =
          indexes.get(paragraph) ??
          new SemanticIndex(embed, { threshold, entries: 1_000, checkEvery: 1, guard });
        indexes.set(paragraph, index);
        const hit = index.find(question, () => true);
        if (hit !== null) {
          hits++;
          if (!sameAnswer(asked[Number(hit.key)]!.answer, answer)) falseHits++;
        }
        index.add(question, String(i));
      }
      const name = `cosine ${threshold}, ${guard ? 'with' : 'without'} the guard`;
      const percent = (n: number): number => (100 * n) / asked.length;
      const [low, high] = wilsonInterval(falseHits, asked.length).map((x) => (100 * x).toFixed(2));
      rows.push({ name: `hits, ${name}`, unit: '% of questions', samples: [percent(hits)] });
      rows.push({ name: `false hits, ${name}`, unit: '% of questions', samples: [percent(falseHits)] });
      intervals.push(
        `${name}: ${falseHits} of ${hits} hits false, ${low} to ${high} % of ${asked.length} questions`,
      );
      log(intervals.at(-1)!);
    }
  return {
    title: 'Answers of like questions (GloVe word vectors), on questions that people wrote to differ',
    notes: ['The 95 % intervals are Wilson’s.', ...intervals],
    rows,
    targets: [],
  };
}
