import { err, ok } from '../kernel/result.ts';
import { Backoff } from './backoff.ts';
import { GrowableF32, GrowableU32 } from './growable.ts';
import { Lexicon } from './lexicon.ts';
import { Postings } from './postings.ts';
import { analyseQuestion } from './question.ts';
import { CAPITAL, WINDOW, type Labels } from './recallColumns.ts';
import { secondStage } from './recallFeatures.ts';
import type { RankedEntry, RecallEntry, RecallIndex, RecallOptions } from './recallTypes.ts';
import { FEATURES } from './recallTypes.ts';
import { weightsFor } from './recallWeights.ts';
import { firstStage } from './recallScan.ts';
import { analyse, eachWord } from './text.ts';

/** What an entry's own columns cost. */
const COLUMN_BYTES = 44;
const CANDIDATES = 200;

const MONTHS = 'january february march april may june july august september october november december'.split(
  ' ',
);

/** The terms that an entry's speaker, date and ring are found by. */
function labelTerms(entry: RecallEntry): string[] {
  const [, year, month] = /^(\d{1,6})(?:-(\d\d))?/.exec(entry.date) ?? [];
  const terms = analyse(entry.speaker);
  if (year !== undefined) terms.push(year);
  const name = month === undefined ? undefined : MONTHS[Number(month) - 1];
  if (name !== undefined) terms.push(...analyse(name));
  if (entry.ring !== year) terms.push(...analyse(entry.ring));
  return terms;
}

/** An empty index; see RecallIndex. */
export function createRecallIndex(): RecallIndex {
  const lexicon = new Lexicon();
  const postings = new Postings();
  const columns = {
    lexicon,
    postings,
    backoff: new Backoff(lexicon),
    frequencies: new GrowableU32(),
    threads: new GrowableU32(),
    lengths: new GrowableU32(),
    windowLengths: new GrowableF32(),
    labels: new GrowableU32(),
    labelSets: [] as Labels[],
    asks: new GrowableU32(),
    cores: new GrowableF32(),
    importances: new GrowableF32(),
    tokenEnds: new GrowableU32(),
    tokens: new GrowableU32(),
    live: 0,
    lengthSum: 0,
    windowLengthSum: 0,
  };
  const { frequencies, threads, lengths, windowLengths, tokens, tokenEnds } = columns;
  const labelIds = new Map<string, number>();
  let labelBytes = 0;
  /** By term: how often it is in the entry being added; all zero between. */
  const counts = new GrowableU32();
  let lastThread = '';
  let lastSpeaker = '';
  /** Entries in whose thread another one spoke just before. */
  let speakerChanges = 0;
  let threadsOpened = 0;
  /** Removed entries whose postings and tokens are still there. */
  let dead = 0;

  const bytes = (): number =>
    lexicon.bytes + postings.bytes + 4 * tokens.length + COLUMN_BYTES * threads.length + labelBytes;

  /** Makes room in the columns of terms for what the lexicon has taken in. */
  function openTerms(): void {
    while (postings.lists < lexicon.terms) {
      postings.open();
      frequencies.push(0);
      counts.push(0);
    }
  }

  function labelsOf(entry: RecallEntry): number {
    const key = `${entry.speaker}\n${entry.date.slice(0, 7)}\n${entry.ring}`;
    const known = labelIds.get(key);
    if (known !== undefined) return known;
    const terms = [...new Set(labelTerms(entry))].map((term) => lexicon.takeTerm(`@${term}`));
    const speaker: string[] = [];
    eachWord(entry.speaker, (word) => speaker.push(word));
    labelIds.set(key, columns.labelSets.length);
    columns.labelSets.push({ terms, speaker });
    labelBytes += 96 + 2 * key.length + 8 * terms.length;
    return columns.labelSets.length - 1;
  }

  function forgetLabelsFrom(count: number): void {
    if (columns.labelSets.length === count) return;
    for (const key of [...labelIds.keys()].slice(count)) {
      labelBytes -= 96 + 2 * key.length + 8 * columns.labelSets[labelIds.get(key)!]!.terms.length;
      labelIds.delete(key);
    }
    columns.labelSets.length = count;
  }

  /** Adds `sign` times the entry's length to the windows of its neighbours and its own. */
  function spreadLength(id: number, sign: 1 | -1): void {
    const thread = threads.array[id]!;
    const length = lengths.array[id]!;
    for (let o = 1 - WINDOW.length; o < WINDOW.length; o++) {
      const e = id + o;
      if (e < 0 || e >= threads.length || threads.array[e] !== thread) continue;
      const weight = WINDOW[Math.abs(o)]!;
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
    let from = 0;
    for (let id = 0; id < threads.length; id++) {
      const end = tokenEnds.array[id]!;
      if (threads.array[id] !== 0) {
        tokens.array.copyWithin(to, from, end);
        to += end - from;
      }
      from = end;
      tokenEnds.array[id] = to;
    }
    tokens.length = to;
    dead = 0;
  }

  /** Different terms of an entry's text. */
  function textTerms(id: number): Set<number> {
    const found = new Set<number>();
    const from = id === 0 ? 0 : tokenEnds.array[id - 1]!;
    for (let t = from; t < tokenEnds.array[id]!; t++) {
      const token = tokens.array[t]!;
      if (token !== 0) found.add(lexicon.wordTerms.array[(token & ~CAPITAL) - 1]!);
    }
    return found;
  }

  return {
    get size() {
      return columns.live;
    },
    get bytes() {
      return bytes();
    },
    add(entry, budgetBytes = Infinity) {
      const before = bytes();
      const knownWords = lexicon.words;
      const knownTerms = lexicon.terms;
      const knownLabels = columns.labelSets.length;
      const from = tokens.length;
      const ids: number[] = [];
      let length = 0;
      let isOpen = false;
      eachWord(entry.text, (word, capital, opens) => {
        if (opens && isOpen) {
          tokens.push(0);
          isOpen = false;
        }
        const id = lexicon.takeWord(word);
        if (id < 0) return;
        openTerms();
        const term = lexicon.wordTerms.array[id]!;
        tokens.push((id + 1 + (capital ? CAPITAL : 0)) >>> 0);
        isOpen = true;
        length++;
        if (counts.array[term]!++ === 0) ids.push(term);
      });
      const labels = labelsOf(entry);
      openTerms();
      const { terms: labelled } = columns.labelSets[labels]!;
      let needed = bytes() - before + COLUMN_BYTES;
      for (const term of ids) needed += postings.pushBytes(term);
      for (const term of labelled) needed += postings.pushBytes(term);
      if (needed > budgetBytes - before) {
        for (const term of ids) counts.array[term] = 0;
        forgetLabelsFrom(knownLabels);
        lexicon.cut(knownWords, knownTerms);
        postings.closeFrom(knownTerms);
        frequencies.length = counts.length = knownTerms;
        tokens.length = from;
        return err({ reason: 'full', neededBytes: needed, leftBytes: budgetBytes - before });
      }
      const id = threads.length;
      for (const term of ids) {
        postings.push(term, id, counts.array[term]!);
        frequencies.array[term]!++;
        counts.array[term] = 0;
      }
      for (const term of labelled) {
        postings.push(term, id, 1);
        frequencies.array[term]!++;
      }
      if (entry.thread === '' || entry.thread !== lastThread || id === 0) threadsOpened++;
      else if (entry.speaker !== lastSpeaker) speakerChanges++;
      lastThread = entry.thread;
      lastSpeaker = entry.speaker;
      threads.push(threadsOpened);
      lengths.push(length);
      windowLengths.push(0);
      columns.labels.push(labels);
      columns.asks.push(entry.text.includes('?') ? 1 : 0);
      columns.cores.push(0);
      columns.importances.push(0);
      tokenEnds.push(tokens.length);
      columns.lengthSum += length;
      columns.live++;
      spreadLength(id, 1);
      return ok(id);
    },
    remove(id) {
      if (!(id >= 0 && id < threads.length) || threads.array[id] === 0) return false;
      for (const term of textTerms(id)) frequencies.array[term]!--;
      for (const term of columns.labelSets[columns.labels.array[id]!]!.terms) frequencies.array[term]!--;
      spreadLength(id, -1);
      columns.lengthSum -= lengths.array[id]!;
      columns.live--;
      threads.array[id] = 0;
      if (++dead > 16 && dead > columns.live) sweep();
      return true;
    },
    frequency(term) {
      const text = lexicon.term(term);
      const label = lexicon.term(`@${term}`);
      // A word that stands in many labels is no rarer for standing in few texts.
      return Math.max(
        text === undefined ? 0 : frequencies.array[text]!,
        label === undefined ? 0 : frequencies.array[label]!,
      );
    },
    *terms() {
      for (const term of lexicon.termNames()) yield term.startsWith('@') ? term.slice(1) : term;
    },
    termsOf(id) {
      const names = [...lexicon.termNames()];
      const labelled = columns.labelSets[columns.labels.array[id]!]!.terms;
      return [
        ...new Set([...[...textTerms(id)].map((t) => names[t]!), ...labelled.map((t) => names[t]!.slice(1))]),
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
        options.weights === undefined ? weightsFor(speakerChanges / threads.length) : options.weights;
      const limit = weights === null ? k : Math.max(k, options.candidates ?? CANDIDATES);
      const found = firstStage(columns, question, limit, options);
      if (weights !== null) return secondStage(columns, question, found, k, weights, options);
      return found.ids.map((id, i) => {
        const features = new Float32Array(FEATURES.length);
        features[0] = found.own[i]!;
        features[1] = found.window[i]!;
        return { id, score: found.own[i]! + found.window[i]!, features };
      });
    },
  };
}
