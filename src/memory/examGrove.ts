import { agentId, type AgentId } from '../kernel/ids.ts';
import { hash32 } from '../kernel/rng.ts';
import { createAgentMemory } from './agentMemory.ts';
import type { AgentMemory } from './agentMemoryTypes.ts';
import { share } from './corpus.ts';
import { Directory } from './directory.ts';
import { draftsOf, sliceOf, type SourceDocument } from './documents.ts';
import type { Examinee, Learned } from './exam.ts';
import type { ExamGroup, ExamSetting } from './examTypes.ts';
import { bestFirst, jointWeights } from './mergedRecall.ts';
import type { MemoryOptions } from './options.ts';
import { analyse } from './text.ts';

/**
 * A whole grove's memory: agents share the entries out as they do documents, a directory names those likely to know, and
 * what they recall is put together by score. Each question goes to an agent that its words choose, as good as at random.
 * What is not in it is time: everybody asked answers.
 */
export function groveExaminee({
  agents: { count, askOthers },
  memory,
}: Pick<ExamSetting, 'memory' | 'agents'>): Examinee {
  return {
    name: count === 1 ? 'a grove of one agent' : `a grove of ${count} agents that ask ${askOthers} others`,
    learn: (group) => plant(group, count, askOthers, memory),
  };
}

/** Entries of one ring that stand together, as a document; where somebody speaks, a conversation. */
function documentsOf({ id, entries }: ExamGroup): SourceDocument[] {
  const documents: (SourceDocument & { passages: SourceDocument['passages'][number][] })[] = [];
  let ring: string | null = null;
  for (const entry of entries) {
    if (entry.ring !== ring) {
      ring = entry.ring;
      const title = ring === '' ? id : ring;
      documents.push({
        ...{ id: `${documents.length}`, title, speaker: '', date: '', ring: title, passages: [] },
        ...(entry.speaker !== '' && { isConversation: true }),
      });
    }
    documents.at(-1)!.passages.push({ text: entry.text, speaker: entry.speaker, date: entry.date });
  }
  return documents;
}

function plant(group: ExamGroup, count: number, askOthers: number, options: MemoryOptions): Learned {
  const documents = documentsOf(group);
  /** By document: the place of its first entry. */
  const first: number[] = [];
  let entries = 0;
  for (const { passages } of documents) {
    first.push(entries);
    entries += passages.length;
  }
  const counts = documents.map(({ passages }) => ({ passages: passages.length }));
  const directory = new Directory();
  const memories = new Map<AgentId, AgentMemory>();
  share(counts, Math.max(1, Math.min(count, entries))).forEach((slices, i) => {
    const memory = createAgentMemory(options);
    for (const { document, fromPassage, toPassage } of slices)
      for (const draft of draftsOf(sliceOf(documents[document]!, fromPassage, toPassage), 0, fromPassage))
        // What an agent has no room for is not found, as in the grove.
        memory.remember(draft);
    memories.set(agentId(i), memory);
    directory.put(agentId(i), memory.summary());
  });
  const ids = [...memories.keys()];

  return {
    ask(question, k) {
      const asked = ids[hash32(question) % ids.length]!;
      const stems = [...new Set(analyse(question))];
      const weights = directory.weigh(stems);
      const terms = jointWeights(weights, memories.get(asked)!.localWeights(stems));
      const hits = [asked, ...directory.experts(weights, askOthers, asked)].flatMap((agent) =>
        memories
          .get(agent)!
          .recall(terms, Math.min(k, options.recallPassages), { kind: 'archive', text: question }),
      );
      return bestFirst(hits)
        .slice(0, k)
        .map(({ record }) => {
          const [document, passage] = record.source.split('#').map(Number);
          return first[document!]! + passage!;
        });
    },
  };
}
