import type { SourceDocument } from './documents.ts';

/** A document of the packed corpus, without its text. */
export interface CorpusEntry {
  readonly id: string;
  readonly title: string;
  readonly speaker: string;
  readonly date: string;
  readonly ring: string;
  /** How many passages it has. */
  readonly passages: number;
  /** Where it lies in the packed file, and how long it is there. */
  readonly offset: number;
  readonly bytes: number;
}

/** What a packed corpus holds: `index.json` beside the file of packed documents. */
export interface CorpusIndex {
  readonly name: string;
  /** Where the text is from and under which terms; shown on the page. */
  readonly credit: string;
  /** The packed documents one behind the other, each gzip-compressed by itself. */
  readonly file: string;
  readonly documents: readonly CorpusEntry[];
}

/** Passages `fromPassage` up to but not including `toPassage` of a document, by its place in the index. */
export interface CorpusSlice {
  readonly document: number;
  readonly fromPassage: number;
  readonly toPassage: number;
}

/** The first `limit` documents; all of them for 0, and for more than there are. */
export const firstOf = <T>(documents: readonly T[], limit: number): readonly T[] =>
  limit === 0 ? documents : documents.slice(0, limit);

/**
 * Each agent's part of the corpus: every passage goes to exactly one agent, in order. Up to as many agents as documents
 * each get whole neighbouring documents, at least one, balanced by passages; more agents share documents, and their parts
 * differ by at most one passage. With more agents than passages the last ones get none.
 */
export function share(documents: readonly Pick<CorpusEntry, 'passages'>[], agents: number): CorpusSlice[][] {
  if (!Number.isInteger(agents) || agents < 1)
    throw new RangeError(`share: agents must be a positive integer, got ${agents}`);
  const counts = documents.map((d) => d.passages);
  const total = counts.reduce((sum, n) => sum + n, 0);
  return agents <= counts.length ? wholeDocuments(counts, total, agents) : evenParts(counts, total, agents);
}

function wholeDocuments(counts: readonly number[], total: number, agents: number): CorpusSlice[][] {
  const parts: CorpusSlice[][] = [];
  let document = 0;
  let done = 0;
  for (let agent = 0; agent < agents; agent++) {
    const part: CorpusSlice[] = [];
    // What is left is shared evenly by those who are left; each of them needs a document.
    const goal = done + (total - done) / (agents - agent);
    const mustLeave = agents - agent - 1;
    while (document < counts.length - mustLeave) {
      const count = counts[document]!;
      const isLast = agent === agents - 1;
      // Stops where the next document would lead further past the goal than leaving it out falls short.
      if (part.length > 0 && !isLast && done + count - goal > goal - done) break;
      part.push({ document, fromPassage: 0, toPassage: count });
      done += count;
      document++;
    }
    parts.push(part);
  }
  return parts;
}

function evenParts(counts: readonly number[], total: number, agents: number): CorpusSlice[][] {
  const parts: CorpusSlice[][] = [];
  let document = 0;
  let from = 0;
  for (let agent = 0; agent < agents; agent++) {
    const part: CorpusSlice[] = [];
    // The first `total % agents` agents get one passage more, so those with none come last.
    let wanted = Math.floor(total / agents) + (agent < total % agents ? 1 : 0);
    while (wanted > 0) {
      const to = Math.min(counts[document]!, from + wanted);
      if (to > from) part.push({ document, fromPassage: from, toPassage: to });
      wanted -= to - from;
      from = to;
      if (from === counts[document]) {
        document++;
        from = 0;
      }
    }
    parts.push(part);
  }
  return parts;
}

/** Deflate makes nothing smaller than by this factor (zlib's own account of its limits). */
const DEFLATE_MAX = 1_032;

/**
 * Unpacks one document: gzip-compressed JSON of a SourceDocument. Rejects when the bytes are damaged. The bytes go straight
 * to the decompressor: a Blob and a Response go by way of other processes, which takes three times as long. And they are
 * decoded at once, into room for just what the trailer tells: a text that was put together would be copied once more.
 */
export async function readPackedDocument(bytes: ArrayBuffer): Promise<SourceDocument> {
  const size = bytes.byteLength < 4 ? 0 : new DataView(bytes).getUint32(bytes.byteLength - 4, true);
  if (size > DEFLATE_MAX * bytes.byteLength) throw new Error('The packed document is damaged.');
  const { readable, writable } = new DecompressionStream('gzip');
  const writer = writable.getWriter();
  // What is wrong with the bytes is told to the reader.
  const written = Promise.allSettled([writer.write(new Uint8Array(bytes)), writer.close()]);
  const unpacked = new Uint8Array(size);
  let length = 0;
  const reader = readable.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    unpacked.set(value, length);
    length += value.length;
  }
  await written;
  return JSON.parse(new TextDecoder().decode(unpacked)) as SourceDocument;
}
