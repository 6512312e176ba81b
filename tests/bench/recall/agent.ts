import { createAgentMemory } from '../../../src/memory/agentMemory.ts';
import type { DocumentTokens } from '../../../src/memory/documentTokens.ts';
import { memoryOptions } from '../../../src/memory/options.ts';
import { analyse } from '../../../src/memory/text.ts';

/** What an agent is given: passages whose words were found out beforehand. */
export interface AgentAsked {
  readonly texts: readonly string[];
  readonly tokens: DocumentTokens;
  readonly questions: readonly string[];
}

/** Times in ms of a worker that has done nothing before. */
export interface AgentMeasured {
  /** All passages, from an empty memory. */
  readonly adding: number;
  /** What the directory is told, which puts the postings in order. */
  readonly summary: number;
  readonly first: number;
  /** Ten recalls after the first, together. */
  readonly nextTen: number;
  /** One a question, once warm. */
  readonly warm: number[];
  readonly bytes: number;
}

const WARM_UPS = 2_000;
const PASSAGES_RECALLED = 6;

/** An agent's memory as `first-minute` has it: planted, told of, asked. */
export function measureAgent({ texts, tokens, questions }: AgentAsked): AgentMeasured {
  const options = memoryOptions.parse({}, 'memory');
  if (!options.ok) throw new Error('the default options are refused');
  const timed = (run: () => unknown): number => {
    const fromMs = performance.now();
    run();
    return performance.now() - fromMs;
  };
  const memory = createAgentMemory(options.value);
  const adding = timed(() =>
    texts.forEach((text, passage) => {
      const draft = { text, speaker: 'Ada', date: '1862', ring: '1862', source: `made#${passage}`, atMs: 0 };
      const r = memory.remember({ kind: 'archive', ...draft }, { document: tokens, passage });
      if (!r.ok) throw new Error(r.error.message);
    }),
  );
  const ask = (text: string): unknown =>
    memory.recall(memory.localWeights(analyse(text)), PASSAGES_RECALLED, { kind: 'archive', text });
  const summary = timed(() => memory.summary());
  const first = timed(() => ask(questions[0]!));
  const nextTen = timed(() => questions.slice(1, 11).forEach(ask));
  for (let i = 0; i < WARM_UPS; i++) ask(questions[i % questions.length]!);
  // The clock steps by 0.1 ms: each question is put until that is 2 % of the time, and the time shared.
  const warm = questions.map((question) => {
    let times = 0;
    const fromMs = performance.now();
    do {
      ask(question);
      times++;
    } while (performance.now() - fromMs < 2);
    return (performance.now() - fromMs) / times;
  });
  return { adding, summary, first, nextTen, warm, bytes: memory.bytes };
}
