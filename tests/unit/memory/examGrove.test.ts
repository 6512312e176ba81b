import { describe, expect, it } from 'vitest';
import { createAgentMemory } from '../../../src/memory/agentMemory.ts';
import { groveExaminee } from '../../../src/memory/examGrove.ts';
import { readExam } from '../../../src/memory/examData.ts';
import type { Examinee } from '../../../src/memory/exam.ts';
import type { ExamGroup } from '../../../src/memory/examTypes.ts';
import { memoryOptions } from '../../../src/memory/options.ts';
import { analyse } from '../../../src/memory/text.ts';
import { madeMeetings, madeSquad } from '../../harness/madeExam.ts';

const memory = memoryOptions.fallback!();
const grove = (count: number, askOthers: number): Examinee =>
  groveExaminee({ memory, agents: { count, askOthers } });

function groupOf(text: string): ExamGroup {
  const data = readExam([{ name: 'made', text }]);
  if (!data.ok) throw new Error(data.error.message);
  return data.value.groups[0]!;
}
const squad = groupOf(madeSquad(6, 10));

/** Share of the questions whose answer is among the first `k` that are found. */
function found(examinee: Examinee, group: ExamGroup, k: number): number {
  const learned = examinee.learn(group);
  const hits = group.questions.filter(({ text, relevant }) =>
    learned.ask(text, k).some((place) => relevant.has(group.entries[place]!.id)),
  );
  return hits.length / group.questions.length;
}

describe('an exam of a whole grove', () => {
  it('of one agent finds what an agent that archived everything recalls, in its order', () => {
    const agent = createAgentMemory(memory);
    for (const [i, { text }] of squad.entries.entries())
      agent.remember({ kind: 'archive', text, speaker: '', date: '', ring: '', source: `${i}`, atMs: 0 });
    const learned = grove(1, 3).learn(squad);
    for (const { text } of squad.questions) {
      // What everybody has is as little rare as can be: to one agent alone the directory says that of every term it has.
      const terms = agent
        .localWeights([...new Set(analyse(text))])
        .map(({ term, weight }) => ({ term, weight: weight + Math.log(1 + 0.5 / 1.5) }));
      const own = agent.recall(terms, memory.recallPassages, { kind: 'archive', text });
      expect(learned.ask(text, 20)).toEqual(own.map((hit) => Number(hit.record.source)));
    }
  });

  it('finds what others archive by asking those who are likely to know, and only by asking', () => {
    const named = { ...squad, questions: squad.questions.filter((q) => q.text.startsWith('What did')) };
    expect(named.questions).toHaveLength(60);
    for (const agents of [2, 7, 30, 60]) expect(found(grove(agents, 1), named, 1), `${agents}`).toBe(1);
    expect(found(grove(30, 0), named, 1)).toBeLessThan(0.2);
  });

  it('has every entry with somebody, in its place, also with more agents than entries', () => {
    for (const agents of [1, 5, 59, 60, 500]) {
      const learned = grove(agents, 3).learn(squad);
      for (const [place, { text }] of squad.entries.entries())
        expect(learned.ask(text, 1), `${agents} agents`).toEqual([place]);
    }
  });

  it('finds a turn by what was said around it', () => {
    const text = madeMeetings(1, 40).replace(/"content":"Well[^"]*"/, '"content":"Yes, I agree."');
    const meeting = groupOf(text);
    const learned = grove(1, 0).learn(meeting);
    const about = meeting.entries.findIndex((e) => e.text.includes('budget'));
    const places = learned.ask('Who spoke of the budget?', 6);
    expect(places[0]).toBe(about);
    // Nobody else says the word: the others are there for standing beside it.
    expect(places.length).toBeGreaterThan(1);
    for (const place of places) expect(Math.abs(place - about)).toBeLessThanOrEqual(3);
  });

  it('says how many agents it has and how many of them are asked', () => {
    expect(grove(100, 3).name).toBe('a grove of 100 agents that ask 3 others');
    expect(grove(1, 3).name).toBe('a grove of one agent');
  });
});
