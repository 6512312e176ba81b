import type { CancelTimer, Env } from '../kernel/env.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import {
  commitStep,
  initialCommitState,
  type CommitEffect,
  type CommitInput,
  type JournalOp,
} from './groupCommit.ts';
import type { BlockStore, Block } from './blockStore.ts';
import type { Done, JournalError, JournalPort } from './journal.ts';
import {
  copyEntries,
  packEntries,
  runsOf,
  textsByOwner,
  textsOf,
  type PackedEntries,
  type Parcel,
} from './packedEntries.ts';
import { readSegment, type Segment } from './segment.ts';
import { SegmentCache } from './segmentCache.ts';
import { SegmentIndex, type LogChange } from './segmentIndex.ts';

/** How the journal writer works; all but `groupCommitMs` have sensible defaults. */
export interface JournalWriterOptions {
  /** The longest a write waits for company before it is committed. */
  readonly groupCommitMs: number;
  /** About where a segment is split, in bytes of text. Default 1,000,000. */
  readonly segmentBytes?: number;
  /** Small segments at the end of the log before they are rewritten as one. Default 256. */
  readonly tailSegments?: number;
  /** Segments kept in memory so that a load need not read them. Default 64,000,000 bytes. */
  readonly cacheBytes?: number;
  /** Bytes of texts that may wait for room in the store; more is refused as `full`. Default 256,000,000. */
  readonly waitingBytes?: number;
}

/** What the writer has done since it was created, and how it is. */
export interface JournalStats {
  /** Appends and checkpoints that became durable. */
  readonly appends: number;
  /** Texts in them. */
  readonly entries: number;
  /** Writes to the store that succeeded, those that forgot everything included. */
  readonly commits: number;
  /** Bytes written in segments, rewriting included. */
  readonly bytes: number;
  /** Segments in the store now, and what is in them, dead entries included. */
  readonly segments: number;
  readonly storedEntries: number;
  readonly storedBytes: number;
  /** How long the last write took, from its call to the store's answer; null before the first. */
  readonly lastCommitMs: number | null;
  /** The sentence of the store when it has no room; null while it has. */
  readonly noRoom: string | null;
  /** Writes that wait, and their bytes. */
  readonly waiting: number;
  readonly waitingBytes: number;
}

/** A journal port that also takes and gives packed entries: the way over a process's border. */
export interface PackedJournalPort extends JournalPort {
  appendPacked(entries: PackedEntries, done: Done<void>): void;
  /** As `checkpoint`; all entries are of `owner`. */
  checkpointPacked(owner: string, entries: PackedEntries, done: Done<void>): void;
  /** As `load`, as one parcel in which each owner's texts are in order. */
  loadPacked(owners: readonly string[], done: Done<Parcel>): void;
}

/** What is in the way of an export or an import while it runs: the writer does nothing else. */
export interface StoreAlone {
  /** Positions of all segments, ascending. */
  readonly positions: readonly number[];
  /** The writer goes on. With `reread` it reads the store again first, for its contents were replaced. */
  release(reread: boolean, done: Done<void>): void;
}

/** The one writer of crash memory: group commit, fencing, checkpoints, over any BlockStore. All callbacks come later. */
export interface JournalWriter {
  /**
   * Reads the store; what was submitted before waits for it. `entries`: texts that were found. After a failure
   * everything is refused as `failed` until another call succeeds.
   */
  ready(done: Done<{ readonly entries: number }>): void;
  /**
   * The port of one incarnation of a node. Lower incarnations of that node are fenced from now on: what they append or
   * load is refused as `fenced`, also what is queued and not yet being written; what is being written is settled before
   * any load of the new session. A session reads its own earlier writes. While the store has no room writes wait, and
   * are refused as `full` only when too many wait.
   */
  session(node: number, incarnation: number): PackedJournalPort;
  /** Removes everything, after all that was submitted before; sessions stay usable. */
  forget(done: Done<void>): void;
  /** Runs `work` with the store to itself, after all that was submitted before; what comes meanwhile waits. */
  alone(work: (store: StoreAlone) => void, refused: (error: JournalError) => void): void;
  /** Everybody who has a log. */
  owners(): string[];
  stats(): JournalStats;
}

/** Hears what became durable; `read` gives the text, for as long as the call lasts. */
export type CommitListener = (owner: string, read: () => string) => void;

type Body =
  | { readonly type: 'change'; readonly change: LogChange; readonly done: Done<void> }
  | { readonly type: 'load'; readonly owners: readonly string[]; readonly done: Done<Parcel> }
  | { readonly type: 'forget'; readonly done: Done<void> }
  | {
      readonly type: 'alone';
      readonly work: (store: StoreAlone) => void;
      readonly done: (r: Result<never, JournalError>) => void;
    };

const FENCED: JournalError = {
  reason: 'fenced',
  message: 'A newer incarnation of this node has taken over its journal.',
};
const CROWDED: JournalError = {
  reason: 'full',
  message:
    'Crash memory has had no room for so long that nothing more can wait for it. Free space on this device.',
};
const CLOSED: JournalError = {
  reason: 'failed',
  message: 'Crash memory could not be read, so nothing can be written to it. Reload the page to try again.',
};

/**
 * The writer over `store`, not yet ready: call `ready` once. What the store gives must be as it was written: checksums
 * are the business of the store.
 * @param tap hears every text of appends and checkpoints once it is durable, in commit order, before its `done`.
 */
export function createJournalWriter(
  env: Env,
  store: BlockStore,
  options: JournalWriterOptions,
  tap?: CommitListener,
): JournalWriter {
  const state = initialCommitState<Body>(options.groupCommitMs);
  const index = new SegmentIndex({
    segmentBytes: options.segmentBytes ?? 1_000_000,
    tailSegments: options.tailSegments ?? 256,
  });
  const cache = new SegmentCache(options.cacheBytes ?? 64_000_000);
  const waitingBytesMax = options.waitingBytes ?? 256_000_000;
  const stats = { appends: 0, entries: 0, commits: 0, bytes: 0 };
  let lastCommitMs: number | null = null;
  let noRoom: string | null = null;
  let waiting = 0;
  let waitingBytes = 0;
  let cancelTimer: CancelTimer = () => {};

  function feed(input: CommitInput<Body>): void {
    for (const effect of commitStep(state, input)) perform(effect);
  }

  function perform(effect: CommitEffect<Body>): void {
    switch (effect.type) {
      case 'startTimer':
        cancelTimer();
        cancelTimer = env.setTimer(effect.delayMs, () => feed({ type: 'timerFired' }));
        return;
      case 'write':
        return write(effect.ops);
      case 'read':
        return read(effect.ops);
      case 'alone':
        return alone(effect.op);
      case 'refuse': {
        const error = err(effect.reason === 'fenced' ? FENCED : CLOSED);
        env.defer(() => effect.op.body.done(error));
      }
    }
  }

  /** Runs callbacks, then lets the next operation begin, even if a callback throws. */
  function settle(callbacks: () => void): void {
    try {
      callbacks();
    } finally {
      feed({ type: 'settled' });
    }
  }

  function write(ops: readonly JournalOp<Body>[]): void {
    const bodies = ops.map((op) => op.body as Extract<Body, { type: 'change' }>);
    const plan = index.plan(bodies.map((body) => body.change));
    const beganMs = env.now();
    store.write(plan.put, plan.remove, (r) => {
      lastCommitMs = env.now() - beganMs;
      noRoom = !r.ok && r.error.reason === 'full' ? r.error.message : null;
      if (noRoom !== null) {
        feed({ type: 'noRoom', ops });
        return;
      }
      settle(() => {
        if (r.ok) {
          index.commit(plan);
          for (const position of plan.remove) cache.delete(position);
          for (const segment of plan.put) stats.bytes += segment.bytes.length;
          stats.commits++;
          stats.appends += bodies.length;
          for (const { change } of bodies) hear(change.entries);
        }
        for (const body of bodies) body.done(r);
      });
    });
  }

  function hear(entries: PackedEntries): void {
    stats.entries += entries.ends.length;
    if (!tap) return;
    let texts: string[] | undefined;
    for (let i = 0; i < entries.ends.length; i++)
      tap(entries.owners[entries.ownerOf[i]!]!, () => (texts ??= textsOf(entries))[i]!);
  }

  function read(ops: readonly JournalOp<Body>[]): void {
    const bodies = ops.map((op) => op.body as Extract<Body, { type: 'load' }>);
    const positions = new Set(bodies.flatMap((body) => body.owners.flatMap((o) => index.positionsOf(o))));
    const found = new Map<number, Segment>();
    const missing: number[] = [];
    for (const position of [...positions].sort((a, b) => a - b)) {
      const segment = index.inTail(position) ?? cache.get(position);
      if (segment) found.set(position, segment);
      else missing.push(position);
    }
    const answer: Done<readonly Block[]> = (r) =>
      settle(() => {
        if (!r.ok) {
          for (const body of bodies) body.done(r);
          return;
        }
        for (const block of r.value) {
          const segment = readSegment(block);
          found.set(segment.position, segment);
          cache.put(segment);
        }
        for (const body of bodies) body.done(ok(collect(body.owners, found, (o) => index.positionsOf(o))));
      });
    if (missing.length > 0) store.read(missing, answer);
    else env.defer(() => answer(ok([])));
  }

  function alone(op: JournalOp<Body>): void {
    const body = op.body as Extract<Body, { type: 'forget' | 'alone' }>;
    if (body.type === 'forget') {
      store.write([], index.stored(), (r) => {
        settle(() => {
          if (r.ok) {
            index.clear();
            cache.clear();
            stats.commits++;
          }
          body.done(r);
        });
      });
      return;
    }
    body.work({
      positions: index.stored(),
      release(reread, done) {
        if (reread) rebuild((r) => settle(() => done(r.ok ? ok(undefined) : r)));
        else settle(() => done(ok(undefined)));
      },
    });
  }

  /** Takes over what the store holds. */
  function rebuild(done: Done<{ readonly entries: number }>): void {
    store.readAll((r) => {
      if (!r.ok) {
        done(r);
        return;
      }
      const segments = r.value.map(readSegment);
      index.rebuild(segments);
      cache.clear();
      for (const segment of segments) cache.put(segment);
      done(ok({ entries: index.entries }));
    });
  }

  return {
    ready(done) {
      rebuild((r) => {
        feed({ type: r.ok ? 'opened' : 'openFailed' });
        done(r);
      });
    },
    session(node, incarnation) {
      const session = { node, incarnation };
      feed({ type: 'sessionOpened', ...session });
      const change = (what: LogChange, done: Done<void>): void => {
        const bytes = what.entries.bytes.length;
        if (waitingBytes > waitingBytesMax) {
          env.defer(() => done(err(CROWDED)));
          return;
        }
        waiting++;
        waitingBytes += bytes;
        const answered: Done<void> = (r) => {
          waiting--;
          waitingBytes -= bytes;
          done(r);
        };
        feed({
          type: 'submitted',
          op: { kind: 'write', session, body: { type: 'change', change: what, done: answered } },
        });
      };
      const load = (owners: readonly string[], done: Done<Parcel>): void =>
        feed({
          type: 'submitted',
          op: { kind: 'load', session, body: { type: 'load', owners: [...owners], done } },
        });
      const port: PackedJournalPort = {
        appendPacked: (entries, done) => change({ type: 'append', entries }, done),
        checkpointPacked: (owner, entries, done) => change({ type: 'replace', owner, entries }, done),
        loadPacked: load,
        append: (entries, done) => port.appendPacked(packEntries(entries), done),
        checkpoint: (owner, texts, done) =>
          port.checkpointPacked(owner, packEntries(texts.map((text) => ({ owner, text }))), done),
        load: (owners, done) => load(owners, (r) => done(r.ok ? ok(textsByOwner(r.value, owners)) : r)),
      };
      return port;
    },
    forget: (done) => feed({ type: 'submitted', op: { kind: 'alone', body: { type: 'forget', done } } }),
    alone(work, refused) {
      const done = (r: Result<never, JournalError>): void => {
        if (!r.ok) refused(r.error);
      };
      feed({ type: 'submitted', op: { kind: 'alone', body: { type: 'alone', work, done } } });
    },
    owners: () => index.owners(),
    stats: () => ({
      ...stats,
      segments: index.segments,
      storedEntries: index.entries,
      storedBytes: index.bytes,
      lastCommitMs,
      noRoom,
      waiting,
      waitingBytes,
    }),
  };
}

/** The live entries of the wanted owners, each owner's oldest first, out of the segments that hold them. */
function collect(
  wanted: readonly string[],
  segments: ReadonlyMap<number, Segment>,
  positionsOf: (owner: string) => readonly number[],
): Parcel {
  const live = new Map(wanted.map((owner) => [owner, new Set(positionsOf(owner))]));
  const ordered = [...segments.values()].sort((a, b) => a.position - b.position);
  return copyEntries(
    ordered.flatMap(({ position, entries }) =>
      runsOf(entries, (owner) => live.get(owner)?.has(position) ?? false),
    ),
  );
}
