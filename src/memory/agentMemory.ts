import { assert } from '../kernel/assert.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { hash32 } from '../kernel/rng.ts';
import { inFavourOfFresh, type ScoredMemory } from './freshFirst.ts';
import { summaryOf, summaryOfRecords } from './archiveSummary.ts';
import { inverseFrequency } from './bm25.ts';
import type { AgentMemory } from './agentMemoryTypes.ts';
import { GrowableU32, TextArena } from './growable.ts';
import { pickKnownItem, type KnownItem } from './knownItems.ts';
import { KnownWords } from './knownWords.ts';
import { BLANK, ownBytes, type Entry } from './memoryEntry.ts';
import { growthFull, memoryFull, type MemoryFull } from './memoryFull.ts';
import type { MemoryEvent } from './memoryEvent.ts';
import { ringLabel } from './memoryLabels.ts';
import { NearDuplicates } from './nearDuplicates.ts';
import type { MemoryOptions } from './options.ts';
import type { MemoryRecord } from './record.ts';
import { analyseQuestion, questionOfTerms } from './question.ts';
import { createRecallIndex } from './recallIndex.ts';
import type { PreparedText, RecallIndex } from './recallTypes.ts';
import { RingLife } from './ringLife.ts';
import { RingMeters } from './ringMeters.ts';
import type { RingMove, Zone } from './ringPolicy.ts';
import { emptyMeter, membersOf, ringsOf } from './rings.ts';
import { inSession } from './ringSession.ts';

/** How many memories the second stage of recall looks at: an agent holds hundreds and is asked for a few. */
const CANDIDATES = 20;

/** A memory that takes less than this part of its budget needs no index to know that there is room for one. */
const UNINDEXED_SHARE = 128;

/** An empty memory with the scenario's budget. */
export function createAgentMemory(options: MemoryOptions): AgentMemory {
  const texts = new TextArena();
  /** Made when it is first needed: in a big grove most agents are never asked, and their texts are all they take. */
  let built: RecallIndex | null = null;
  const index = (): RecallIndex => (built ??= build());
  const entries: Entry[] = [];
  const life = new RingLife(options);
  const chain = new GrowableU32();
  /** Filled when first needed: of the exchanges in core and growth rings. */
  let duplicates: NearDuplicates | null = null;
  const meters = new RingMeters();
  const words = new KnownWords();
  /** Equal labels of many records share one string. */
  const interned = new Map<string, string>();
  let pending: RingMove[] = [];
  let entryBytes = 0;
  let live = 0;
  let staleCount = 0;

  const intern = (text: string): string => interned.get(text) ?? interned.set(text, text).get(text)!;
  const bytes = (): number => index().bytes + texts.bytes + entryBytes;
  const withText = (i: number): MemoryRecord => ({ ...entries[i]!, text: texts.get(i) });
  const labelOf = (seq: number): string => {
    const { zone } = life.state(seq);
    return zone === 'growth' ? ringLabel(withText(seq - 1), options.epoch) : zone;
  };
  const archived = (): number[] =>
    entries.flatMap(({ kind }, i) => (kind === 'archive' && life.isLive(i + 1) ? [i] : []));

  function build(): RecallIndex {
    const made = createRecallIndex({
      textOf: (id) => texts.get(id),
      budgetBytes: () => options.rushBytesPerAgent - texts.bytes - entryBytes,
    });
    entries.forEach(({ seq, thread = '' }, i) => {
      const record = withText(i);
      if (life.isLive(seq)) made.add({ ...record, thread }, Infinity, words.of(record));
      else made.skip();
      made.setPrior(i, priorOf(seq));
    });
    words.clear();
    return made;
  }

  function insert(record: MemoryRecord, prepared?: PreparedText): Result<void, MemoryFull> {
    const own = ownBytes(record);
    const rest = own + TextArena.bound(record.text);
    const isArchive = record.kind === 'archive';
    const taken = texts.bytes + entryBytes + rest;
    const canWait = prepared === undefined && UNINDEXED_SHARE * taken < options.rushBytesPerAgent;
    const budgetBytes = options.rushBytesPerAgent - taken;
    const thread = record.thread ?? '';
    const inserted =
      built === null && canWait ? ok(0) : index().add({ ...record, thread }, budgetBytes, prepared);
    if (!inserted.ok) return err(memoryFull(bytes(), options.rushBytesPerAgent, live));
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
    return ok(undefined);
  }

  function priorOf(seq: number): { readonly core: number; readonly importance: number } {
    const { zone, importance } = life.state(seq);
    return { core: zone === 'core' ? 1 : 0, importance };
  }

  /** Lets recall know of a memory's ring and importance. */
  const notePrior = (seq: number): void => built?.setPrior(seq - 1, priorOf(seq));

  /** Takes text and index entry of a memory away; its number and its link in the chain stay. */
  function drop(seq: number): void {
    link(entries.length);
    const record = withText(seq - 1);
    index().remove(seq - 1);
    texts.erase(seq - 1);
    const { kind, atMs, ring } = record;
    entryBytes -= ownBytes(record);
    // The source may tell of what it was: it goes too.
    entries[seq - 1] = { ...BLANK, seq, kind, ring, atMs };
    duplicates?.remove(seq);
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
      meters.of(labelOf(seq)).movedOut++;
      life.apply([move]);
      if (to === 'merged') {
        drop(seq);
        notePrior(life.standsFor(seq));
      } else {
        notePrior(seq);
        meters.of(labelOf(seq)).movedIn++;
        if (to === 'growth' && entries[seq - 1]!.kind === 'exchange')
          duplicates?.add(seq, texts.get(seq - 1));
        if (to === 'rush') duplicates?.remove(seq);
      }
    }
  }

  /** Makes planned moves one by one; what would lay down a near-duplicate is merged instead. */
  function carryOut(moves: readonly RingMove[], nowMs: number): void {
    for (const move of moves) {
      const [seq, to] = move;
      const into =
        to === 'growth' && life.state(seq).zone === 'rush' && life.state(seq).staleBy === 0
          ? duplicateOf(seq)
          : 0;
      const made: RingMove = into === 0 ? move : [seq, 'merged', into];
      meters.moved(made, life.state(seq).zone as Zone, life.bytesOf(seq), nowMs);
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

  /** The next number has no memory; the chain goes on from `hash`. */
  function addBlank(hash: number): void {
    link(entries.length);
    chain.push(hash);
    index().skip();
    texts.push('');
    entries.push({ ...BLANK, seq: entries.length + 1 });
  }

  function restoreRecord(record: MemoryRecord): Result<void, MemoryFull> {
    assert(record.seq === entries.length + 1, `restore: record ${record.seq} after ${entries.length}`);
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
    remember(draft, prepared) {
      const record: MemoryRecord = { ...inSession(draft, entries, life, options), seq: entries.length + 1 };
      const size = 2 * draft.text.length;
      const entersRush = draft.kind === 'exchange' && size <= life.capacityOf('rush');
      if (entersRush) carryOut(life.planRoom(size, draft.atMs), draft.atMs);
      const room = entersRush ? life.capacityOf('rush') - life.bytesIn('rush') : life.growthRoom();
      if (size > room) return err(growthFull(life.bytesIn('growth'), life.capacityOf('growth')));
      const r = insert(record, prepared);
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
          meters.of(event[1]).scars++;
          break;
        case 'gone': {
          assert(event[1] === entries.length + 1, `replay: ${event[1]} after ${entries.length}`);
          addBlank(event[2]);
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
            meters.byLabel.set(label, { ...emptyMeter(), scars, movedIn, movedOut });
      }
      return ok(undefined);
    },
    lose(upToSeq) {
      while (entries.length < upToSeq) {
        addBlank(0);
        life.add('forgotten', 0, 0, 0);
      }
    },
    checkpoint() {
      link(entries.length);
      const events = entries.map((_, i): MemoryEvent =>
        life.isLive(i + 1) ? ['kept', withText(i)] : ['gone', i + 1, chain.array[i]!],
      );
      const states = entries.map((_, i) => life.state(i + 1));
      const counts = [...meters.byLabel].map(
        ([label, m]) => [label, m.scars, m.movedIn, m.movedOut] as const,
      );
      return [...events, ['lives', states, counts]];
    },
    localWeights(terms) {
      const n = live;
      return [...new Set(terms)].map((term) => {
        const having = index().frequency(term);
        return { term, weight: inverseFrequency(n, having) };
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
      const found = index().recall(
        text === undefined ? questionOfTerms(terms.map((t) => t.term)) : analyseQuestion(text),
        k <= 0 ? 0 : k + staleCount,
        {
          termWeights: terms,
          comparable: true,
          candidates: CANDIDATES,
          features: false,
          spelling,
          ...(accept && { accept }),
        },
      );
      const scored = found.map(({ id, score }): ScoredMemory => ({ seq: id + 1, score }));
      const hits = staleCount === 0 ? scored : inFavourOfFresh(scored, freshest, stale);
      return hits.slice(0, Math.max(0, k)).map(({ seq, ...hit }) => ({ record: withText(seq - 1), ...hit }));
    },
    noteRecalled(seqs, nowMs = 0) {
      for (const seq of seqs) {
        if (entries[seq - 1] === undefined || !life.isLive(life.standsFor(seq))) continue;
        meters.hits[life.state(life.standsFor(seq)).zone as Zone]++;
        life.recalled(seq, nowMs);
      }
      carryOut(life.planPromotions(seqs, nowMs), nowMs);
    },
    supersede: markStale,
    forget: forgetAll,
    consolidate: (nowMs) => carryOut(life.plan(nowMs), nowMs),
    ringTotals: () => meters.totals(life),
    recentMoves: () => meters.recent,
    takeMoves() {
      const moves = pending;
      pending = [];
      return moves;
    },
    noteAccess(seqs, ms) {
      for (const label of new Set(seqs.filter((seq) => life.isLive(seq)).map(labelOf))) {
        const m = meters.of(label);
        m.accesses++;
        m.accessMs += ms;
      }
    },
    rings() {
      return ringsOf(
        membersOf(entries, life, options.epoch, (i) => texts.unitsOf(i) * 2),
        meters.byLabel,
      );
    },
    scar(ring) {
      meters.of(ring).scars++;
    },
    recent(n) {
      const out: MemoryRecord[] = [];
      for (let i = entries.length - 1; i >= 0 && out.length < n; i--)
        if (life.isLive(i + 1)) out.push(withText(i));
      return out.reverse();
    },
    zoneOf: (seq) => (entries[seq - 1] === undefined ? undefined : life.state(seq).zone),
    get(seq) {
      if (entries[seq - 1] === undefined) return undefined;
      const at = life.standsFor(seq);
      return life.isLive(at) ? withText(at - 1) : undefined;
    },
    fingerprint(upToSeq) {
      assert(Number.isInteger(upToSeq) && upToSeq >= 0 && upToSeq <= entries.length, `no record ${upToSeq}`);
      link(upToSeq);
      return upToSeq === 0 ? 0 : chain.array[upToSeq - 1]!;
    },
    knowWords: (document, first) => words.take(document, first),
    summary() {
      const archive = archived();
      if (built === null && words.isEmpty) return summaryOfRecords(archive.map(withText));
      const places = new Int32Array(entries.length).fill(-1);
      archive.forEach((i, place) => (places[i] = place));
      return summaryOf(index(), places, archive.length);
    },
    knownItems(rng, n) {
      const archive = archived();
      const items: KnownItem[] = [];
      if (archive.length === 0) return items;
      const frequencies = index().frequencies();
      while (items.length < n && archive.length > 0) {
        const [i] = archive.splice(rng.int(archive.length), 1);
        const query = pickKnownItem(texts.get(i!), (term) => frequencies.get(term) ?? 0, rng);
        if (query !== undefined) items.push({ query, source: entries[i!]!.source });
      }
      return items;
    },
  };
}
