import { err, ok, type Result } from '../kernel/result.ts';
import type { BlockDatabase, BlockStore, Block } from './blockStore.ts';
import type { Done, JournalError } from './journal.ts';
import type { Mirror } from './mirrorLog.ts';
import { examine, sealOf, type DamagedBlock } from './segment.ts';

/** What was found when crash memory was opened, and what has become of its mirror. */
export interface CrashStoreReport {
  /**
   * `new`: neither database nor mirror held anything. `kept`: the database was there. `healed`: the browser had lost
   * it, and it was restored from the mirror.
   */
  readonly origin: 'new' | 'kept' | 'healed';
  /** Blocks written back from the mirror: lost with the database, damaged in it, or committed and not there. */
  readonly healedBlocks: number;
  /** Blocks that neither the database nor the mirror has as they were written: set aside. */
  readonly damaged: readonly DamagedBlock[];
  /** Why there is no mirror; null when there is one. */
  readonly mirrorProblem: string | null;
  readonly mirrorBytes: number;
}

/** Blocks that outlive the loss of their database. */
export interface CrashStore extends BlockStore {
  /** What is known since the first `readAll`. */
  report(): CrashStoreReport;
  /** After the database was given other contents: makes the mirror its mirror again. */
  remirror(blocks: Iterable<Block>): void;
}

export interface CrashStoreOptions {
  /** Whether the mirror is flushed before an ack. */
  readonly strict: boolean;
  /** A name for a new database that no other has. */
  readonly newId: () => string;
  /** Why there is no mirror, when there is none. */
  readonly noMirror?: string;
}

/** Blocks that go into one write when a database is restored. */
const RESTORE_BYTES = 8_000_000;

const fullMirror: JournalError = {
  reason: 'full',
  message: 'There is no more room for the mirror of crash memory. Free space on this device.',
};

const isNoRoom = (cause: unknown): boolean =>
  cause instanceof Error || cause instanceof DOMException ? cause.name === 'QuotaExceededError' : false;

/**
 * A database with its mirror: every write goes to both before it is answered, the mirror first, and is taken back there
 * when the database refuses. `readAll` is the opening: a database without its birth marker, or with less than the
 * mirror, is brought to the mirror's state; what fails its checksum is taken from the mirror or set aside.
 */
export function createCrashStore(
  database: BlockDatabase,
  mirrorGiven: Mirror | null,
  options: CrashStoreOptions,
): CrashStore {
  let mirror = mirrorGiven;
  let mirrorProblem = mirror ? null : (options.noMirror ?? 'there is none');
  let origin: CrashStoreReport['origin'] = 'new';
  let healedBlocks = 0;
  const damaged: DamagedBlock[] = [];
  let birth = '';

  function dropMirror(cause: unknown): void {
    mirror = null;
    mirrorProblem = `it failed: ${cause instanceof Error ? cause.message : String(cause)}`;
  }

  function remirror(blocks: Iterable<Block>): void {
    if (!mirror) return;
    try {
      mirror.rebuild(birth, blocks);
    } catch (cause) {
      dropMirror(cause);
    }
  }

  /** A block of the mirror that is as it was written. */
  const soundInMirror = (position: number): Block | null => {
    const block = mirror?.read(position) ?? null;
    return block && !examine(block) ? block : null;
  };

  /** Writes many blocks in several transactions, one after the other. */
  function writeAll(blocks: readonly Block[], remove: readonly number[], done: Done<void>): void {
    let bytes = 0;
    let n = 0;
    while (n < blocks.length && bytes < RESTORE_BYTES) bytes += blocks[n++]!.bytes.length;
    database.write(blocks.slice(0, n), n === blocks.length ? remove : [], (r) => {
      if (r.ok && n < blocks.length) writeAll(blocks.slice(n), remove, done);
      else done(r);
    });
  }

  /** Brings the database to what crash memory is, and tells what that is. */
  function reconcile(marker: string | null, found: readonly Block[], done: Done<readonly Block[]>): void {
    const last = found.at(-1)?.position ?? 0;
    const mirrored = mirror?.positions() ?? [];
    // What was written last tells which of the two is behind: numbers only grow.
    const lost = marker === null && mirror !== null && mirror.birth !== null;
    const mirrorLeads =
      lost ||
      (mirror !== null && mirror.birth === marker && marker !== null && (mirrored.at(-1) ?? 0) >= last);
    birth = marker ?? mirror?.birth ?? options.newId();
    origin = lost ? 'healed' : marker === null && found.length === 0 ? 'new' : 'kept';

    const contents = new Map<number, Block>();
    const putBack: Block[] = [];
    const aside: Block[] = [];
    const heal = (block: Block): void => {
      healedBlocks++;
      putBack.push(block);
      contents.set(block.position, block);
    };
    const give = (position: number, bad: Block | null, what: DamagedBlock): void => {
      damaged.push(what);
      if (bad) aside.push(bad);
      else if (position > 0) contents.delete(position);
    };
    const inDatabase = new Map(found.map((block) => [block.position, block]));
    const wanted = mirrorLeads ? mirrored : [...inDatabase.keys()];
    for (const position of wanted) {
      const own = inDatabase.get(position) ?? null;
      const problem = own && examine(own);
      if (own && !problem && (!mirrorLeads || mirror!.seal(position) === sealOf(own.bytes))) {
        contents.set(position, own);
        continue;
      }
      const copy = soundInMirror(position);
      if (copy) heal(copy);
      else if (own && !problem) contents.set(position, own);
      else give(position, own, problem ?? { position, owners: null });
    }
    const remove = mirrorLeads ? [...inDatabase.keys()].filter((p) => mirror!.seal(p) === undefined) : [];
    const blocks = [...contents.values()].sort((a, b) => a.position - b.position);
    const inStep =
      mirror !== null &&
      mirror.birth === birth &&
      mirrored.length === blocks.length &&
      blocks.every((b) => mirror!.seal(b.position) === sealOf(b.bytes));

    const end = (r: Result<void, JournalError>): void => {
      if (!r.ok) {
        done(r);
        return;
      }
      if (!inStep) remirror(blocks);
      done(ok(blocks));
    };
    const mark: Done<void> = (r) => {
      // The marker comes last: a restoration that a crash cuts short begins anew.
      if (r.ok && marker === null) database.writeMarker(birth, end);
      else end(r);
    };
    const write: Done<void> = (r) => {
      if (r.ok && (putBack.length > 0 || remove.length > 0)) writeAll(putBack, remove, mark);
      else mark(r);
    };
    if (aside.length > 0) database.setAside(aside, write);
    else write(ok(undefined));
  }

  return {
    write(put, remove, done) {
      try {
        mirror?.append(put, remove);
      } catch (cause) {
        if (isNoRoom(cause)) {
          // Nothing was written anywhere. The database is asked for nothing, so that the answer comes later, as all do.
          database.write([], [], () => done(err(fullMirror)));
          return;
        }
        dropMirror(cause);
      }
      database.write(put, remove, (r) => {
        if (!r.ok) {
          try {
            mirror?.rollback();
          } catch (cause) {
            dropMirror(cause);
          }
        }
        done(r);
      });
      if (!options.strict) return;
      try {
        // The database commits meanwhile; its answer can only come after this.
        mirror?.flush();
      } catch (cause) {
        dropMirror(cause);
      }
    },
    readAll(done) {
      database.readMarker((marker) => {
        if (!marker.ok) {
          done(marker);
          return;
        }
        database.readAll((found) => {
          if (found.ok) reconcile(marker.value, found.value, done);
          else done(found);
        });
      });
    },
    read(positions, done) {
      database.read(positions, (r) => {
        if (!r.ok) {
          done(r);
          return;
        }
        const bad = r.value.find((block) => examine(block));
        if (!bad) {
          done(r);
          return;
        }
        const sound = r.value.map((block) => (examine(block) ? soundInMirror(block.position) : block));
        if (sound.every((block) => block !== null)) {
          healedBlocks += r.value.filter((block) => examine(block)).length;
          done(ok(sound));
        } else
          done(
            err({
              reason: 'failed',
              message: `Segment ${bad.position} of crash memory is damaged. Reload the page: it is set aside then, and the rest is served.`,
            }),
          );
      });
    },
    report: () => ({
      origin,
      healedBlocks,
      damaged,
      mirrorProblem,
      mirrorBytes: mirror?.bytes ?? 0,
    }),
    remirror,
  };
}
