import { sourceOf, type SourceDocument } from './documents.ts';
import type { PreparedText } from './recallTypes.ts';
import type { MemoryRecord } from './record.ts';

/**
 * Words of archived passages that were found out beforehand, by source: a memory that comes back from its log, which has
 * texts alone, need not read and stem them again.
 */
export class KnownWords {
  readonly #passages = new Map<string, PreparedText & { readonly text: string }>();

  get isEmpty(): boolean {
    return this.#passages.size === 0;
  }

  /** Takes those of a document's passages, the first of which has that number; none where they are not known. */
  take(document: SourceDocument, first: number): void {
    const { tokens } = document;
    if (!tokens) return;
    document.passages.forEach(({ text }, passage) =>
      this.#passages.set(sourceOf(document, first + passage), { document: tokens, passage, text }),
    );
  }

  /** The words of a record; undefined when they are not known, or when that source says something else by now. */
  of({ source, text }: Pick<MemoryRecord, 'source' | 'text'>): PreparedText | undefined {
    const known = this.#passages.get(source);
    return known?.text === text ? known : undefined;
  }

  clear(): void {
    this.#passages.clear();
  }
}
