import { describeIssue } from '../kernel/schema.ts';
import { createAgentMemory } from './agentMemory.ts';
import type { RecallChoice } from './agentMemoryTypes.ts';
import type { MemoryEvent } from './memoryEvent.ts';
import { carryOutWishes, noWishes, type MemoryWishes } from './memoryTurn.ts';
import { memoryOptions, type MemoryOptions } from './options.ts';
import { spansOf, type RecalledSpan, type SpanChoice } from './recallSpans.ts';
import type { MemoryDraft, MemoryRecord, RecallHit, RingView } from './record.ts';
import { analyse } from './text.ts';

/** Where a memory's log is kept, so that it survives: one line of text an event, in order. Each promise resolves once it is durable. */
export interface LogStore {
  load(): Promise<readonly string[]>;
  append(lines: readonly string[]): Promise<void>;
  /** Puts `lines` in the place of all that was appended, in one step. */
  replace(lines: readonly string[]): Promise<void>;
}

export interface CreateMemoryOptions extends Partial<MemoryOptions> {
  /** Milliseconds on any clock that does not step back, e.g. `Date.now`. */
  readonly now: () => number;
  /** Left out, the memory lives as long as this object. */
  readonly store?: LogStore;
}

/** What is remembered: a text, and what is known of it. */
export type Remembered = Pick<MemoryDraft, 'text'> & Partial<Omit<MemoryDraft, 'text' | 'atMs'>>;

/** One memory with its rings. Changes are made at once and in order; a promise resolves when the store has them. */
export interface Memory {
  /** Memories in the rings. */
  readonly size: number;
  /** Resolves with the memory's number; rejects with a sentence when the budget is used up. */
  remember(what: Remembered): Promise<number>;
  /** The same, and from now on recall returns it in the place of memory `seq`. Rejects when there is no such memory. */
  supersede(seq: number, what: Remembered): Promise<number>;
  /** The up to `k` best, best first; a memory that is used counts as recalled when you say so with `used`. */
  recall(query: string, k: number, choice?: RecallChoice): RecallHit[];
  /**
   * What of the best memories fits into so many tokens (four characters each), for a prompt: the stretches that are
   * likeliest to tell, the best memory's first. Throws RangeError below 1 token.
   */
  recallSpans(query: string, tokens: number, choice?: SpanChoice): RecalledSpan[];
  /** Notes that memories were of use: often enough, and they move into the core ring. */
  used(seqs: readonly number[]): Promise<void>;
  /** Removes a memory from recall and from the store; resolves with false when it is not there. */
  forget(seq: number): Promise<boolean>;
  /** Lets due memories move between the rings and merges near-duplicates. */
  consolidate(): Promise<void>;
  rings(): RingView[];
  get(seq: number): MemoryRecord | undefined;
}

/** Memories that spans are taken of unless told. */
const SPAN_MEMORIES = 20;
/** Appended lines after which the log is replaced by a checkpoint, at least. */
const CHECKPOINT_LINES = 1_000;

/**
 * A tree-ring memory of its own, filled from the store where one is given. Rejects when the store cannot be read or holds
 * no log; options outside their bounds throw with their path.
 */
export async function createMemory({ now, store, ...given }: CreateMemoryOptions): Promise<Memory> {
  const parsed = memoryOptions.parse(given, 'memory');
  if (!parsed.ok) throw new RangeError(parsed.error.map(describeIssue).join('; '));
  const memory = createAgentMemory(parsed.value);
  const lines = (await store?.load()) ?? [];
  for (const line of lines) {
    const r = memory.replay(JSON.parse(line) as MemoryEvent);
    if (!r.ok) throw new Error(r.error.message);
  }
  let sinceCheckpoint = lines.length;
  /** Writes follow one another. */
  let written: Promise<void> = Promise.resolve();

  function write(log: readonly MemoryEvent[], replace: boolean): Promise<void> {
    if (!store || log.length === 0) return written;
    sinceCheckpoint += log.length;
    const full = replace || sinceCheckpoint > Math.max(CHECKPOINT_LINES, memory.size);
    const texts = (full ? memory.checkpoint() : log).map((event) => JSON.stringify(event));
    if (full) sinceCheckpoint = 0;
    const next = written.then(() => (full ? store.replace(texts) : store.append(texts)));
    written = next.catch(() => undefined);
    return next;
  }

  async function carryOut(wishes: Partial<MemoryWishes>, consolidate = false): Promise<readonly number[]> {
    const done = carryOutWishes(memory, { ...noWishes(), ...wishes }, now(), consolidate);
    await write(done.log, (wishes.forgotten?.length ?? 0) > 0);
    if (done.refused !== null) throw new Error(done.refused);
    return done.records.map((record) => record.seq);
  }

  const draftOf = (what: Remembered): MemoryDraft => ({
    kind: 'exchange',
    speaker: '',
    date: '',
    ring: 'memories',
    source: '',
    ...what,
    atMs: now(),
  });

  function recall(query: string, k: number, choice?: RecallChoice): RecallHit[] {
    const startMs = now();
    const weights = memory.localWeights(analyse(query));
    const hits = memory.recall(weights, k, { spelling: true, ...choice, text: query });
    memory.noteAccess(
      hits.map((hit) => hit.record.seq),
      now() - startMs,
    );
    return hits;
  }

  return {
    get size() {
      return memory.live;
    },
    remember: async (what) => (await carryOut({ drafts: [{ draft: draftOf(what), supersedes: 0 }] }))[0]!,
    async supersede(seq, what) {
      if (memory.get(seq) === undefined) throw new RangeError(`supersede: there is no memory ${seq}`);
      return (await carryOut({ drafts: [{ draft: draftOf(what), supersedes: seq }] }))[0]!;
    },
    recall,
    recallSpans: (query, tokens, { memories = SPAN_MEMORIES, share } = {}) =>
      spansOf(query, recall(query, memories), tokens, share),
    async used(seqs) {
      await carryOut({ recalled: [...seqs] });
    },
    async forget(seq) {
      const isThere = memory.get(seq) !== undefined;
      if (isThere) await carryOut({ forgotten: [seq] });
      return isThere;
    },
    async consolidate() {
      await carryOut({}, true);
    },
    rings: () => memory.rings(),
    get: (seq) => memory.get(seq),
  };
}
