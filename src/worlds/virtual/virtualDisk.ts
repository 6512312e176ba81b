import { err, ok, type Result } from '../../kernel/result.ts';
import { createRng } from '../../kernel/rng.ts';
import type { JournalError, Segment, SegmentStore } from '../../memory/journal.ts';
import { EVENT } from './eventLog.ts';
import type { VirtualProcess } from './virtualEnv.ts';
import type { VirtualWorld } from './virtualWorld.ts';

/** How a disk behaves. The default keeps IndexedDB's promises: a transaction is there as a whole or not at all, and once answered it stays. */
export interface DiskOptions {
  /** A write takes this, and up to `jitterMs` more; its answer takes up to `answerMs` longer. */
  readonly delayMs: number;
  readonly jitterMs: number;
  readonly answerMs: number;
  /** Broken: a transaction that was under way at a crash may be there in part. */
  readonly tears?: boolean;
  /** Broken: writes are answered this long before they are durable. */
  readonly liesMs?: number;
}

export const FAIR_DISK: DiskOptions = { delayMs: 0.5, jitterMs: 1, answerMs: 0.5 };

/** A disk that outlives the processes that use it. */
export interface VirtualDisk {
  /** The store as one process uses it; when that ends, what was not answered may or may not have happened. */
  storeOf(process: VirtualProcess): SegmentStore;
  /** Power is gone: what was under way and not durable never was (or, where the disk tears, was in part). */
  crash(): void;
  /** For so long from now on it finishes nothing that begins. */
  stall(forMs: number): void;
  /** What a new process would find. */
  contents(): Segment[];
  readonly commits: number;
}

interface Write {
  readonly put: readonly Segment[];
  readonly token: number;
}

export function createVirtualDisk(world: VirtualWorld, options: DiskOptions): VirtualDisk {
  const { clock, log, wire } = world;
  const rng = createRng(`${world.seed}/disk`);
  const segments = new Map<number, Segment>();
  const underWay = new Set<Write>();
  let commits = 0;
  let stalledUntilMs = 0;
  const takes = (): number =>
    Math.max(0, stalledUntilMs - clock.nowMs) + options.delayMs + rng.next() * options.jitterMs;
  const contents = (): Segment[] =>
    [...segments.values()].sort((a, b) => a.position - b.position).map((s) => wire.copy(s));

  function apply(put: readonly Segment[], remove: readonly number[]): void {
    for (const segment of put) segments.set(segment.position, segment);
    for (const position of remove) segments.delete(position);
  }

  return {
    get commits() {
      return commits;
    },
    contents,
    stall: (forMs) => void (stalledUntilMs = Math.max(stalledUntilMs, clock.nowMs + forMs)),
    crash() {
      stalledUntilMs = 0;
      for (const write of underWay) {
        clock.cancel(write.token);
        if (options.tears === true && rng.next() < 0.7) {
          const part = write.put.slice(0, rng.int(write.put.length + 1)).map((s) => {
            const kept = rng.int(s.texts.length + 1);
            return { ...s, owners: s.owners.slice(0, kept), texts: s.texts.slice(0, kept) };
          });
          apply(part, []);
        }
      }
      underWay.clear();
    },
    storeOf(process) {
      const answer = <T>(
        afterMs: number,
        done: (r: Result<T, JournalError>) => void,
        what: () => T,
      ): void => {
        clock.at(clock.nowMs + afterMs, () => {
          if (process.alive) done(ok(what()));
        });
      };
      return {
        write(put, remove, done) {
          const copies = wire.clone(put);
          const { fingerprint } = wire;
          const gone = [...remove];
          const tookMs = takes();
          const liesMs = options.liesMs ?? 0;
          const write: Write = {
            put: copies,
            token: clock.at(clock.nowMs + tookMs + liesMs, () => {
              underWay.delete(write);
              commits++;
              log.add(clock.nowMs, process.node, EVENT.commit, fingerprint);
              apply(copies, gone);
            }),
          };
          underWay.add(write);
          // An honest answer comes after the fact, so that a crash can fall between the two.
          const answeredMs = liesMs > 0 ? tookMs : tookMs + rng.next() * options.answerMs;
          answer(answeredMs, done, () => undefined);
        },
        readAll: (done) => answer(takes(), done, contents),
        read(positions, done) {
          clock.at(clock.nowMs + takes(), () => {
            if (!process.alive) return;
            const found = positions.map((position) => segments.get(position));
            if (found.every((s) => s !== undefined)) done(ok(found.map((s) => wire.copy(s))));
            else done(err({ reason: 'failed', message: 'A segment is not on the disk.' }));
          });
        },
      };
    },
  };
}
