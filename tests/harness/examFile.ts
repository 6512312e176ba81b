import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readExam } from '../../src/memory/examData.ts';
import type { ExamData, ExamFile } from '../../src/memory/examTypes.ts';

/** Where public data for tuning lies, if it is there. */
export const dataFolder = (): string => process.env['TREERING_DATA'] ?? join(process.cwd(), '..', 'shared');

/** A file's text, unpacked when it is gzip-compressed. */
export function readText(path: string): string {
  const bytes = readFileSync(path);
  return (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('utf8');
}

/** One file, several with commas between, or a folder of a BEIR data set. Throws Error with a sentence when it cannot be read. */
export function readExamPath(path: string): ExamData {
  const paths = path.split(',').flatMap((one) => {
    if (!existsSync(one)) throw new Error(`There is no file ${one}. Name a data set with --dataset FILE.`);
    if (!statSync(one).isDirectory()) return [one];
    const inside = readdirSync(one, { recursive: true, encoding: 'utf8' });
    return inside.filter((f) => /(corpus|queries)\.jsonl|test\.tsv/.test(f)).map((f) => join(one, f));
  });
  const files: ExamFile[] = paths.map((p) => ({ name: basename(p), text: readText(p) }));
  const read = readExam(files);
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
}

/** A data set of the folder of public data; null, when the folder or the file is not there. */
export function sharedDataset(name: string): ExamData | null {
  const path = join(dataFolder(), 'datasets', name);
  return existsSync(path) ? readExamPath(path) : null;
}
