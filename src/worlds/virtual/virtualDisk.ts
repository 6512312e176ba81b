import { err, ok } from '../../kernel/result.ts';
import { createRng } from '../../kernel/rng.ts';
import { createCrashStore, type CrashStore } from '../../memory/crashStore.ts';
import type { BlockDatabase, Block } from '../../memory/blockStore.ts';
import type { Done } from '../../memory/journal.ts';
import { startOf } from '../../memory/packedEntries.ts';
import { readSegment } from '../../memory/segment.ts';
import { EVENT } from './eventLog.ts';
import type { VirtualProcess } from './virtualEnv.ts';
import type { VirtualWorld } from './virtualWorld.ts';
import type { WireClone } from './wireClone.ts';

/** How a disk behaves. The default keeps IndexedDB's promises: a transaction is there as a whole or not at all, and once answered it stays. */
export interface DiskOptions {
  /** A write takes this, and up to `jitterMs` more; its answer takes up to `answerMs` longer. */
  readonly delayMs: number;
  readonly jitterMs: number;
  readonly answerMs: number;
  /** A transaction that was under way at a crash may be there in part: crash memory must find that out by its checksums. */
  readonly tears?: boolean;
  /** Broken: writes are answered this long before they are durable. */
  readonly liesMs?: number;
}

export const FAIR_DISK: DiskOptions = { delayMs: 0.5, jitterMs: 1, answerMs: 0.5 };

/** A disk that outlives the processes that use it. */
export interface VirtualDisk {
  /** The store as one process uses it; when that ends, what was not answered may or may not have happened. */
  storeOf(process: VirtualProcess): BlockDatabase;
  /** Power is gone: what was under way and not durable never was (or, where the disk tears, was in part). */
  crash(): void;
  /** For so long from now on it finishes nothing that begins. */
  stall(forMs: number): void;
  /** What a new process would find. */
  contents(): Block[];
  /** What was damaged and set aside. */
  readonly aside: readonly Block[];
  /** The browser loses all of it, the birth marker too. */
  wipe(): void;
  readonly commits: number;
}

interface Write {
  readonly put: readonly Block[];
  readonly token: number;
}

const copyOf = ({ position, bytes }: Block): Block => ({ position, bytes: bytes.slice() });

/** What a segment says, as the event log wants it. */
function feedSegment(wire: WireClone, block: Block): void {
  const { entries } = readSegment(block);
  for (let i = 0; i < entries.ends.length; i++)
    wire.feedBytes(entries.bytes, startOf(entries, i), entries.ends[i]!);
}

export function createVirtualDisk(world: VirtualWorld, options: DiskOptions): VirtualDisk {
  const { clock, log, wire } = world;
  const rng = createRng(`${world.seed}/disk`);
  const blocks = new Map<number, Block>();
  let marker: string | null = null;
  const aside: Block[] = [];
  const underWay = new Set<Write>();
  let commits = 0;
  let stalledUntilMs = 0;
  const takes = (): number =>
    Math.max(0, stalledUntilMs - clock.nowMs) + options.delayMs + rng.next() * options.jitterMs;
  const contents = (): Block[] => [...blocks.values()].sort((a, b) => a.position - b.position).map(copyOf);

  function apply(put: readonly Block[], remove: readonly number[]): void {
    for (const block of put) blocks.set(block.position, block);
    for (const position of remove) blocks.delete(position);
  }

  return {
    get commits() {
      return commits;
    },
    contents,
    stall: (forMs) => void (stalledUntilMs = Math.max(stalledUntilMs, clock.nowMs + forMs)),
    aside,
    wipe() {
      blocks.clear();
      marker = null;
    },
    crash() {
      stalledUntilMs = 0;
      for (const write of underWay) {
        clock.cancel(write.token);
        if (options.tears === true && rng.next() < 0.7) {
          const part = write.put.slice(0, rng.int(write.put.length + 1)).map(({ position, bytes }) => ({
            position,
            bytes: bytes.slice(0, rng.int(bytes.length + 1)),
          }));
          apply(part, []);
        }
      }
      underWay.clear();
    },
    storeOf(process) {
      const answer = <T>(afterMs: number, done: Done<T>, what: () => T): void => {
        clock.at(clock.nowMs + afterMs, () => {
          if (process.alive) done(ok(what()));
        });
      };
      return {
        write(put, remove, done) {
          const copies = put.map(copyOf);
          wire.clone(copies.length);
          for (const copy of copies) feedSegment(wire, copy);
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
            const found = positions.map((position) => blocks.get(position));
            if (found.every((b) => b !== undefined)) done(ok(found.map(copyOf)));
            else done(err({ reason: 'failed', message: 'A segment is not on the disk.' }));
          });
        },
        readMarker: (done) => answer(takes(), done, () => marker),
        writeMarker: (id, done) => answer(takes(), done, () => void (marker = id)),
        setAside: (damaged, done) =>
          answer(takes(), done, () => {
            aside.push(...damaged);
            for (const { position } of damaged) blocks.delete(position);
          }),
      };
    },
  };
}

/** Crash memory over the disk, as the live world has it over IndexedDB, but for the mirror: this disk is not wiped by itself. */
export const crashStoreOn = (disk: VirtualDisk, process: VirtualProcess): CrashStore =>
  createCrashStore(disk.storeOf(process), null, { strict: true, newId: () => 'virtual' });
