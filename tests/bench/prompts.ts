import { choosePrompt, worthTelling } from '../../src/agents/promptPassages.ts';
import { createAgentMemory } from '../../src/memory/agentMemory.ts';
import { chunkTexts } from '../../src/memory/chunk.ts';
import { memoryOptions } from '../../src/memory/options.ts';
import type { RecallHit } from '../../src/memory/record.ts';
import { analyse } from '../../src/memory/text.ts';
import { buildPrompt, estimatePromptTokens, type PromptMessage } from '../../src/provider/prompt.ts';
import { atLeast, type BenchContext, type BenchResult, type BenchRow } from '../harness/bench.ts';
import { chromaData } from '../harness/chromaData.ts';

const BUDGETS = [150, 200, 300, 400, 700, 1_000, 2_000];
/** Memories that come to an agent for a question: its own and those of three others. */
const RECALLED = 24;
/** An excerpt is in a prompt by the share of its runs of so many characters, one beginning at every tenth, that are. */
const RUN = 30;
const STEP = 10;

const even = (text: string): string => text.replace(/\s+/g, ' ').trim();
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

function runsOf(text: string): string[] {
  const runs: string[] = [];
  for (let i = 0; i + RUN <= text.length; i += STEP) runs.push(text.slice(i, i + RUN));
  return runs.length > 0 ? runs : [text];
}

/**
 * What of the excerpts that answer Chroma's 472 questions is in an agent's prompt of so many tokens: spans of the memories
 * that were recalled, beside the memories whole, cut at the budget.
 */
export function run({ log }: BenchContext): Promise<BenchResult> {
  const { corpora, questions } = chromaData();
  const memory = createAgentMemory({ ...memoryOptions.fallback!(), rushBytesPerAgent: 500_000_000 });
  const chunks = Object.values(corpora).flatMap(chunkTexts);
  for (const [i, text] of chunks.entries()) {
    const draft = { kind: 'archive', text, speaker: '', date: '', ring: 'text', atMs: 0 } as const;
    const kept = memory.remember({ ...draft, source: `text#${i}` });
    if (!kept.ok) throw new Error(kept.error.message);
  }
  const asked = questions.map(({ q, cid, refs }) => {
    const terms = memory.localWeights([...new Set(analyse(q))]);
    const hits = memory.recall(terms, RECALLED, { kind: 'archive', text: q });
    return {
      q,
      hits: worthTelling(hits),
      runs: refs.flatMap(([from, to]) => runsOf(even(corpora[cid]!.slice(from, to)))),
    };
  });
  const ways: Readonly<
    Record<string, (q: string, hits: readonly RecallHit[], budget: number) => readonly PromptMessage[]>
  > = {
    whole: (q, hits, budget) =>
      buildPrompt(
        q,
        hits.map((hit) => hit.record),
        budget,
      ).messages,
    spans: (q, hits, budget) => choosePrompt(q, hits, budget).messages,
  };

  const rows: BenchRow[] = [];
  const gains: number[] = [];
  let overBudget = 0;
  for (const budget of BUDGETS) {
    const found: number[] = [];
    for (const [name, build] of Object.entries(ways)) {
      const scores: number[] = [];
      const tokens: number[] = [];
      for (const { q, hits, runs } of asked) {
        const messages = build(q, hits, budget);
        const text = messages.at(-1)!.content;
        scores.push(runs.filter((r) => text.includes(r)).length / runs.length);
        const size = estimatePromptTokens(messages);
        tokens.push(size);
        if (name === 'spans' && size > budget) overBudget++;
      }
      found.push(100 * mean(scores));
      rows.push({ name: `${budget} tokens, ${name}: of the excerpts`, unit: '%', samples: [found.at(-1)!] });
      rows.push({ name: `${budget} tokens, ${name}: tokens used`, unit: '', samples: [mean(tokens)] });
      log(`${budget} tokens, ${name}: ${found.at(-1)!.toFixed(1)} % in ${mean(tokens).toFixed(0)} tokens`);
    }
    gains.push(found[1]! - found[0]!);
  }
  return Promise.resolve({
    title: 'What of the answers is in an agent’s prompt (Chroma chunking evaluation)',
    notes: [
      `${chunks.length} memories, cut as a visitor's documents are; recall without word vectors.`,
      'How pieces of a memory are weighed by its score was chosen on the same questions, out of three ways.',
    ],
    rows,
    targets: [
      atLeast('least gain of spans over whole memories at any budget (points)', Math.min(...gains), 0),
      atLeast(
        'prompts within their budget (%)',
        100 * (1 - overBudget / (asked.length * BUDGETS.length)),
        100,
      ),
    ],
  });
}
