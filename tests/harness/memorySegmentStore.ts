import type { Env } from '../../src/kernel/env.ts';
import { err, ok, type Result } from '../../src/kernel/result.ts';
import type { JournalError, Segment, SegmentStore } from '../../src/memory/journal.ts';

/** What a disk does that lies in wait: takes time, fails when told, and keeps only what was serialised. */
export interface MemorySegmentStore extends SegmentStore {
  /** How long each operation takes. */
  delayMs: number;
  /** The next operations of that kind to fail, one for each call. */
  failWrites: number;
  failReads: number;
  /** Whether a write is durable at once and only its answer takes time, so that a crash can fall between the two. */
  answersLate: boolean;
  /** The writes that were made, as their sizes: segments put and removed. */
  readonly writes: { readonly put: number; readonly remove: number }[];
  /** The durable contents, as a new process would find them. */
  contents(): Segment[];
  /** From now on nothing that this handle was doing or is asked to do happens: its process is gone. */
  cut(): void;
}

export function createMemorySegmentStore(env: Env, initial: readonly Segment[] = []): MemorySegmentStore {
  const segments = new Map<number, Segment>(initial.map((s) => [s.position, structuredClone(s)]));
  let isCut = false;
  const failure: JournalError = { reason: 'failed', message: 'the disk said no' };
  const contents = (): Segment[] =>
    structuredClone([...segments.values()].sort((a, b) => a.position - b.position));
  /** `work` runs when the operation takes effect, after its delay. */
  const later = <T>(
    work: () => Result<T, JournalError>,
    done: (r: Result<T, JournalError>) => void,
  ): void => {
    env.setTimer(store.delayMs, () => {
      if (!isCut) done(work());
    });
  };
  const read = <T>(work: () => Result<T, JournalError>): Result<T, JournalError> => {
    if (store.failReads === 0) return work();
    store.failReads--;
    return err(failure);
  };
  const store: MemorySegmentStore = {
    delayMs: 1,
    failWrites: 0,
    failReads: 0,
    answersLate: false,
    writes: [],
    contents,
    cut() {
      isCut = true;
    },
    write(put, remove, done) {
      const copies = structuredClone(put);
      const gone = [...remove];
      const apply = (): Result<void, JournalError> => {
        if (store.failWrites > 0) {
          store.failWrites--;
          return err(failure);
        }
        for (const segment of copies) segments.set(segment.position, segment);
        for (const position of gone) segments.delete(position);
        store.writes.push({ put: copies.length, remove: gone.length });
        return ok(undefined);
      };
      const early = store.answersLate && !isCut ? apply() : undefined;
      later(() => early ?? apply(), done);
    },
    readAll: (done) => later(() => read(() => ok(contents())), done),
    read: (positions, done) =>
      later(
        () =>
          read(() => {
            const found = positions.map((position) => segments.get(position));
            return found.every((s) => s !== undefined) ? ok(structuredClone(found)) : err(failure);
          }),
        done,
      ),
  };
  return store;
}
