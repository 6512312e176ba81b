import type { Result } from '../kernel/result.ts';
import type { Rng } from '../kernel/rng.ts';
import type { SourceDocument } from './documents.ts';
import type { TermSummary } from './termSummary.ts';
import type { KnownItem } from './knownItems.ts';
import type { MemoryFull } from './memoryFull.ts';
import type { MemoryEvent } from './memoryEvent.ts';
import type { MemoryDraft, MemoryRecord, RecallHit, RingView, WeightedTerm } from './record.ts';
import type { PreparedText } from './recallTypes.ts';
import type { LifeState } from './ringLife.ts';
import type { RecentMove, RingTotals } from './ringMeters.ts';
import type { RingMove } from './ringPolicy.ts';

export interface RecallChoice {
  /** Of one kind only. */
  readonly kind?: MemoryRecord['kind'];
  /** The question that the terms are of, as it was put: recall then looks at its words, names and word order too. */
  readonly text?: string;
  /**
   * Terms spelt like those that this memory hardly knows count too. For a memory that is asked alone: among several
   * another one may know the very term.
   */
  readonly spelling?: boolean;
  /** Superseded memories too, marked, behind what supersedes them. */
  readonly stale?: boolean;
}

/**
 * The tree-ring memory of one agent. What must survive is journaled by the caller: each method that changes something
 * says what to write, and `replay` of what was written gives the same memory again.
 */
export interface AgentMemory {
  /** Numbers given, those of merged and forgotten memories included. */
  readonly size: number;
  /** Memories in the rings. */
  readonly live: number;
  /** Bytes of memory in use, index included. */
  readonly bytes: number;
  /**
   * Gives the draft its seq and indexes it at once: an exchange in rush memory, an archived passage in its growth ring.
   * What has to leave rush memory for it moves on before (`takeMoves` tells). The caller journals the record.
   * @param prepared the words of the draft's text, where they are known already
   */
  remember(draft: MemoryDraft, prepared?: PreparedText): Result<MemoryRecord, MemoryFull>;
  /** Takes back a record from the journal. They come in the order of seq; throws AssertionError at a hole or a repeat. */
  restore(record: MemoryRecord): Result<void, MemoryFull>;
  /** The words of a document's passages, `first` being the number of the first: archived records of them that came back without are then not read. */
  knowWords(document: SourceDocument, first: number): void;
  /** Does again what the log says was done; throws AssertionError at what cannot have been. */
  replay(event: MemoryEvent): Result<void, MemoryFull>;
  /** Numbers up to `upToSeq` that were not given yet are given to nothing: what they stood for is lost. */
  lose(upToSeq: number): void;
  /** The whole memory as events: a log of them replaces the log so far. */
  checkpoint(): MemoryEvent[];
  /** Each different term with its inverse document frequency inside this memory, > 0: for when there is no directory. */
  localWeights(terms: readonly string[]): WeightedTerm[];
  /**
   * The up to `k` best records, best first, ties by lower seq. Where a newer memory supersedes a found one, the newer is
   * returned in its place.
   */
  recall(
    terms: readonly WeightedTerm[],
    k: number,
    choice?: MemoryRecord['kind'] | RecallChoice,
  ): RecallHit[];
  /** Counts a use of each, at that time; who earned it moves into the core ring. Unknown seqs are ignored. */
  noteRecalled(seqs: readonly number[], nowMs?: number): void;
  /** `by` says anew what `seq` said: recall prefers it. False when either is not there. */
  supersede(seq: number, by: number): boolean;
  /** Removes a memory, with those merged into it, from text and index; returns their numbers, none when it is not there. */
  forget(seq: number): number[];
  /** Lets memories move that are due by `nowMs` (see RingLife.plan), and merges near-duplicates of exchanges. */
  consolidate(nowMs: number): void;
  /** Moves since the last call, in order: the caller journals them. */
  takeMoves(): RingMove[];
  /** The same object again while no memory came, moved or was used. */
  ringTotals(): RingTotals;
  /** The last moves between rings, newest first, at most 20. */
  recentMoves(): RecentMove[];
  /** Notes how long a recall took that found these memories, for the meters of their rings. */
  noteAccess(seqs: readonly number[], ms: number): void;
  /**
   * The rings, every memory in exactly one: `core` first, the growth rings by label sorted oldest first (undated rings
   * last, in order of first memory), then `rush`.
   */
  rings(): RingView[];
  /** A crash fell into the ring of that label (`core` and `rush` are labels too). */
  scar(ring: string): void;
  /** The last `n` records, newest last. */
  recent(n: number): MemoryRecord[];
  /** Where the memory of that number is; undefined when that number was never given. */
  zoneOf(seq: number): LifeState['zone'] | undefined;
  /** The memory of that number, or the one it was merged into. */
  get(seq: number): MemoryRecord | undefined;
  /** 32-bit chain hash over seq and text of records 1 to `upToSeq`, each hashed once; 0 for 0. Throws AssertionError beyond `size`. */
  fingerprint(upToSeq: number): number;
  /** What this agent archives, for the directory: terms of exchanges are left out. */
  summary(): TermSummary;
  /** Up to `n` questions made of an archived passage's rarest words, each with the source of that passage. */
  knownItems(rng: Rng, n: number): KnownItem[];
}
