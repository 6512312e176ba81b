import type { Env } from '../../src/kernel/env.ts';
import { err, ok, type Result } from '../../src/kernel/result.ts';
import type { BlockDatabase, Block } from '../../src/memory/blockStore.ts';
import type { Done, JournalError } from '../../src/memory/journal.ts';

/** What a disk does that lies in wait: takes time, fails when told, and keeps only what was serialised. */
export interface MemoryDatabase extends BlockDatabase {
  /** How long each operation takes. */
  delayMs: number;
  /** The next operations of that kind to fail, one for each call. */
  failWrites: number;
  failReads: number;
  /** While set, nothing can be put. */
  full: boolean;
  /** Whether a write is durable at once and only its answer takes time, so that a crash can fall between the two. */
  answersLate: boolean;
  /** The writes that were made, as their sizes: blocks put and removed. */
  readonly writes: { readonly put: number; readonly remove: number }[];
  readonly marker: string | null;
  readonly aside: readonly Block[];
  /** The durable contents, as a new process would find them. */
  contents(): Block[];
  /** From now on nothing that this handle was doing or is asked to do happens: its process is gone. */
  cut(): void;
}

export function createMemoryDatabase(
  env: Env,
  initial: readonly Block[] = [],
  initialMarker: string | null = null,
): MemoryDatabase {
  const blocks = new Map<number, Block>(initial.map((b) => [b.position, structuredClone(b)]));
  const aside: Block[] = [];
  let marker = initialMarker;
  let isCut = false;
  const failure: JournalError = { reason: 'failed', message: 'the disk said no' };
  const copyOf = ({ position, bytes }: Block): Block => structuredClone({ position, bytes });
  const contents = (): Block[] => [...blocks.values()].sort((a, b) => a.position - b.position).map(copyOf);
  /** `work` runs when the operation takes effect, after its delay. */
  const later = <T>(work: () => Result<T, JournalError>, done: Done<T>): void => {
    env.setTimer(store.delayMs, () => {
      if (!isCut) done(work());
    });
  };
  const read = <T>(work: () => Result<T, JournalError>): Result<T, JournalError> => {
    if (store.failReads === 0) return work();
    store.failReads--;
    return err(failure);
  };
  const store: MemoryDatabase = {
    delayMs: 1,
    failWrites: 0,
    failReads: 0,
    full: false,
    answersLate: false,
    writes: [],
    get marker() {
      return marker;
    },
    aside,
    contents,
    cut() {
      isCut = true;
    },
    write(put, remove, done) {
      const copies = put.map(copyOf);
      const gone = [...remove];
      const apply = (): Result<void, JournalError> => {
        if (store.full && copies.length > 0) return err({ reason: 'full', message: 'the disk is full' });
        if (store.failWrites > 0) {
          store.failWrites--;
          return err(failure);
        }
        for (const block of copies) blocks.set(block.position, block);
        for (const position of gone) blocks.delete(position);
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
            const found = positions.map((position) => blocks.get(position));
            return found.every((b) => b !== undefined) ? ok(found.map(copyOf)) : err(failure);
          }),
        done,
      ),
    readMarker: (done) => later(() => ok(marker), done),
    writeMarker: (id, done) => later(() => ok(void (marker = id)), done),
    setAside: (damaged, done) =>
      later(() => {
        aside.push(...damaged.map(copyOf));
        for (const { position } of damaged) blocks.delete(position);
        return ok(undefined);
      }, done),
  };
  return store;
}
