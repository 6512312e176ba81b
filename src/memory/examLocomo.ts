import { arrayAt, objectAt, textAt, type Fields } from './examShape.ts';
import type { ExamData, ExamEntry, ExamGroup, ExamQuestion } from './examTypes.ts';

/** LoCoMo's categories by number, as its paper names them. */
const CATEGORIES: Readonly<Record<string, string>> = {
  1: 'multi-hop',
  2: 'temporal',
  3: 'open-domain',
  4: 'single-hop',
  5: 'adversarial',
};
const MONTHS = 'january february march april may june july august september october november december'.split(
  ' ',
);

/** `1:56 pm on 8 May, 2023` as ISO 8601; empty when it is written otherwise. */
function sessionDate(text: string): string {
  const m = /(\d{1,2})\s+([a-z]+),?\s+(\d{4})/i.exec(text);
  const month = MONTHS.indexOf(m?.[2]?.toLowerCase() ?? '') + 1;
  if (!m || month === 0) return '';
  return `${m[3]}-${String(month).padStart(2, '0')}-${m[1]!.padStart(2, '0')}`;
}

/**
 * LoCoMo (Maharana et al. 2024) as retrieval of turns: relevant are the turns that a question names as evidence, by
 * their `dia_id`. Questions without evidence are left out. A shared picture counts by its caption.
 */
export function readLocomo(samples: readonly unknown[]): ExamData {
  const groups = samples.map((s, i): ExamGroup => {
    const path = `sample ${i + 1}`;
    const sample = objectAt(s, path);
    const entries = turnsOf(objectAt(sample['conversation'], `${path}, conversation`), path);
    const known = new Set(entries.map((e) => e.id));
    const questions = arrayAt(sample['qa'], `${path}, qa`).flatMap((q, n): ExamQuestion[] => {
      const qa = objectAt(q, `${path}, qa ${n}`);
      // Some evidence holds several ids in one text.
      const ids = arrayAt(qa['evidence'] ?? [], `${path}, qa ${n}, evidence`).flatMap((e) =>
        typeof e === 'string' ? (e.match(/D\d+:\d+/g) ?? []) : [],
      );
      const relevant = new Map(ids.filter((id) => known.has(id)).map((id) => [id, 1]));
      const text = textAt(qa['question'], `${path}, qa ${n}, question`);
      const category = CATEGORIES[String(qa['category'])] ?? '';
      return relevant.size === 0 ? [] : [{ text, relevant, category }];
    });
    return { id: textAt(sample['sample_id'] ?? path, `${path}, sample_id`), entries, questions };
  });
  return { name: 'LoCoMo', unit: 'turn', groups };
}

function turnsOf(conversation: Fields, path: string): ExamEntry[] {
  const sessions = Object.keys(conversation)
    .flatMap((key) => /^session_(\d+)$/.exec(key)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
  return sessions.flatMap((number) => {
    const ring = `session ${number}`;
    const at = conversation[`session_${number}_date_time`];
    const date = typeof at === 'string' ? sessionDate(at) : '';
    return arrayAt(conversation[`session_${number}`], `${path}, ${ring}`).map((t, n) => {
      const turn = objectAt(t, `${path}, ${ring}, turn ${n}`);
      const where = `${path}, ${ring}, turn ${n}`;
      const caption = typeof turn['blip_caption'] === 'string' ? ` [picture: ${turn['blip_caption']}]` : '';
      return {
        id: textAt(turn['dia_id'], `${where}, dia_id`),
        text: textAt(turn['text'] ?? '', `${where}, text`) + caption,
        speaker: textAt(turn['speaker'] ?? '', `${where}, speaker`),
        date,
        ring,
      };
    });
  });
}
