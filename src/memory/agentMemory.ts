import { ln } from '../kernel/maths.ts';
import { assert } from '../kernel/assert.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { hash32 } from '../kernel/rng.ts';
import { inFavourOfFresh, type ScoredMemory } from './freshFirst.ts';
import { passageSignature, SIGNATURE_BYTES, summarise } from './directory.ts';
import type { AgentMemory, MemoryFull } from './agentMemoryTypes.ts';
import { GrowableU32, TextArena } from './growable.ts';
import { pickKnownItem, type KnownItem } from './knownItems.ts';
import type { MemoryEvent } from './memoryEvent.ts';
import { ringLabel, termsOf } from './memoryLabels.ts';
import { NearDuplicates } from './nearDuplicates.ts';
import type { MemoryOptions } from './options.ts';
import type { MemoryDraft, MemoryRecord } from './record.ts';
import { analyseQuestion, questionOfTerms } from './question.ts';
import { createRecallIndex } from './recallIndex.ts';
import { RingLife } from './ringLife.ts';
import type { RingMove } from './ringPolicy.ts';
import { emptyMeter, ringsOf, type RingMeter } from './rings.ts';

/** How many memories the second stage of recall looks at: an agent holds hundreds and is asked for a few. */
const CANDIDATES = 20;

/** A record without its text, which lies in the arena. */
type Entry = Omit<MemoryRecord, 'text'>;

/** Heap cost of an entry beside its strings. */
const ENTRY_BYTES = 96;

/** An empty memory with the scenario's budget. */
export function createAgentMemory(options: MemoryOptions): AgentMemory {
  const texts = new TextArena();
  const index = createRecallIndex({
    textOf: (id) => texts.get(id),
    budgetBytes: () => options.rushBytesPerAgent - texts.bytes - entryBytes,
  });
  const entries: Entry[] = [];
  const life = new RingLife(options);
  const chain = new GrowableU32();
  /** Filled when first needed: of the exchanges in core and growth rings. */
  let duplicates: NearDuplicates | null = null;
  const meters = new Map<string, RingMeter>();
  /** Equal labels of many records share one string. */
  const interned = new Map<string, string>();
  /** For the directory: what archived passages hold, in order of insertion; to be gathered anew after one was removed. */
  let archiveTerms = new Set<string>();
  let signatures = new GrowableU32();
  let archiveChanged = false;
  let pending: RingMove[] = [];
  let entryBytes = 0;
  let live = 0;
  let staleCount = 0;

  const intern = (text: string): string => {
    const known = interned.get(text);
    if (known !== undefined) return known;
    interned.set(text, text);
    return text;
  };
  const meter = (label: string): RingMeter => {
    let known = meters.get(label);
    if (!known) meters.set(label, (known = emptyMeter()));
    return known;
  };
  const bytes = (): number => index.bytes + texts.bytes + entryBytes;
  const withText = (i: number): MemoryRecord => ({ ...entries[i]!, text: texts.get(i) });
  const labelOf = (seq: number): string => {
    const { zone } = life.state(seq);
    return zone === 'growth' ? ringLabel(withText(seq - 1), options.epoch) : zone;
  };
  const ownBytes = (record: MemoryDraft): number => ENTRY_BYTES + SIGNATURE_BYTES + 2 * record.source.length;

  function insert(record: MemoryRecord, textTerms?: readonly string[]): Result<void, MemoryFull> {
    const own = ownBytes(record);
    const rest = own + TextArena.bound(record.text);
    const isArchive = record.kind === 'archive';
    const budgetBytes = options.rushBytesPerAgent - texts.bytes - entryBytes - rest;
    const inserted = index.add({ ...record, thread: record.thread ?? '' }, budgetBytes, textTerms);
    if (!inserted.ok)
      return err({
        reason: 'full',
        message:
          `This agent's rush memory is full: ${bytes()} of ${options.rushBytesPerAgent} bytes hold ` +
          `${live} memories and the next one does not fit. Raise memory.rushBytesPerAgent or share the text among more agents.`,
      });
    entryBytes += own;
    texts.push(record.text);
    const { text, ...entry } = record;
    const { speaker, date, ring } = entry;
    entries.push({ ...entry, speaker: intern(speaker), date: intern(date), ring: intern(ring) });
    const size = 2 * text.length;
    const zone = isArchive || size > life.capacityOf('rush') ? 'growth' : 'rush';
    life.add(zone, size, record.importance ?? 0, record.atMs);
    notePrior(record.seq);
    live++;
    if (isArchive) noteArchived(termsOf(record, textTerms));
    return ok(undefined);
  }

  /** Lets recall know of a memory's ring and importance. */
  function notePrior(seq: number): void {
    const { zone, importance } = life.state(seq);
    index.setPrior(seq - 1, { core: zone === 'core' ? 1 : 0, importance });
  }

  function noteArchived(terms: readonly string[]): void {
    for (const term of terms) archiveTerms.add(term);
    for (const word of passageSignature(terms)) signatures.push(word);
  }

  /** Takes text and index entry of a memory away; its number and its link in the chain stay. */
  function drop(seq: number): void {
    link(entries.length);
    const record = withText(seq - 1);
    index.remove(seq - 1);
    texts.erase(seq - 1);
    const { kind, atMs, ring } = record;
    entryBytes -= ownBytes(record);
    // The source may tell of what it was: it goes too.
    entries[seq - 1] = { seq, kind, speaker: '', date: '', ring, source: '', atMs };
    duplicates?.remove(seq);
    archiveChanged ||= kind === 'archive';
    live--;
  }

  /** Makes the links of the chain up to a number: only when they are asked for, a start has no time for them. */
  function link(upToSeq: number): void {
    for (let i = chain.length; i < upToSeq; i++)
      chain.push(hash32(texts.get(i), hash32(String(i + 1), i === 0 ? 0 : chain.array[i - 1]!)));
  }

  function apply(moves: readonly RingMove[]): void {
    for (const move of moves) {
      const [seq, to] = move;
      meter(labelOf(seq)).movedOut++;
      life.apply([move]);
      if (to === 'merged') {
        drop(seq);
        notePrior(life.standsFor(seq));
      } else {
        notePrior(seq);
        meter(labelOf(seq)).movedIn++;
        if (to === 'growth' && entries[seq - 1]!.kind === 'exchange')
          duplicates?.add(seq, texts.get(seq - 1));
        if (to === 'rush') duplicates?.remove(seq);
      }
    }
  }

  /** Makes planned moves one by one; what would lay down a near-duplicate is merged instead. */
  function carryOut(moves: readonly RingMove[]): void {
    for (const move of moves) {
      const [seq, to] = move;
      const into =
        to === 'growth' && life.state(seq).zone === 'rush' && life.state(seq).staleBy === 0
          ? duplicateOf(seq)
          : 0;
      const made: RingMove = into === 0 ? move : [seq, 'merged', into];
      apply([made]);
      pending.push(made);
    }
  }

  function duplicateOf(seq: number): number {
    if (!duplicates) {
      duplicates = new NearDuplicates();
      for (let s = 1; s <= entries.length; s++)
        if (life.isLive(s) && entries[s - 1]!.kind === 'exchange' && life.state(s).zone !== 'rush')
          duplicates.add(s, texts.get(s - 1));
    }
    const found = duplicates.find(texts.get(seq - 1));
    return found !== seq && found !== 0 && life.state(found).staleBy === 0 ? found : 0;
  }

  /** What supersedes a memory, at the end of the line; itself when nothing does that is still there. */
  function freshest(seq: number): number {
    let at = seq;
    for (let steps = 0; steps < entries.length; steps++) {
      const by = life.state(at).staleBy;
      const next = by === 0 ? 0 : life.standsFor(by);
      if (next === 0 || !life.isLive(next)) break;
      at = next;
    }
    return at;
  }

  function markStale(seq: number, by: number): boolean {
    if (entries[seq - 1] === undefined || entries[by - 1] === undefined) return false;
    const [old, fresh] = [life.standsFor(seq), life.standsFor(by)];
    if (!life.isLive(old) || !life.isLive(fresh) || old === fresh || freshest(fresh) === old) return false;
    if (life.state(old).staleBy === 0) staleCount++;
    life.supersede(old, fresh);
    duplicates?.remove(old);
    return true;
  }

  function forgetAll(seq: number): number[] {
    if (entries[seq - 1] === undefined) return [];
    const at = life.standsFor(seq);
    if (!life.isLive(at)) return [];
    if (life.state(at).staleBy !== 0) staleCount--;
    const gone = life.forget(at);
    drop(at);
    return gone;
  }

  function restoreRecord(record: MemoryRecord): Result<void, MemoryFull> {
    assert(
      record.seq === entries.length + 1,
      `restore: expected record ${entries.length + 1}, got ${record.seq}`,
    );
    return insert(record);
  }

  return {
    get size() {
      return entries.length;
    },
    get live() {
      return live;
    },
    get bytes() {
      return bytes();
    },
    remember(draft, terms) {
      const record: MemoryRecord = { ...draft, seq: entries.length + 1 };
      const size = 2 * draft.text.length;
      if (draft.kind === 'exchange' && size <= life.capacityOf('rush'))
        carryOut(life.planRoom(size, draft.atMs));
      const r = insert(record, terms);
      return r.ok ? ok(record) : r;
    },
    restore: restoreRecord,
    replay(event) {
      switch (event[0]) {
        case 'memory':
        case 'kept':
          return restoreRecord(event[1]);
        case 'recalled':
          for (const seq of event[1]) life.recalled(seq, event[2] ?? 0);
          break;
        case 'superseded':
          markStale(event[1], event[2]);
          break;
        case 'forgotten':
          for (const seq of event[1]) forgetAll(seq);
          break;
        case 'moved':
          apply(event[1]);
          break;
        case 'scar':
          meter(event[1]).scars++;
          break;
        case 'gone': {
          const [, seq, hash] = event;
          assert(seq === entries.length + 1, `replay: expected record ${entries.length + 1}, got ${seq}`);
          link(seq - 1);
          chain.push(hash);
          index.skip();
          texts.push('');
          entries.push({ seq, kind: 'exchange', speaker: '', date: '', ring: '', source: '', atMs: 0 });
          life.add('growth', 0, 0, 0);
          break;
        }
        case 'lives':
          event[1].forEach((state, i) => {
            life.restore(i + 1, state);
            notePrior(i + 1);
            if (state.staleBy !== 0 && life.isLive(i + 1)) staleCount++;
          });
          for (const [label, scars, movedIn, movedOut] of event[2])
            meters.set(label, { ...emptyMeter(), scars, movedIn, movedOut });
      }
      return ok(undefined);
    },
    checkpoint() {
      link(entries.length);
      const events = entries.map((_, i): MemoryEvent =>
        life.isLive(i + 1) ? ['kept', withText(i)] : ['gone', i + 1, chain.array[i]!],
      );
      const states = entries.map((_, i) => life.state(i + 1));
      const counts = [...meters].map(([label, m]) => [label, m.scars, m.movedIn, m.movedOut] as const);
      return [...events, ['lives', states, counts]];
    },
    localWeights(terms) {
      const n = live;
      return [...new Set(terms)].map((term) => {
        const having = index.frequency(term);
        return { term, weight: ln(1 + (n - having + 0.5) / (having + 0.5)) };
      });
    },
    recall(terms, k, choice = {}) {
      const {
        kind,
        stale = false,
        spelling = false,
        text,
      } = typeof choice === 'string' ? { kind: choice } : choice;
      const accept = kind === undefined ? undefined : (i: number): boolean => entries[i]!.kind === kind;
      // Superseded memories fall out of the list or leave their place to what is in it already.
      const found = index.recall(
        text === undefined ? questionOfTerms(terms.map((t) => t.term)) : analyseQuestion(text),
        k <= 0 ? 0 : k + staleCount,
        { termWeights: terms, comparable: true, candidates: CANDIDATES, spelling, ...(accept && { accept }) },
      );
      const scored = found.map(({ id, score }): ScoredMemory => ({ seq: id + 1, score }));
      const hits = staleCount === 0 ? scored : inFavourOfFresh(scored, freshest, stale);
      return hits.slice(0, Math.max(0, k)).map(({ seq, ...hit }) => ({ record: withText(seq - 1), ...hit }));
    },
    noteRecalled(seqs, nowMs = 0) {
      for (const seq of seqs) life.recalled(seq, nowMs);
      carryOut(life.planPromotions(seqs, nowMs));
    },
    supersede: markStale,
    forget: forgetAll,
    consolidate: (nowMs) => carryOut(life.plan(nowMs)),
    takeMoves() {
      const moves = pending;
      pending = [];
      return moves;
    },
    noteAccess(seqs, ms) {
      for (const label of new Set(seqs.filter((seq) => life.isLive(seq)).map(labelOf))) {
        const m = meter(label);
        m.accesses++;
        m.accessMs += ms;
      }
    },
    rings() {
      const mergedBy = new Map<number, number>();
      entries.forEach((_, i) => {
        if (life.state(i + 1).zone !== 'merged') return;
        const into = life.standsFor(i + 1);
        mergedBy.set(into, (mergedBy.get(into) ?? 0) + 1);
      });
      return ringsOf(
        entries.flatMap((entry, i) => {
          const { zone, hits, staleBy } = life.state(i + 1);
          if (zone === 'merged' || zone === 'forgotten') return [];
          const ring = ringLabel({ ...entry, text: '' }, options.epoch);
          const merged = mergedBy.get(i + 1) ?? 0;
          return [
            { ring, date: entry.date, zone, stale: staleBy !== 0, merged, hits, bytes: texts.unitsOf(i) * 2 },
          ];
        }),
        meters,
      );
    },
    scar(ring) {
      meter(ring).scars++;
    },
    recent(n) {
      const out: MemoryRecord[] = [];
      for (let i = entries.length - 1; i >= 0 && out.length < n; i--)
        if (life.isLive(i + 1)) out.push(withText(i));
      return out.reverse();
    },
    get(seq) {
      if (entries[seq - 1] === undefined) return undefined;
      const at = life.standsFor(seq);
      return life.isLive(at) ? withText(at - 1) : undefined;
    },
    fingerprint(upToSeq) {
      assert(
        Number.isInteger(upToSeq) && upToSeq >= 0 && upToSeq <= entries.length,
        `fingerprint: no record ${upToSeq}`,
      );
      link(upToSeq);
      return upToSeq === 0 ? 0 : chain.array[upToSeq - 1]!;
    },
    summary() {
      if (archiveChanged) {
        archiveTerms = new Set();
        signatures = new GrowableU32();
        entries.forEach(({ kind }, i) => {
          if (kind === 'archive' && life.isLive(i + 1)) noteArchived(termsOf(withText(i), undefined));
        });
        archiveChanged = false;
      }
      return summarise([...archiveTerms], signatures.array.slice(0, signatures.length));
    },
    knownItems(rng, n) {
      const archive = entries.flatMap((entry, i) =>
        entry.kind === 'archive' && life.isLive(i + 1) ? [i] : [],
      );
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
