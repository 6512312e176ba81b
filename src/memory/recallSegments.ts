import { countOf, recordOf } from './postings.ts';
import { gathered, PreparedSegment } from './preparedSegment.ts';
import { WINDOW_TWENTIETHS, type RecallColumns } from './recallColumns.ts';
import type { PreparedText } from './recallTypes.ts';

/** With more segments than this each question would look for its terms in too many places. */
const SEGMENTS_MAX = 64;

/** The segments among an index's columns. */
export class Segments {
  /** Bytes that segments take, and what more their passages would take at most as other entries. */
  bytes = 0;
  reserve = 0;
  readonly #columns: Columns;

  constructor(columns: Columns) {
    this.#columns = columns;
  }

  /** The segment that the next entry can be part of: a new one, or the last one when it is its document's next passage. */
  placeFor({ document, passage }: PreparedText): PreparedSegment | null {
    const { segments, threads, linked } = this.#columns;
    if (linked || passage >= PreparedSegment.PASSAGES_MAX) return null;
    const last = segments.at(-1);
    const next = threads.length;
    if (
      last?.isOpen &&
      last.document === document &&
      last.count === passage &&
      last.firstId + passage === next
    )
      return last;
    return passage === 0 && segments.length < SEGMENTS_MAX ? new PreparedSegment(document, next) : null;
  }

  /** Takes the next passage into a segment that `placeFor` gave. */
  add(segment: PreparedSegment): void {
    if (segment.count === 0) this.#columns.segments.push(segment);
    else this.#note(segment, -1);
    segment.add();
    this.#note(segment, 1);
  }

  #note(segment: PreparedSegment, sign: 1 | -1): void {
    this.bytes += sign * segment.bytes;
    this.reserve += sign * Math.max(0, segment.boundFor(0) - segment.bytes);
  }

  has(id: number): boolean {
    return this.#columns.segments.some((s) => id >= s.firstId && id < s.firstId + s.count);
  }

  /** Makes segments ready for questions. */
  settle(): void {
    const columns = this.#columns;
    for (const segment of columns.segments) {
      if (!segment.isOpen) continue;
      segment.close((passage, terms) => {
        const id = segment.firstId + passage;
        columns.lengths.array[id] = terms;
        columns.windowLengths.array[id] = WINDOW_TWENTIETHS[0] * terms;
        columns.lengthSum += terms;
        columns.windowLengthSum += WINDOW_TWENTIETHS[0] * terms;
      });
    }
  }

  /**
   * Takes the postings of segments into the lists of the index: for what only knows those.
   * @param openTerms makes room in the columns of terms
   */
  absorb(openTerms: () => void): void {
    const { segments, lexicon, postings, frequencies } = this.#columns;
    if (segments.length === 0) return;
    this.settle();
    for (const segment of segments) {
      segment.eachTerm((name, n) => {
        const term = lexicon.takeTerm(name);
        openTerms();
        const hasMore = postings.length(term) > 0;
        for (let i = 0; i < n; i++) postings.push(term, recordOf(gathered[i]!), countOf(gathered[i]!));
        if (hasMore) postings.sort(term);
        frequencies.array[term]! += n;
      });
    }
    segments.length = 0;
    this.bytes = this.reserve = 0;
  }
}

/** The columns that segments have a part in. */
type Columns = Omit<RecallColumns, 'segments' | 'lengthSum' | 'windowLengthSum'> & {
  readonly segments: PreparedSegment[];
  lengthSum: number;
  windowLengthSum: number;
};
