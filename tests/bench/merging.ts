import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createRng } from '../../src/kernel/rng.ts';
import { NearDuplicates } from '../../src/memory/nearDuplicates.ts';
import { atLeast, atMost, type BenchContext, type BenchResult } from '../harness/bench.ts';

interface Squad {
  readonly groups: readonly {
    readonly docs: readonly { readonly text: string }[];
    readonly queries: readonly { readonly q: string; readonly rel: readonly unknown[] }[];
  }[];
}

/** Drops one word in so many, as a retelling does. */
const WORDS_A_SLIP = 40;

/**
 * How often the rings would merge what is not the same, and miss what is: SQuAD's paragraphs and questions are all
 * different texts (a question merged with one about another paragraph is a false merge), and each paragraph told again
 * with slips is the same.
 */
export function run(_: BenchContext): Promise<BenchResult> {
  const folder = process.env['TREERING_DATA'] ?? join(process.cwd(), '..', 'shared');
  const file = join(folder, 'datasets', 'squad.json.gz');
  if (!existsSync(file))
    throw new Error(
      `The data set is absent: ${file}. Name the folder that has datasets/squad.json.gz in TREERING_DATA.`,
    );
  const { groups } = JSON.parse(gunzipSync(readFileSync(file)).toString('utf8')) as Squad;
  const docs = groups.flatMap((g) => g.docs.map((d) => d.text));
  const queries = groups.flatMap((g) => g.queries);
  const rng = createRng('bench/merging');

  const paragraphs = new NearDuplicates();
  let wrong = 0;
  docs.forEach((text, i) => {
    if (paragraphs.find(text) !== 0) wrong++;
    paragraphs.add(i + 1, text);
  });
  const asked = new NearDuplicates();
  let wrongQuestions = 0;
  queries.forEach(({ q, rel }, i) => {
    const found = asked.find(q);
    if (found !== 0 && JSON.stringify(queries[found - 1]!.rel) !== JSON.stringify(rel)) wrongQuestions++;
    asked.add(i + 1, q);
  });
  let told = 0;
  docs.forEach((text, i) => {
    const words = text.split(/\s+/);
    const slips = Math.floor(words.length / WORDS_A_SLIP);
    // Numbers stay: without one a text says something else.
    for (let s = 0; s < slips; s++) {
      const at = rng.int(words.length);
      if (
        /^\p{Ll}+$/u.test(words[at]!) &&
        !/^(?:no|not|never|none|nothing|without|nor|neither)$/.test(words[at]!)
      )
        words.splice(at, 1);
    }
    if (paragraphs.find(words.join(' ').toUpperCase()) === i + 1) told++;
  });
  const rate = (n: number, of: number): number => (100 * n) / of;
  const rows = [
    { name: 'paragraphs merged though different', unit: '%', samples: [rate(wrong, docs.length)] },
    {
      name: 'questions merged though about other paragraphs',
      unit: '%',
      samples: [rate(wrongQuestions, queries.length)],
    },
    { name: 'paragraphs told again with slips and found', unit: '%', samples: [rate(told, docs.length)] },
  ];
  return Promise.resolve({
    title: 'Near-duplicates: false merges and finds (SQuAD)',
    notes: [`${docs.length} paragraphs, ${queries.length} questions.`],
    rows,
    targets: [
      atMost('false merges of paragraphs (%)', rate(wrong, docs.length), 0.1),
      atMost('false merges of questions (%)', rate(wrongQuestions, queries.length), 0.1),
      atLeast('retold paragraphs found (%)', rate(told, docs.length), 90),
    ],
  });
}
