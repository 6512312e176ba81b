import type { CancelTimer, Env } from '../kernel/env.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import {
  commitStep,
  initialCommitState,
  type CommitEffect,
  type CommitInput,
  type JournalOp,
} from './groupCommit.ts';
import type { JournalError, JournalPort, Segment, SegmentStore } from './journal.ts';
import { SegmentCache } from './segmentCache.ts';
import { SegmentIndex, type LogChange } from './segmentIndex.ts';

type Done<T> = (r: Result<T, JournalError>) => void;

/** How the journal writer works; all but `groupCommitMs` have sensible defaults. */
export interface JournalWriterOptions {
  /** The longest a write waits for company before it is committed. */
  readonly groupCommitMs: number;
  /** About where a segment is split, in UTF-16 code units. Default 1,000,000. */
  readonly segmentUnits?: number;
  /** Small segments at the end of the log before they are rewritten as one. Default 256. */
  readonly tailSegments?: number;
  /** Segments kept in memory so that a load need not read them, in UTF-16 code units of text. Default 16,000,000. */
  readonly cacheUnits?: number;
}

/** What the writer has done since it was created. */
export interface JournalStats {
  /** Appends and checkpoints that became durable. */
  readonly appends: number;
  /** Texts in them. */
  readonly entries: number;
  /** Writes to the store that succeeded, those that forgot everything included. */
  readonly commits: number;
  /** Bytes of text written (UTF-16 code units x 2), rewriting included. */
  readonly bytes: number;
  /** Segments in the store now. */
  readonly segments: number;
}

/** The one writer of crash memory: group commit, fencing, checkpoints, over any SegmentStore. All callbacks come later. */
export interface JournalWriter {
  /**
   * Reads the store; what was submitted before waits for it. `entries`: texts that were found. After a failure
   * everything is refused as `failed` until another call succeeds.
   */
  ready(done: Done<{ readonly entries: number }>): void;
  /**
   * The port of one incarnation of a node. Lower incarnations of that node are fenced from now on: what they append or
   * load is refused as `fenced`, also what is queued and not yet being written; what is being written is settled before
   * any load of the new session. A session reads its own earlier writes.
   */
  session(node: number, incarnation: number): JournalPort;
  /** Removes everything, after all that was submitted before; sessions stay usable. */
  forget(done: Done<void>): void;
  stats(): JournalStats;
}

type Body =
  | { readonly type: 'change'; readonly changes: readonly LogChange[]; readonly done: Done<void> }
  | {
      readonly type: 'load';
      readonly owners: readonly string[];
      readonly done: Done<readonly (readonly string[])[]>;
    }
  | { readonly type: 'forget'; readonly done: Done<void> };

const FENCED: JournalError = {
  reason: 'fenced',
  message: 'A newer incarnation of this node has taken over its journal.',
};
const CLOSED: JournalError = {
  reason: 'failed',
  message: 'Crash memory could not be read, so nothing can be written to it. Reload the page to try again.',
};

/**
 * The writer over `store`, not yet ready: call `ready` once.
 * @param tap hears every text of appends and checkpoints once it is durable, in commit order, before its `done`.
 */
export function createJournalWriter(
  env: Env,
  store: SegmentStore,
  options: JournalWriterOptions,
  tap?: (owner: string, text: string) => void,
): JournalWriter {
  const state = initialCommitState<Body>(options.groupCommitMs);
  const index = new SegmentIndex({
    segmentUnits: options.segmentUnits ?? 1_000_000,
    tailSegments: options.tailSegments ?? 256,
  });
  const cache = new SegmentCache(options.cacheUnits ?? 16_000_000);
  const stats = { appends: 0, entries: 0, commits: 0, bytes: 0 };
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
      case 'wipe':
        return wipe(effect.op);
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
    const changes = bodies.flatMap((body) => body.changes);
    const plan = index.plan(changes);
    store.write(plan.put, plan.remove, (r) => {
      settle(() => {
        if (r.ok) {
          index.commit(plan);
          for (const position of plan.remove) cache.delete(position);
          for (const segment of plan.put) cache.put(segment);
          stats.commits++;
          stats.appends += bodies.length;
          for (const segment of plan.put) for (const text of segment.texts) stats.bytes += 2 * text.length;
          for (const change of changes)
            for (const text of change.type === 'append' ? [change.text] : change.texts) {
              stats.entries++;
              tap?.(change.owner, text);
            }
        }
        for (const body of bodies) body.done(r);
      });
    });
  }

  function read(ops: readonly JournalOp<Body>[]): void {
    const bodies = ops.map((op) => op.body as Extract<Body, { type: 'load' }>);
    const wanted = new Set(bodies.flatMap((body) => body.owners));
    const positions = new Set([...wanted].flatMap((owner) => index.positionsOf(owner)));
    const found = new Map<number, Segment>();
    const missing: number[] = [];
    for (const position of [...positions].sort((a, b) => a - b)) {
      const segment = index.inTail(position) ?? cache.get(position);
      if (segment) found.set(position, segment);
      else missing.push(position);
    }
    const answer = (r: Result<readonly Segment[], JournalError>): void =>
      settle(() => {
        if (!r.ok) {
          for (const body of bodies) body.done(r);
          return;
        }
        for (const segment of r.value) {
          found.set(segment.position, segment);
          cache.put(segment);
        }
        const logs = collect(found, wanted, (owner) => index.positionsOf(owner));
        for (const body of bodies) body.done(ok(body.owners.map((owner) => [...(logs.get(owner) ?? [])])));
      });
    if (missing.length > 0) store.read(missing, answer);
    else env.defer(() => answer(ok([])));
  }

  function wipe(op: JournalOp<Body>): void {
    const body = op.body as Extract<Body, { type: 'forget' }>;
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
  }

  return {
    ready(done) {
      store.readAll((r) => {
        if (!r.ok) {
          feed({ type: 'openFailed' });
          done(r);
          return;
        }
        index.rebuild(r.value);
        let entries = 0;
        for (const segment of r.value) {
          entries += segment.texts.length;
          cache.put(segment);
        }
        feed({ type: 'opened' });
        done(ok({ entries }));
      });
    },
    session(node, incarnation) {
      const session = { node, incarnation };
      feed({ type: 'sessionOpened', ...session });
      const submit = (kind: JournalOp<Body>['kind'], body: Body): void =>
        feed({ type: 'submitted', op: { kind, session, body } });
      return {
        append: (entries, done) =>
          submit('write', {
            type: 'change',
            changes: entries.map(({ owner, text }): LogChange => ({ type: 'append', owner, text })),
            done,
          }),
        checkpoint: (owner, texts, done) =>
          submit('write', { type: 'change', changes: [{ type: 'replace', owner, texts: [...texts] }], done }),
        load: (owners, done) => submit('load', { type: 'load', owners: [...owners], done }),
      };
    },
    forget: (done) => feed({ type: 'submitted', op: { kind: 'forget', body: { type: 'forget', done } } }),
    stats: () => ({ ...stats, segments: index.segments }),
  };
}

/** The live texts of each wanted owner, oldest first, out of the segments that hold them. */
function collect(
  segments: ReadonlyMap<number, Segment>,
  wanted: ReadonlySet<string>,
  positionsOf: (owner: string) => readonly number[],
): Map<string, string[]> {
  const logs = new Map<string, string[]>();
  const live = new Map([...wanted].map((owner) => [owner, new Set(positionsOf(owner))]));
  for (const segment of [...segments.values()].sort((a, b) => a.position - b.position))
    segment.owners.forEach((owner, i) => {
      if (!live.get(owner)?.has(segment.position)) return;
      const log = logs.get(owner);
      if (log) log.push(segment.texts[i]!);
      else logs.set(owner, [segment.texts[i]!]);
    });
  return logs;
}
