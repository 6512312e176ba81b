import { chunkTexts } from './chunk.ts';
import { sliceTokens, type DocumentTokens } from './documentTokens.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { readDate } from './dates.ts';
import { jsonErrorAt, lineOf } from './jsonErrors.ts';
import type { MemoryDraft } from './record.ts';
import { readConversations, readTurn, TURNS_ACCEPTED, type Conversation, type Turn } from './turns.ts';

/** A stretch of text that is remembered, recalled and cited as one. */
export interface Passage {
  readonly text: string;
  /** Empty when unknown. */
  readonly speaker: string;
  /** ISO 8601, as exact as known; empty when unknown. */
  readonly date: string;
}

/** Text from one source that belongs to one ring. */
export interface SourceDocument {
  /** Unique among the documents of one file, e.g. `notes/2-harvest`. */
  readonly id: string;
  readonly title: string;
  readonly speaker: string;
  readonly date: string;
  readonly ring: string;
  readonly passages: readonly Passage[];
  /** Whether the passages are turns: then each is found by what was said around it, too. */
  readonly isConversation?: true;
  /** The words of the passages' texts, where they were found out beforehand. */
  readonly tokens?: DocumentTokens;
}

/** The endings that say a format which can be read. */
export const ENDINGS = ['.txt', '.md', '.json', '.jsonl'] as const;
const CHARACTERS_MAX = 50 * 1024 * 1024;
/** More control characters than this share of the text, and it is no text. */
const CONTROL_SHARE_MAX = 0.01;

type Parsed = Result<SourceDocument[], { message: string }>;

const refuse = (name: string, what: string): Parsed => err({ message: `${name}: ${what}.` });

/**
 * Reads a visitor's file: .txt and .md as running text, .json and .jsonl as turns. The error is one sentence that says
 * what is wrong, with line or path, and what is accepted.
 */
export function parseText(input: { name: string; text: string }): Parsed {
  const { name } = input;
  const ending = /\.[^./\\]*$/.exec(name.toLowerCase())?.[0] ?? '';
  if (!(ENDINGS as readonly string[]).includes(ending))
    return refuse(
      name,
      `files ${ending === '' ? 'without an ending' : `ending in ${ending}`} are not read; accepted are ${ENDINGS.join(', ')}`,
    );
  if (input.text.length > CHARACTERS_MAX)
    return refuse(name, 'the file is larger than 50 MB; split it and bring the parts that matter');
  const binary = binaryTrait(input.text);
  if (binary !== undefined)
    return refuse(
      name,
      `this looks like a binary file (${binary}); accepted is plain text in UTF-8 (${ENDINGS.join(', ')})`,
    );
  const text = input.text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  if (text.trim() === '') return refuse(name, 'the file is empty; accepted is a file with some text in it');
  const title = titleOf(name);
  if (ending === '.md') return markdown(name, text, title);
  if (ending === '.json') return json(name, text, title);
  if (ending === '.jsonl') return jsonLines(name, text, title);
  // A chat export is often pasted, or saved as .txt.
  if (/^\s*[[{]/.test(text)) {
    const turns = json(name, text, title);
    if (turns.ok) return turns;
  }
  return documentOf(name, [section({ id: slug(title), title, speaker: '', date: '', ring: title }, text)]);
}

/** What a citation of a passage names: the document, and the passage's number in it. */
export const sourceOf = ({ id }: Pick<SourceDocument, 'id'>, passage: number): string => `${id}#${passage}`;

/**
 * What an agent remembers of a document: one archive record a passage.
 * @param first the number of the first passage, where the document is a slice of another
 */
export function draftsOf(doc: SourceDocument, atMs: number, first = 0): MemoryDraft[] {
  return doc.passages.map((passage, i) => ({
    kind: 'archive',
    text: passage.text,
    speaker: passage.speaker,
    date: passage.date,
    ring: doc.ring,
    source: sourceOf(doc, first + i),
    atMs,
    ...(doc.isConversation && { thread: doc.id }),
  }));
}

/** A document of running text: all its passages have the document's speaker and date. @param cut how it is cut into them */
export function section(
  head: Omit<SourceDocument, 'passages'>,
  text: string,
  cut: (text: string) => readonly string[] = chunkTexts,
): SourceDocument {
  const { speaker, date } = head;
  return { ...head, passages: cut(text).map((passage) => ({ text: passage, speaker, date })) };
}

function documentOf(name: string, documents: readonly SourceDocument[]): Parsed {
  const filled = documents.filter((d) => d.passages.length > 0);
  return filled.length > 0
    ? ok(filled)
    : refuse(name, 'there is no text in the file; accepted is a file with some text in it');
}

function binaryTrait(text: string): string | undefined {
  if (text.includes('\0')) return 'it has zero bytes';
  // U+FFFD is what bytes become that are no UTF-8.
  const odd = text.match(/[\u0001-\u0008\u000e-\u001f\u007f\ufffd]/g)?.length ?? 0;
  return odd > 2 && odd > text.length * CONTROL_SHARE_MAX
    ? `${odd} control or undecodable characters`
    : undefined;
}

const titleOf = (name: string): string => name.replace(/^.*[/\\]/, '').replace(/\.[^.]*$/, '') || 'untitled';

function slug(text: string): string {
  const s = text
    .normalize('NFC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '');
  return s.slice(0, 60) || 'untitled';
}

/** Sections at headings of level 1 and 2; front matter gives title, author and date. */
function markdown(name: string, text: string, fileTitle: string): Parsed {
  const front = /^---\n([\s\S]*?)\n(?:---|\.\.\.)(?:\n|$)/.exec(text);
  const field = (key: string): string =>
    new RegExp(`^${key}:[ \\t]*["']?(.*?)["']?[ \\t]*$`, 'mi').exec(front?.[1] ?? '')?.[1] ?? '';
  const body = front ? text.slice(front[0].length) : text;
  const parts: { heading: string; lines: string[] }[] = [{ heading: '', lines: [] }];
  let fence = '';
  let title = field('title');
  const lines = body.split('\n');
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    const mark = /^ {0,3}(```+|~~~+)/.exec(line)?.[1];
    if (mark !== undefined) fence = fence === '' ? mark : mark.startsWith(fence) ? '' : fence;
    const underline =
      fence === '' && line.trim() !== '' ? /^ {0,3}(=+|-{3,})\s*$/.exec(lines[i + 1] ?? '') : null;
    const hashes = fence === '' ? /^ {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*$/.exec(line) : null;
    if (hashes && hashes[1]!.length > 2) parts[parts.length - 1]!.lines.push('', hashes[2]!, '');
    else if (hashes || underline) {
      const heading = (hashes?.[2] ?? line).trim();
      if (title === '' && parts.length === 1) title = heading;
      parts.push({ heading, lines: [] });
      if (underline) i++;
    } else parts[parts.length - 1]!.lines.push(line);
  }
  title ||= fileTitle;
  const speaker = field('author') || field('speaker');
  const date = readDate(field('date')) ?? '';
  const documents = parts.map(({ heading, lines: own }, i) => {
    const ring = heading || title;
    const head = {
      id: i === 0 ? slug(fileTitle) : `${slug(fileTitle)}/${i}-${slug(ring)}`,
      title: heading === '' || heading === title ? title : `${title}: ${heading}`,
      speaker,
      date,
      ring,
    };
    return section(head, own.join('\n'));
  });
  return documentOf(name, documents);
}

function json(name: string, text: string, title: string): Parsed {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const where = jsonErrorAt(text) ?? text.length;
    const found =
      where >= text.trimEnd().length
        ? 'the file ends too early'
        : `${JSON.stringify(text[where])} is not expected there`;
    return refuse(name, `line ${lineOf(text, where)} is not valid JSON (${found}); ${TURNS_ACCEPTED}`);
  }
  const conversations = readConversations(value);
  if (!conversations.ok) return refuse(name, `${conversations.error}; ${TURNS_ACCEPTED}`);
  return documentOf(name, conversationDocuments(conversations.value, title));
}

function jsonLines(name: string, text: string, title: string): Parsed {
  const turns: Turn[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const at = `line ${i + 1}`;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      return refuse(name, `${at} is not valid JSON; accepted is one turn a line, and ${TURNS_ACCEPTED}`);
    }
    const turn = readTurn(value, at);
    if (!turn.ok) return refuse(name, `${turn.error}; ${TURNS_ACCEPTED}`);
    turns.push(turn.value);
  }
  return documentOf(name, conversationDocuments([{ title: '', turns }], title));
}

/** Runs of turns of one ring: the year where dates span years, else the day, else the title. */
function conversationDocuments(conversations: readonly Conversation[], fileTitle: string): SourceDocument[] {
  const dates = conversations.flatMap((c) => c.turns.map((turn) => turn.date)).filter((date) => date !== '');
  const years = new Set(dates.map((date) => date.slice(0, 4)));
  const ringLength = years.size > 1 ? 4 : 10;
  const documents: SourceDocument[] = [];
  for (const conversation of conversations) {
    const title = conversation.title || fileTitle;
    // What has no date of its own belongs to the ring of what was said before it, at the beginning to what comes first.
    let ring = conversation.turns.find((turn) => turn.date !== '')?.date.slice(0, ringLength) ?? title;
    let passages: Passage[] = [];
    const close = (): void => {
      if (passages.length === 0) return;
      const speakers = new Set(passages.map((p) => p.speaker));
      documents.push({
        id: `${slug(fileTitle)}/${documents.length + 1}-${slug(ring)}`,
        title: ring === title ? title : `${title}, ${ring}`,
        speaker: speakers.size === 1 ? passages[0]!.speaker : '',
        date: passages.find((p) => p.date !== '')?.date ?? '',
        ring,
        passages,
        isConversation: true,
      });
      passages = [];
    };
    for (const turn of conversation.turns) {
      const own = turn.date === '' ? ring : turn.date.slice(0, ringLength);
      if (own !== ring) close();
      ring = own;
      for (const text of chunkTexts(turn.text))
        passages.push({ text, speaker: turn.speaker, date: turn.date });
    }
    close();
  }
  return documents;
}

/** The document with the passages from (inclusive) to (exclusive) alone, and their words. */
export function sliceOf(doc: SourceDocument, from: number, to: number): SourceDocument {
  const { tokens, passages, ...head } = doc;
  const part = { ...head, passages: passages.slice(from, to) };
  return tokens ? { ...part, tokens: sliceTokens(tokens, from, to) } : part;
}
