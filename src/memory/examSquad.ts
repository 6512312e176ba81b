import { arrayAt, objectAt, textAt, type Fields } from './examShape.ts';
import type { ExamData, ExamEntry, ExamQuestion } from './examTypes.ts';

/** The word that asks, as SQuAD's questions are told apart. */
function askingWord(question: string): string {
  return /\b(who|whom|whose|when|where|which|what|why|how)\b/i.exec(question)?.[1]?.toLowerCase() ?? 'other';
}

/**
 * SQuAD (Rajpurkar et al. 2018) as passage retrieval: find the paragraph among all that a question was written for.
 * Questions marked impossible have no answer and are left out. Also `{groups: [{docs, queries}]}`, its compact form.
 */
export function readSquad(value: Fields): ExamData {
  if (Array.isArray(value['groups'])) return readCompact(value);
  const entries: ExamEntry[] = [];
  const questions: ExamQuestion[] = [];
  arrayAt(value['data'], 'data').forEach((a, i) => {
    const article = objectAt(a, `data[${i}]`);
    const ring = typeof article['title'] === 'string' ? article['title'].replaceAll('_', ' ') : '';
    arrayAt(article['paragraphs'], `data[${i}].paragraphs`).forEach((p, j) => {
      const path = `data[${i}].paragraphs[${j}]`;
      const paragraph = objectAt(p, path);
      const id = `${i}/${j}`;
      entries.push({
        id,
        text: textAt(paragraph['context'], `${path}.context`),
        speaker: '',
        date: '',
        ring,
      });
      arrayAt(paragraph['qas'] ?? [], `${path}.qas`).forEach((q, n) => {
        const qa = objectAt(q, `${path}.qas[${n}]`);
        if (qa['is_impossible'] === true) return;
        const text = textAt(qa['question'], `${path}.qas[${n}].question`).trim();
        questions.push({ text, relevant: new Map([[id, 1]]), category: askingWord(text) });
      });
    });
  });
  return { name: 'SQuAD', unit: 'passage', groups: [{ id: 'SQuAD', entries, questions }] };
}

function readCompact(value: Fields): ExamData {
  const groups = arrayAt(value['groups'], 'groups').map((g, i) => {
    const group = objectAt(g, `groups[${i}]`);
    const entries = arrayAt(group['docs'], `groups[${i}].docs`).map((d, j) => {
      const path = `groups[${i}].docs[${j}]`;
      const doc = objectAt(d, path);
      return {
        id: textAt(doc['id'], `${path}.id`),
        text: textAt(doc['text'], `${path}.text`),
        speaker: '',
        date: '',
        ring: '',
      };
    });
    const known = new Set(entries.map((e) => e.id));
    const questions = arrayAt(group['queries'], `groups[${i}].queries`).flatMap((q, j): ExamQuestion[] => {
      const path = `groups[${i}].queries[${j}]`;
      const query = objectAt(q, path);
      const text = textAt(query['q'], `${path}.q`);
      const ids = arrayAt(query['rel'], `${path}.rel`).map((r, n) => textAt(r, `${path}.rel[${n}]`));
      const relevant = new Map(ids.filter((id) => known.has(id)).map((id) => [id, 1]));
      return relevant.size === 0 ? [] : [{ text, relevant, category: askingWord(text) }];
    });
    return { id: textAt(group['id'] ?? String(i), `groups[${i}].id`), entries, questions };
  });
  const name = typeof value['name'] === 'string' ? value['name'] : 'passages';
  return { name: name.toLowerCase() === 'squad' ? 'SQuAD' : name, unit: 'passage', groups };
}
