/** What a session asks of the journal; `T` is what the shell needs to carry it out and to answer. */
export interface JournalOp<T> {
  readonly kind: 'write' | 'load' | 'alone';
  /** Undefined for an operation of no session, which no fence touches. */
  readonly session?: { readonly node: number; readonly incarnation: number };
  readonly body: T;
}

export type CommitInput<T> =
  /** The store was read; work may begin. */
  | { readonly type: 'opened' }
  /** It could not be read: what waits is refused, and so is what comes, until it is `opened` after all. */
  | { readonly type: 'openFailed' }
  | { readonly type: 'submitted'; readonly op: JournalOp<T> }
  /** A node has a new session: lower incarnations are fenced off. */
  | { readonly type: 'sessionOpened'; readonly node: number; readonly incarnation: number }
  | { readonly type: 'timerFired' }
  /** What the last `write`, `read` or `alone` effect asked for has succeeded or failed. */
  | { readonly type: 'settled' }
  /** There was no room for the last `write`: these wait, first in the queue, and are tried again. */
  | { readonly type: 'noRoom'; readonly ops: readonly JournalOp<T>[] };

export type CommitEffect<T> =
  /** Call back with `timerFired`; at most one is wanted at a time. */
  | { readonly type: 'startTimer'; readonly delayMs: number }
  /** Commit these in one write, then `settled`. */
  | { readonly type: 'write'; readonly ops: readonly JournalOp<T>[] }
  /** Answer these loads, then `settled`. */
  | { readonly type: 'read'; readonly ops: readonly JournalOp<T>[] }
  /** Do this with nothing else under way, then `settled`. */
  | { readonly type: 'alone'; readonly op: JournalOp<T> }
  | { readonly type: 'refuse'; readonly op: JournalOp<T>; readonly reason: 'fenced' | 'closed' };

/** How long a write that found no room waits before it is tried again. */
export const ROOM_RETRY_MS = 1_000;

/** The state of the one writer. The store does one thing at a time, so a read never sees half a change. */
export interface CommitState<T> {
  readonly groupCommitMs: number;
  /** `full`: the last write found no room; loads are answered meanwhile. */
  phase: 'closed' | 'broken' | 'idle' | 'gathering' | 'busy' | 'full';
  /** Accepted and not yet under way, in the order of submission. */
  queue: JournalOp<T>[];
  /** The highest incarnation of each node. */
  readonly incarnations: Map<number, number>;
  /** Whether the last thing done was a read: then a waiting write goes first, so that neither starves the other. */
  lastWasRead: boolean;
}

export function initialCommitState<T>(groupCommitMs: number): CommitState<T> {
  return { groupCommitMs, phase: 'closed', queue: [], incarnations: new Map(), lastWasRead: false };
}

const isFenced = <T>(state: CommitState<T>, op: JournalOp<T>): boolean =>
  op.session !== undefined && op.session.incarnation < (state.incarnations.get(op.session.node) ?? 0);

/** Loads whose session has nothing to write before them: a session reads what it wrote, and not what it writes later. */
function readyLoads<T>(state: CommitState<T>): JournalOp<T>[] {
  const writing = new Set<number>();
  const ready: JournalOp<T>[] = [];
  for (const op of state.queue) {
    if (op.kind === 'alone') break;
    if (op.kind === 'load' && !writing.has(op.session?.node ?? -1)) ready.push(op);
    if (op.kind === 'write') writing.add(op.session?.node ?? -1);
  }
  return ready;
}

/** Writes that may go into the next commit: all up to the first that is done alone, except those behind a load of their own session. */
function readyWrites<T>(state: CommitState<T>): JournalOp<T>[] {
  const loading = new Set<number>();
  const ready: JournalOp<T>[] = [];
  for (const op of state.queue) {
    if (op.kind === 'alone') break;
    if (op.kind === 'load') loading.add(op.session?.node ?? -1);
    if (op.kind === 'write' && !loading.has(op.session?.node ?? -1)) ready.push(op);
  }
  return ready;
}

function begin<T>(
  state: CommitState<T>,
  effect: CommitEffect<T>,
  ops: readonly JournalOp<T>[],
): CommitEffect<T>[] {
  const taken = new Set(ops);
  state.queue = state.queue.filter((op) => !taken.has(op));
  state.phase = 'busy';
  state.lastWasRead = effect.type === 'read';
  return [effect];
}

/** Starts what is due when the store has nothing to do. `mayWrite`: the group has waited long enough. */
function next<T>(state: CommitState<T>, mayWrite: boolean): CommitEffect<T>[] {
  const loads = readyLoads(state);
  const writes = mayWrite ? readyWrites(state) : [];
  if (loads.length > 0 && !(state.lastWasRead && writes.length > 0))
    return begin(state, { type: 'read', ops: loads }, loads);
  if (writes.length > 0) return begin(state, { type: 'write', ops: writes }, writes);
  const head = state.queue[0];
  if (head?.kind === 'alone') return begin(state, { type: 'alone', op: head }, [head]);
  if (state.queue.length === 0) {
    state.phase = 'idle';
    return [];
  }
  if (state.phase === 'gathering' || state.phase === 'full') return [];
  state.phase = 'gathering';
  return [{ type: 'startTimer', delayMs: state.groupCommitMs }];
}

/**
 * Group commit with fencing, as a pure protocol (it changes `state` and nothing else): writes gather for `groupCommitMs`,
 * or for as long as the store is busy, and go out as one; loads wait for what is under way; a fenced session's operations
 * are refused unless they are under way already.
 */
export function commitStep<T>(state: CommitState<T>, input: CommitInput<T>): CommitEffect<T>[] {
  switch (input.type) {
    case 'submitted':
      if (isFenced(state, input.op)) return [{ type: 'refuse', op: input.op, reason: 'fenced' }];
      if (state.phase === 'broken') return [{ type: 'refuse', op: input.op, reason: 'closed' }];
      state.queue.push(input.op);
      // One more for the group: nothing else can have become due, and looking would cost a walk of the queue each time.
      if ((state.phase === 'gathering' || state.phase === 'full') && input.op.kind === 'write') return [];
      return state.phase === 'closed' || state.phase === 'busy' ? [] : next(state, false);
    case 'sessionOpened': {
      const known = state.incarnations.get(input.node) ?? 0;
      state.incarnations.set(input.node, Math.max(known, input.incarnation));
      const fenced = state.queue.filter((op) => isFenced(state, op));
      state.queue = state.queue.filter((op) => !isFenced(state, op));
      return fenced.map((op) => ({ type: 'refuse', op, reason: 'fenced' }));
    }
    case 'timerFired':
      return state.phase === 'gathering' || state.phase === 'full' ? next(state, true) : [];
    case 'noRoom': {
      const fenced = input.ops.filter((op) => isFenced(state, op));
      state.queue = [...input.ops.filter((op) => !isFenced(state, op)), ...state.queue];
      state.phase = 'full';
      return [
        ...fenced.map((op): CommitEffect<T> => ({ type: 'refuse', op, reason: 'fenced' })),
        { type: 'startTimer', delayMs: ROOM_RETRY_MS },
        ...next(state, false),
      ];
    }
    case 'openFailed': {
      const waiting = state.queue;
      state.queue = [];
      state.phase = 'broken';
      return waiting.map((op) => ({ type: 'refuse', op, reason: 'closed' }));
    }
    case 'opened':
    case 'settled':
      state.phase = 'idle';
      return next(state, true);
  }
}
