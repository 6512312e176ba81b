import { err, ok } from '../kernel/result.ts';
import { Backoff } from './backoff.ts';
import { GrowableF32, GrowableU32 } from './growable.ts';
import { Lexicon } from './lexicon.ts';
import { Postings } from './postings.ts';
import { analyseQuestion } from './question.ts';
import { gathered, type PreparedSegment } from './preparedSegment.ts';
import { CAPITAL, WINDOW_TWENTIETHS } from './recallColumns.ts';
import { secondStage } from './recallFeatures.ts';
import {
  FEATURES,
  type PreparedText,
  type RankedEntry,
  type RecallEntry,
  type RecallIndex,
  type RecallOptions,
} from './recallTypes.ts';
import { Segments } from './recallSegments.ts';
import { weightsFor } from './recallWeights.ts';
import { LabelSets } from './recallLabels.ts';
import { firstStage, frequenciesOf, frequencyOf } from './recallScan.ts';
import { analyse, eachWord } from './text.ts';

/** What an entry's own columns cost. */
const COLUMN_BYTES = 48;
/** Begin of tokens that are not made yet. */
const UNREAD = 0xffff_ffff;
const CANDIDATES = 200;
/** So near to its budget a lazy index gives up what it has read before it takes in more. */
const ROOM_BYTES = 4_096;
/** What the name of a thread costs. */
const threadCost = (key: string): number => 48 + 2 * key.length;

/** For an index whose owner keeps the texts: they are read word by word only when the second stage looks at an entry. */
export interface LazyTexts {
  readonly textOf: (id: number) => string;
  /** What was read is given up when the index would hold more bytes with it. */
  readonly budgetBytes: () => number;
}

/** An empty index; see RecallIndex. */
export function createRecallIndex(lazy?: LazyTexts): RecallIndex {
  const lexicon = new Lexicon();
  const postings = new Postings();
  const labelSets = new LabelSets(lexicon);
  const columns = {
    lexicon,
    postings,
    backoff: new Backoff(lexicon),
    frequencies: new GrowableU32(),
    threads: new GrowableU32(),
    lengths: new GrowableU32(),
    windowLengths: new GrowableF32(),
    labels: new GrowableU32(),
    labelSets: labelSets.sets,
    segments: [] as PreparedSegment[],
    asks: new GrowableU32(),
    cores: new GrowableF32(),
    importances: new GrowableF32(),
    tokenStarts: new GrowableU32(),
    tokenEnds: new GrowableU32(),
    tokens: new GrowableU32(),
    read,
    linked: false,
    live: 0,
    lengthSum: 0,
    windowLengthSum: 0,
  };
  const segments = new Segments(columns);
  const { frequencies, threads, lengths, windowLengths, tokens, tokenStarts, tokenEnds } = columns;
  /** By term: how often it is in the entry being added; all zero between. */
  const counts = new GrowableU32();
  const threadIds = new Map<string, number>();
  let threadBytes = 0;
  /** Entries in whose thread another one spoke just before. */
  let speakerChanges = 0;
  let threadsOpened = 0;
  /** Removed entries whose postings and tokens are still there. */
  let dead = 0;

  const bytes = (): number =>
    lexicon.bytes +
    postings.bytes +
    4 * tokens.length +
    COLUMN_BYTES * threads.length +
    labelSets.bytes +
    segments.bytes +
    threadBytes;

  /** Makes room in the columns of terms for what the lexicon has taken in. */
  function openTerms(): void {
    while (postings.lists < lexicon.terms) {
      postings.open();
      frequencies.push(0);
      counts.push(0);
    }
  }

  function threadOf(key: string): number {
    if (key === '') return ++threadsOpened;
    let id = threadIds.get(key);
    if (id === undefined) {
      threadIds.set(key, (id = ++threadsOpened));
      threadBytes += threadCost(key);
    }
    return id;
  }

  /** 1 when another one speaks in an entry than in the one before it in its thread, else 0. */
  function changesSpeaker(id: number): number {
    const thread = threads.array[id]!;
    if (id < 1 || id >= threads.length || thread === 0 || threads.array[id - 1] !== thread) return 0;
    const [a, b] = [columns.labels.array[id - 1]!, columns.labels.array[id]!];
    if (a === b) return 0;
    const { labelSets } = columns;
    return labelSets[a]!.speaker.join(' ') === labelSets[b]!.speaker.join(' ') ? 0 : 1;
  }

  /** Appends a text's tokens, and tells the term of each word. */
  function tokenise(text: string, found?: (term: number) => void): void {
    let isOpen = false;
    eachWord(text, (word, capital, opens) => {
      if (opens && isOpen) {
        tokens.push(0);
        isOpen = false;
      }
      const id = lexicon.takeWord(word);
      if (id < 0) return;
      tokens.push((id + 1 + (capital ? CAPITAL : 0)) >>> 0);
      isOpen = true;
      found?.(lexicon.wordTerms.array[id]!);
    });
  }

  /** Adds an entry as part of a segment; null where that does not fit the budget. */
  function addToSegment(segment: PreparedSegment, entry: RecallEntry, budgetBytes: number): number | null {
    const characters = segment.document.passages[segment.count]!.length;
    const isNew = segment.count === 0;
    const before = bytes();
    const knownTerms = lexicon.terms;
    const knownLabels = labelSets.sets.length;
    const labels = labelSets.take(entry);
    openTerms();
    let needed =
      bytes() - before + COLUMN_BYTES + segment.boundFor(characters) - (isNew ? 0 : segment.boundFor(0));
    for (const term of labelSets.sets[labels]!.terms) needed += postings.pushBytes(term);
    if (needed > budgetBytes - before - segments.reserve) {
      labelSets.cut(knownLabels);
      cutTerms(lexicon.words, knownTerms);
      return null;
    }
    segments.add(segment);
    return enter(entry, ++threadsOpened, 0, labels);
  }

  function cutTerms(words: number, terms: number): void {
    lexicon.cut(words, terms);
    postings.closeFrom(terms);
    frequencies.length = counts.length = terms;
  }

  function read(id: number): void {
    if (!lazy || tokenStarts.array[id] !== UNREAD) return;
    tokenStarts.array[id] = tokens.length;
    tokenise(lazy.textOf(id));
    openTerms();
    tokenEnds.array[id] = tokens.length;
  }

  function giveUpReadings(): void {
    if (tokens.length === 0) return;
    tokenStarts.array.fill(UNREAD);
    tokens.length = 0;
    lexicon.cut(0, lexicon.terms);
  }

  /** Gives the next number to an entry without postings. */
  function column(thread: number, length: number, labels: number, asks: boolean): number {
    const id = threads.length;
    threads.push(thread);
    lengths.push(length);
    windowLengths.push(0);
    columns.labels.push(labels);
    columns.asks.push(asks ? 1 : 0);
    columns.cores.push(0);
    columns.importances.push(0);
    tokenStarts.push(UNREAD);
    tokenEnds.push(UNREAD);
    return id;
  }

  /** Gives the next number to an entry that has found room, its labels' postings included. */
  function enter(entry: RecallEntry, thread: number, length: number, labels: number): number {
    const id = column(thread, length, labels, entry.text.includes('?'));
    for (const term of labelSets.sets[labels]!.terms) {
      postings.push(term, id, 1);
      frequencies.array[term]!++;
    }
    columns.live++;
    return id;
  }

  /** Adds `sign` times the entry's length to the windows of its neighbours and its own. */
  function spreadLength(id: number, sign: 1 | -1): void {
    const thread = threads.array[id]!;
    const length = lengths.array[id]!;
    for (let o = 1 - WINDOW_TWENTIETHS.length; o < WINDOW_TWENTIETHS.length; o++) {
      const e = id + o;
      if (e < 0 || e >= threads.length || threads.array[e] !== thread) continue;
      if (o !== 0) columns.linked = true;
      const weight = WINDOW_TWENTIETHS[Math.abs(o)]!;
      windowLengths.array[e]! += sign * weight * length;
      columns.windowLengthSum += sign * weight * length;
      // What the neighbour gives to this entry's own window: counted here once, as it came first or stays longer.
      if (o !== 0) {
        windowLengths.array[id]! += sign * weight * lengths.array[e]!;
        columns.windowLengthSum += sign * weight * lengths.array[e]!;
      }
    }
  }

  function sweep(): void {
    postings.sweep((record) => threads.array[record] !== 0);
    let to = 0;
    // What is read when it is asked for does not lie in the order of ids.
    const old = tokens.array.slice(0, tokens.length);
    for (let id = 0; id < threads.length; id++) {
      const start = tokenStarts.array[id]!;
      if (start === UNREAD) continue;
      if (threads.array[id] === 0) {
        tokenStarts.array[id] = UNREAD;
        continue;
      }
      const own = old.subarray(start, tokenEnds.array[id]);
      tokens.array.set(own, to);
      tokenStarts.array[id] = to;
      to += own.length;
      tokenEnds.array[id] = to;
    }
    tokens.length = to;
    dead = 0;
  }

  /** Different terms of an entry's text. */
  function differentTerms(id: number): Set<number> {
    const found = new Set<number>();
    read(id);
    for (let t = tokenStarts.array[id]!; t < tokenEnds.array[id]!; t++) {
      const token = tokens.array[t]!;
      if (token !== 0) found.add(lexicon.wordTerms.array[(token & ~CAPITAL) - 1]!);
    }
    return found;
  }

  const index: RecallIndex = {
    get size() {
      return columns.live;
    },
    get bytes() {
      return bytes();
    },
    add(entry, budgetBytes = Infinity, prepared?: PreparedText) {
      if (lazy && bytes() > budgetBytes - ROOM_BYTES) giveUpReadings();
      const segment = lazy && prepared && entry.thread === '' ? segments.placeFor(prepared) : null;
      const added = segment && addToSegment(segment, entry, budgetBytes);
      if (added !== null) return ok(added);
      const before = bytes();
      const knownWords = lexicon.words;
      const knownTerms = lexicon.terms;
      const knownLabels = labelSets.sets.length;
      const from = tokens.length;
      const ids: number[] = [];
      let length = 0;
      const count = (term: number): void => {
        openTerms();
        length++;
        if (counts.array[term]!++ === 0) ids.push(term);
      };
      if (lazy) for (const term of analyse(entry.text)) count(lexicon.takeTerm(term));
      else tokenise(entry.text, count);
      const labels = labelSets.take(entry);
      openTerms();
      let needed = bytes() - before + COLUMN_BYTES;
      if (entry.thread !== '' && !threadIds.has(entry.thread)) needed += threadCost(entry.thread);
      for (const term of ids) needed += postings.pushBytes(term);
      for (const term of labelSets.sets[labels]!.terms) needed += postings.pushBytes(term);
      const left = budgetBytes - before - segments.reserve;
      if (needed > left) {
        for (const term of ids) counts.array[term] = 0;
        labelSets.cut(knownLabels);
        cutTerms(knownWords, knownTerms);
        tokens.length = from;
        if (columns.segments.length === 0)
          return err({ reason: 'full', neededBytes: needed, leftBytes: left });
        // In lists all documents share one dictionary: there may be room.
        segments.absorb(openTerms);
        return index.add(entry, budgetBytes);
      }
      const id = threads.length;
      for (const term of ids) {
        postings.push(term, id, counts.array[term]!);
        frequencies.array[term]!++;
        counts.array[term] = 0;
      }
      enter(entry, threadOf(entry.thread), length, labels);
      if (!lazy) {
        tokenStarts.array[id] = from;
        tokenEnds.array[id] = tokens.length;
      }
      speakerChanges += changesSpeaker(id);
      columns.lengthSum += length;
      spreadLength(id, 1);
      return ok(id);
    },
    skip: () => column(0, 0, 0, false),
    remove(id) {
      if (!(id >= 0 && id < threads.length) || threads.array[id] === 0) return false;
      if (segments.has(id)) segments.absorb(openTerms);
      segments.settle();
      for (const term of differentTerms(id)) frequencies.array[term]!--;
      for (const term of columns.labelSets[columns.labels.array[id]!]!.terms) frequencies.array[term]!--;
      spreadLength(id, -1);
      speakerChanges -= changesSpeaker(id) + changesSpeaker(id + 1);
      columns.lengthSum -= lengths.array[id]!;
      columns.live--;
      threads.array[id] = 0;
      if (++dead > 16 && dead > columns.live) sweep();
      if (lazy && bytes() > lazy.budgetBytes()) giveUpReadings();
      return true;
    },
    frequency(term) {
      segments.settle();
      return frequencyOf(columns, term);
    },
    frequencies() {
      segments.settle();
      return frequenciesOf(columns);
    },
    eachList(visit, unasked) {
      if (unasked === undefined) segments.settle();
      for (const segment of columns.segments) {
        if (unasked && segment.isOpen) unasked(segment.document, segment.firstId, segment.count);
        else segment.eachTerm((term, n) => visit(term, gathered, 0, n));
      }
      for (const labels of [false, true]) {
        let list = -1;
        for (const term of lexicon.termNames()) {
          list++;
          if (term.startsWith('@') === labels)
            visit(term, postings.array, postings.start(list), postings.end(list));
        }
      }
    },
    *terms() {
      segments.absorb(openTerms);
      for (const term of lexicon.termNames()) yield term.startsWith('@') ? term.slice(1) : term;
    },
    termsOf(id) {
      segments.absorb(openTerms);
      const names = [...lexicon.termNames()];
      const labelled = labelSets.sets[columns.labels.array[id]!]!.terms;
      return [
        ...new Set([
          ...[...differentTerms(id)].map((t) => names[t]!),
          ...labelled.map((t) => names[t]!.slice(1)),
        ]),
      ];
    },
    setPrior(id, { core, importance }) {
      columns.cores.array[id] = core;
      columns.importances.array[id] = importance;
    },
    recall(asked, k, options: RecallOptions = {}): RankedEntry[] {
      const question = typeof asked === 'string' ? analyseQuestion(asked) : asked;
      if (k <= 0 || columns.live === 0) return [];
      const weights =
        options.weights === undefined ? weightsFor(speakerChanges / columns.live) : options.weights;
      const limit = weights === null ? k : Math.max(k, options.candidates ?? CANDIDATES);
      // Terms spelt alike and windows are looked for in the lists of the index alone.
      if (columns.linked || (weights !== null && (options.spelling ?? true))) segments.absorb(openTerms);
      else segments.settle();
      const found = firstStage(columns, question, limit, options);
      if (weights !== null) {
        const ranked = secondStage(columns, question, found, k, weights, options);
        if (lazy && bytes() > lazy.budgetBytes()) giveUpReadings();
        return ranked;
      }
      return found.ids.map((id, i) => {
        const features = new Float32Array(FEATURES.length);
        features[0] = found.own[i]!;
        features[1] = found.window[i]!;
        return { id, score: found.own[i]! + found.window[i]!, features };
      });
    },
  };
  return index;
}
