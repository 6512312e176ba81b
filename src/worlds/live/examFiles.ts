import { err, ok, type Result } from '../../kernel/result.ts';
import type { ExamFile, ExamRefusal } from '../../memory/examTypes.ts';

/**
 * Text that one exam may hold, in bytes after unpacking: read into objects and indexed it takes about ten times as much,
 * and all workers of a tab share 4 GB.
 */
export const EXAM_BYTES_MAX = 134_217_728;

const MIB = 1_048_576;
const mib = (bytes: number): string => (bytes / MIB).toLocaleString('en-US', { maximumFractionDigits: 1 });
const TOO_MUCH = `an exam in a tab takes up to ${mib(EXAM_BYTES_MAX)} MiB of text; take a part of it, or run it in Node: npm run bench -- memory --dataset FILE`;

/** What a visitor's file is, as far as this module needs it: a `File` is one. */
export interface NamedBlob extends Blob {
  readonly name: string;
}

/** Why files of these sizes are too much before anything is read of them; null when they are not. */
export function tooBig(files: readonly { readonly name: string; readonly size: number }[]): string | null {
  const total = files.reduce((sum, file) => sum + file.size, 0);
  if (total <= EXAM_BYTES_MAX) return null;
  return `${files.map((f) => f.name).join(', ')}: ${mib(total)} MiB are too much; ${TOO_MUCH}.`;
}

/** A file stopped being readable, with a sentence. */
class Unreadable extends Error {}

/**
 * The texts of files, gzip-compressed ones unpacked (told by their first bytes, not by their name). The error is a
 * sentence that says what is wrong with which file.
 * @param onBytes hears how many bytes of text have been read
 */
export async function readExamFiles(
  files: readonly NamedBlob[],
  onBytes: (bytes: number) => void,
): Promise<Result<ExamFile[], ExamRefusal>> {
  const big = tooBig(files);
  if (big !== null) return err({ message: big });
  const texts: ExamFile[] = [];
  let before = 0;
  for (const file of files) {
    try {
      let own = 0;
      const text = await textOf(file, (bytes) => {
        own = bytes;
        if (before + own > EXAM_BYTES_MAX)
          throw new Unreadable(`it holds more than ${mib(EXAM_BYTES_MAX)} MiB when unpacked; ${TOO_MUCH}`);
        onBytes(before + own);
      });
      before += own;
      // The name says what it was packed as.
      texts.push({ name: file.name, text });
    } catch (e) {
      const why = e instanceof Unreadable ? e.message : `the browser could not read it (${String(e)})`;
      return err({ message: `${file.name}: ${why}.` });
    }
  }
  return ok(texts);
}

async function textOf(file: NamedBlob, onBytes: (bytes: number) => void): Promise<string> {
  const head = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  if (head[0] === 0x50 && head[1] === 0x4b && head[2] === 0x03)
    throw new Unreadable('this is a zip archive; unpack it and choose the files in it');
  const packed = head[0] === 0x1f && head[1] === 0x8b;
  const stream: ReadableStream<Uint8Array<ArrayBuffer>> = packed
    ? file.stream().pipeThrough(new DecompressionStream('gzip'))
    : file.stream();
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const reader = stream.getReader();
  let text = '';
  let bytes = 0;
  const broken = (e: unknown): Unreadable =>
    new Unreadable(`its gzip data is damaged or cut off after ${mib(bytes)} MiB (${String(e)})`);
  const decode = (chunk?: Uint8Array<ArrayBuffer>): string => {
    try {
      return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
    } catch {
      throw new Unreadable(`it is not UTF-8 text (from about byte ${bytes.toLocaleString('en-US')} on)`);
    }
  };
  try {
    for (;;) {
      let step: ReadableStreamReadResult<Uint8Array<ArrayBuffer>>;
      try {
        step = await reader.read();
      } catch (e) {
        throw packed ? broken(e) : e;
      }
      if (step.done) return text + decode();
      text += decode(step.value);
      bytes += step.value.byteLength;
      onBytes(bytes);
    }
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}
