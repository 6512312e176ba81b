import { arrayAt, Malformed, objectAt, textAt, type Fields } from './examShape.ts';
import type { ExamData, ExamGroup, ExamQuestion } from './examTypes.ts';

/**
 * QMSum (Zhong et al. 2021) as retrieval of turns: relevant are all turns of the spans that answer a specific query.
 * General queries have no spans and are left out. Also `{id, turns, queries: [{query, spans}]}`, its compact form.
 */
export function readMeetings(meetings: readonly unknown[]): ExamData {
  const groups = meetings.map((m, i): ExamGroup => {
    const path = `meeting ${i + 1}`;
    const meeting = objectAt(m, path);
    const compact = 'turns' in meeting;
    const turns = arrayAt(meeting[compact ? 'turns' : 'meeting_transcripts'], `${path}, transcript`);
    const queries = arrayAt(meeting[compact ? 'queries' : 'specific_query_list'], `${path}, queries`);
    const id = typeof meeting['id'] === 'string' ? meeting['id'] : `meeting ${i + 1}`;
    const entries = turns.map((t, n) => {
      const turn = objectAt(t, `${path}, turn ${n}`);
      return {
        id: String(n),
        text: textAt(turn[compact ? 'text' : 'content'], `${path}, turn ${n}, text`),
        speaker: textAt(turn['speaker'] ?? '', `${path}, turn ${n}, speaker`),
        date: '',
        ring: id,
      };
    });
    const questions = queries.flatMap((q, n): ExamQuestion[] => {
      const query = objectAt(q, `${path}, query ${n}`);
      const relevant = spansOf(query, `${path}, query ${n}`, entries.length);
      const text = textAt(query['query'], `${path}, query ${n}, query`);
      return relevant.size === 0 ? [] : [{ text, relevant, category: categoryOf(text) }];
    });
    return { id, entries, questions };
  });
  return { name: 'QMSum', unit: 'turn', groups };
}

function spansOf(query: Fields, path: string, turns: number): Map<string, number> {
  const relevant = new Map<string, number>();
  arrayAt(query['spans'] ?? query['relevant_text_span'] ?? [], `${path}, spans`).forEach((s, n) => {
    const span = arrayAt(s, `${path}, span ${n}`);
    const [from, to] = [Number(span[0]), Number(span[1])];
    if (!Number.isInteger(from) || !Number.isInteger(to) || from < 0 || to < from)
      throw new Malformed(`${path}, span ${n} should be two turn numbers, the first not above the second`);
    for (let turn = from; turn <= Math.min(to, turns - 1); turn++) relevant.set(String(turn), 1);
  });
  return relevant;
}

/** What QMSum's specific queries ask for, by their first words. */
function categoryOf(query: string): string {
  if (/^summari[sz]e/i.test(query)) return 'summarize';
  return /\b(why|how|what|who|when|where|which)\b/i.exec(query)?.[1]?.toLowerCase() ?? 'other';
}
