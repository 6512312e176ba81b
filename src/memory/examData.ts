import { err, ok, type Result } from '../kernel/result.ts';
import { readBeir } from './examBeir.ts';
import { readMeetings } from './examMeetings.ts';
import { readLocomo } from './examLocomo.ts';
import { readSquad } from './examSquad.ts';
import { isObject, Malformed } from './examShape.ts';
import type { ExamData, ExamFile, ExamRefusal } from './examTypes.ts';

/** What a person may bring, for the end of every refusal. */
export const EXAM_ACCEPTED =
  'accepted are SQuAD (JSON with data[].paragraphs[]), BEIR (corpus.jsonl, queries.jsonl and a qrels file together), ' +
  'LoCoMo (JSON with conversation and qa) and QMSum (JSON or JSON lines with meeting_transcripts and specific_query_list)';

/**
 * Reads a labelled data set, whatever of the accepted formats it is in: told by its shape, not by its name. The error is
 * a sentence that says what is wrong, where, and what is accepted.
 */
export function readExam(files: readonly ExamFile[]): Result<ExamData, ExamRefusal> {
  const name = files.map((f) => f.name).join(', ');
  const refuse = (what: string): Result<ExamData, ExamRefusal> =>
    err({ message: `${name === '' ? 'No file' : name}: ${what}; ${EXAM_ACCEPTED}.` });
  if (files.length === 0) return refuse('there is nothing to read');
  const empty = files.find((f) => f.text.trim() === '');
  if (empty) return refuse(`${empty.name} is empty`);
  try {
    const data = files.length > 1 ? readBeir(files) : readOne(files[0]!);
    const questions = data.groups.reduce((sum, g) => sum + g.questions.length, 0);
    if (questions === 0) return refuse('there is no question with an answer that can be found in it');
    return ok(data);
  } catch (e) {
    if (e instanceof Malformed) return refuse(e.message);
    throw e;
  }
}

function readOne(file: ExamFile): ExamData {
  const value = parse(file);
  if (isObject(value)) {
    if (Array.isArray(value['data']) || Array.isArray(value['groups'])) return readSquad(value);
    if ('corpus' in value || 'qrels' in value) return readBeir([file]);
  }
  const items = Array.isArray(value) ? value : [value];
  const first: unknown = items.find(isObject);
  if (isObject(first)) {
    if ('conversation' in first && 'qa' in first) return readLocomo(items);
    if ('meeting_transcripts' in first || ('turns' in first && 'queries' in first))
      return readMeetings(items);
    if ('_id' in first)
      throw new Malformed(
        'this is one file of a BEIR data set; choose its corpus, queries and qrels together',
      );
  }
  throw new Malformed('it has the shape of no known data set');
}

/** JSON, or JSON lines as an array. */
function parse({ text }: ExamFile): unknown {
  try {
    return JSON.parse(text);
  } catch (whole) {
    const lines = text.split('\n');
    const values: unknown[] = [];
    for (const [i, line] of lines.entries()) {
      if (line.trim() === '') continue;
      try {
        values.push(JSON.parse(line));
      } catch {
        // A file whose first line is no JSON is no JSON lines either: then the first error says more.
        throw new Malformed(
          values.length === 0 ? `it is not JSON (${(whole as Error).message})` : `line ${i + 1} is not JSON`,
        );
      }
    }
    return values;
  }
}
