import { ln } from '../kernel/maths.ts';
import { assert } from '../kernel/assert.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { hash32, type Rng } from '../kernel/rng.ts';
import { passageSignature, SIGNATURE_BYTES, summarise, type TermSummary } from './directory.ts';
import { GrowableU32, TextArena } from './growable.ts';
import { pickKnownItem, type KnownItem } from './knownItems.ts';
import type { MemoryOptions } from './options.ts';
import type { MemoryDraft, MemoryRecord, RecallHit, RingView, WeightedTerm } from './record.ts';
import { ringsOf } from './rings.ts';
import { RushIndex } from './rush.ts';
import { analyse } from './text.ts';

/** An agent's budget is used up: nothing was remembered. */
export interface MemoryFull {
  readonly reason: 'full';
  /** What happened, why, and what to do next. */
  readonly message: string;
}

/** The tree-ring memory of one agent: everything in rush memory, indexed; what must survive is journaled by the caller. */
export interface AgentMemory {
  /** Records held. */
  readonly size: number;
  /** Bytes of rush memory in use. */
  readonly bytes: number;
  /**
   * Gives the draft its seq and indexes it at once; the caller journals the record.
   * @param terms what `analyse` yields for the draft's text, where that is known already
   */
  remember(draft: MemoryDraft, terms?: readonly string[]): Result<MemoryRecord, MemoryFull>;
  /** Takes back a record from the journal. They come in the order of seq; throws AssertionError at a hole or a repeat. */
  restore(record: MemoryRecord): Result<void, MemoryFull>;
  /** Each different term with its inverse document frequency inside this memory, > 0: for when there is no directory. */
  localWeights(terms: readonly string[]): WeightedTerm[];
  /** The up to `k` best records, best first, ties by lower seq; of one kind only when `kind` is given. */
  recall(terms: readonly WeightedTerm[], k: number, kind?: MemoryRecord['kind']): RecallHit[];
  /** Counts a use of each; at `options.coreRecalls` uses a memory belongs to the core ring. Unknown seqs are ignored. */
  noteRecalled(seqs: readonly number[]): void;
  /**
   * The rings, every memory in exactly one: `core` holds those recalled `options.coreRecalls` times or more; `rush` the
   * other exchanges of this session (remembered, not restored); the growth rings all the rest, by `record.ring`, sorted
   * oldest first (undated rings last, in order of first memory). Order: core, growth rings, rush.
   */
  rings(): RingView[];
  /** A crash fell into the ring of that label (`core` and `rush` are labels too). */
  scar(ring: string): void;
  /** The last `n` records, newest last. */
  recent(n: number): MemoryRecord[];
  get(seq: number): MemoryRecord | undefined;
  /** 32-bit chain hash over seq and text of records 1 to `upToSeq`, each hashed once; 0 for 0. Throws AssertionError beyond `size`. */
  fingerprint(upToSeq: number): number;
  /** What this agent archives, for the directory: terms of exchanges are left out. */
  summary(): TermSummary;
  /** Up to `n` questions made of an archived passage's rarest words, each with the source of that passage. */
  knownItems(rng: Rng, n: number): KnownItem[];
}

/** A record without its text, which lies in the arena. */
type Entry = Omit<MemoryRecord, 'text'>;

/** Heap cost of an entry beside its strings. */
const ENTRY_BYTES = 96;

const MONTHS = 'january february march april may june july august september october november december'.split(
  ' ',
);

/** What a record is indexed under: its text, its speaker, the year and month of its date, its ring. */
function termsOf(record: MemoryDraft, textTerms: readonly string[] | undefined): string[] {
  const [, year, month] = /^(\d{1,6})(?:-(\d\d))?/.exec(record.date) ?? [];
  const terms = textTerms ? [...textTerms] : analyse(record.text);
  terms.push(...analyse(record.speaker));
  if (year !== undefined) terms.push(year);
  const name = month === undefined ? undefined : MONTHS[Number(month) - 1];
  if (name !== undefined) terms.push(...analyse(name));
  if (record.ring !== year) terms.push(...analyse(record.ring));
  return terms;
}

/** An empty memory with the scenario's budget. */
export function createAgentMemory(options: MemoryOptions): AgentMemory {
  const index = new RushIndex();
  const texts = new TextArena();
  const entries: Entry[] = [];
  const hits = new GrowableU32();
  const chain = new GrowableU32();
  /** Whether record i was remembered in this session. */
  const fresh: boolean[] = [];
  const archiveTerms = new Set<string>();
  /** The signatures of archived passages, for the directory. */
  const signatures = new GrowableU32();
  const scars = new Map<string, number>();
  /** Equal labels of many records share one string. */
  const interned = new Map<string, string>();
  let entryBytes = 0;

  const intern = (text: string): string => {
    const known = interned.get(text);
    if (known !== undefined) return known;
    interned.set(text, text);
    return text;
  };
  const bytes = (): number => index.bytes + texts.bytes + entryBytes;
  const withText = (i: number): MemoryRecord => ({ ...entries[i]!, text: texts.get(i) });

  function insert(
    record: MemoryRecord,
    isFresh: boolean,
    textTerms?: readonly string[],
  ): Result<void, MemoryFull> {
    const own = ENTRY_BYTES + SIGNATURE_BYTES + 2 * record.source.length;
    const rest = own + TextArena.bound(record.text);
    const terms = termsOf(record, textTerms);
    const inserted = index.insert(terms, options.rushBytesPerAgent - texts.bytes - entryBytes - rest);
    if (!inserted.ok)
      return err({
        reason: 'full',
        message:
          `This agent's rush memory is full: ${bytes()} of ${options.rushBytesPerAgent} bytes hold ` +
          `${entries.length} memories and the next one does not fit. Raise memory.rushBytesPerAgent or share the text among more agents.`,
      });
    entryBytes += own;
    texts.push(record.text);
    const { seq, kind, speaker, date, ring, source, atMs } = record;
    entries.push({
      seq,
      kind,
      speaker: intern(speaker),
      date: intern(date),
      ring: intern(ring),
      source,
      atMs,
    });
    hits.push(0);
    fresh.push(isFresh);
    if (kind === 'archive') {
      for (const term of terms) archiveTerms.add(term);
      for (const word of passageSignature(terms)) signatures.push(word);
    }
    return ok(undefined);
  }

  return {
    get size() {
      return entries.length;
    },
    get bytes() {
      return bytes();
    },
    remember(draft, terms) {
      const record: MemoryRecord = { ...draft, seq: entries.length + 1 };
      const r = insert(record, true, terms);
      return r.ok ? ok(record) : r;
    },
    restore(record) {
      assert(
        record.seq === entries.length + 1,
        `restore: expected record ${entries.length + 1}, got ${record.seq}`,
      );
      return insert(record, false);
    },
    localWeights(terms) {
      const n = entries.length;
      return [...new Set(terms)].map((term) => {
        const having = index.frequency(term);
        return { term, weight: ln(1 + (n - having + 0.5) / (having + 0.5)) };
      });
    },
    recall(terms, k, kind) {
      const accept = kind === undefined ? undefined : (i: number): boolean => entries[i]!.kind === kind;
      return index.search(terms, k, accept).map((hit) => ({ record: withText(hit.index), score: hit.score }));
    },
    noteRecalled(seqs) {
      for (const seq of seqs) if (seq >= 1 && seq <= entries.length) hits.array[seq - 1]!++;
    },
    rings() {
      return ringsOf(
        entries.map((entry, i) => ({
          ring: entry.ring,
          date: entry.date,
          isRush: entry.kind === 'exchange' && fresh[i]!,
          hits: hits.array[i]!,
          bytes: texts.unitsOf(i) * 2,
        })),
        options.coreRecalls,
        scars,
      );
    },
    scar(ring) {
      scars.set(ring, (scars.get(ring) ?? 0) + 1);
    },
    recent(n) {
      const out: MemoryRecord[] = [];
      for (let i = Math.max(0, entries.length - n); i < entries.length; i++) out.push(withText(i));
      return out;
    },
    get: (seq) => (entries[seq - 1] === undefined ? undefined : withText(seq - 1)),
    fingerprint(upToSeq) {
      assert(
        Number.isInteger(upToSeq) && upToSeq >= 0 && upToSeq <= entries.length,
        `fingerprint: no record ${upToSeq}`,
      );
      // Links are made when they are asked for: a start has no time for them.
      for (let i = chain.length; i < upToSeq; i++)
        chain.push(hash32(texts.get(i), hash32(String(i + 1), i === 0 ? 0 : chain.array[i - 1]!)));
      return upToSeq === 0 ? 0 : chain.array[upToSeq - 1]!;
    },
    summary: () => summarise([...archiveTerms], signatures.array.slice(0, signatures.length)),
    knownItems(rng, n) {
      const archive = entries.flatMap((entry, i) => (entry.kind === 'archive' ? [i] : []));
      const items: KnownItem[] = [];
      while (items.length < n && archive.length > 0) {
        const [i] = archive.splice(rng.int(archive.length), 1);
        const query = pickKnownItem(texts.get(i!), (term) => index.frequency(term), rng);
        if (query !== undefined) items.push({ query, source: entries[i!]!.source });
      }
      return items;
    },
  };
}
