import { isObject, Malformed, objectAt, textAt, type Fields } from './examShape.ts';
import type { ExamData, ExamEntry, ExamFile, ExamQuestion } from './examTypes.ts';

/**
 * A BEIR data set (Thakur et al. 2021): corpus and queries as JSON lines with `_id`, `title` and `text`; qrels as tab
 * separated `query-id corpus-id score`, or TREC's `query 0 document score`. Which file is which is told by what is in
 * it. Also one JSON object `{corpus, queries, qrels}` with ids as keys. Queries without a relevant document are left out.
 */
export function readBeir(files: readonly ExamFile[]): ExamData {
  let corpus: ExamEntry[] | undefined;
  let queries: Map<string, string> | undefined;
  let qrels: Map<string, Map<string, number>> | undefined;
  if (files.length === 1) {
    const whole = objectAt(JSON.parse(files[0]!.text), 'the file');
    corpus = Object.entries(objectAt(whole['corpus'], 'corpus')).map(([id, doc]) => entryOf(id, doc));
    queries = new Map(
      Object.entries(objectAt(whole['queries'], 'queries')).map(([id, q]) => [id, textAt(q, `query ${id}`)]),
    );
    qrels = new Map(
      Object.entries(objectAt(whole['qrels'], 'qrels')).map(([id, docs]) => [
        id,
        new Map(
          Object.entries(objectAt(docs, `qrels ${id}`)).map(([doc, score]): [string, number] => [
            doc,
            Number(score),
          ]),
        ),
      ]),
    );
  } else {
    // Of two files of JSON lines the corpus is the one with titles, or else the longer one.
    const tables = files.filter((f) => !/^\s*\{/.test(f.text));
    const lines = files.filter((f) => !tables.includes(f)).map((f) => ({ name: f.name, rows: rowsOf(f) }));
    if (lines.length !== 2 || tables.length === 0)
      throw new Malformed(
        `of the ${files.length} files, ${lines.length} hold JSON lines and ${tables.length} a table of judgements`,
      );
    const hasTitles = (i: number): boolean => lines[i]!.rows.some((row) => 'title' in row);
    const named = lines.findIndex((l) => /corpus/i.test(l.name));
    const longer = lines[0]!.rows.length >= lines[1]!.rows.length ? 0 : 1;
    const at = named >= 0 ? named : hasTitles(0) !== hasTitles(1) ? (hasTitles(0) ? 0 : 1) : longer;
    corpus = lines[at]!.rows.map((row, i) => entryOf(textAt(row['_id'], `corpus line ${i + 1}, _id`), row));
    queries = new Map(
      lines[1 - at]!.rows.map((row, i) => [
        textAt(row['_id'], `queries line ${i + 1}, _id`),
        textAt(row['text'], `queries line ${i + 1}, text`),
      ]),
    );
    qrels = judgementsOf(tables);
  }
  const known = new Set(corpus.map((e) => e.id));
  const questions: ExamQuestion[] = [];
  for (const [id, judged] of qrels) {
    const text = queries.get(id);
    const relevant = new Map([...judged].filter(([doc, score]) => score > 0 && known.has(doc)));
    if (text !== undefined && relevant.size > 0) questions.push({ text, relevant, category: '' });
  }
  return { name: 'BEIR', unit: 'passage', groups: [{ id: 'BEIR', entries: corpus, questions }] };
}

function rowsOf({ name, text }: ExamFile): Fields[] {
  return text.split('\n').flatMap((line, i): Fields[] => {
    if (line.trim() === '') return [];
    try {
      const value: unknown = JSON.parse(line);
      if (isObject(value)) return [value];
    } catch {
      // Said below, as for a line that is JSON and no object.
    }
    throw new Malformed(`${name}, line ${i + 1} is not a JSON object`);
  });
}

function entryOf(id: string, doc: unknown): ExamEntry {
  const { title = '', text } = objectAt(doc, `document ${id}`);
  const heading = textAt(title, `document ${id}, title`);
  const body = textAt(text, `document ${id}, text`);
  // The title is part of what is searched, as in BEIR's own baselines.
  return { id, text: heading === '' ? body : `${heading}. ${body}`, speaker: '', date: '', ring: '' };
}

function judgementsOf(tables: readonly ExamFile[]): Map<string, Map<string, number>> {
  const qrels = new Map<string, Map<string, number>>();
  for (const { name, text } of tables) {
    for (const [i, line] of text.split('\n').entries()) {
      const cells = line.trim().split(/\t| +/);
      if (cells.length < 3) {
        if (line.trim() === '') continue;
        throw new Malformed(`${name}, line ${i + 1} should hold a query, a document and a score`);
      }
      const [query, doc] = cells.length > 3 ? [cells[0]!, cells[2]!] : [cells[0]!, cells[1]!];
      const score = Number(cells.at(-1));
      if (Number.isNaN(score)) {
        if (i === 0) continue;
        throw new Malformed(`${name}, line ${i + 1}: the score is not a number`);
      }
      const judged = qrels.get(query) ?? new Map<string, number>();
      qrels.set(query, judged.set(doc, score));
    }
  }
  return qrels;
}
