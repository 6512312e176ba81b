import { err, ok, type Result } from '../kernel/result.ts';
import { readDate } from './dates.ts';

/** One thing that somebody said. */
export interface Turn {
  readonly text: string;
  readonly speaker: string;
  readonly date: string;
}

/** Turns that belong together; the title is empty when the data gives none. */
export interface Conversation {
  readonly title: string;
  readonly turns: readonly Turn[];
}

type Read<T> = Result<T, string>;
type Fields = Readonly<Record<string, unknown>>;

const TEXT_KEYS = ['text', 'content', 'message', 'body', 'value'];
const SPEAKER_KEYS = ['speaker', 'role', 'author', 'name', 'from'];
const DATE_KEYS = ['date', 'timestamp', 'time', 'created_at', 'ts'];
const TURNS_KEYS = [
  'messages',
  'turns',
  'conversation',
  'conversations',
  'chat',
  'history',
  'dialogue',
  'items',
];

/** What a person may bring, for the end of every refusal. */
export const TURNS_ACCEPTED =
  'accepted are turns with a text (text, content, message, body or value) and optionally a speaker (speaker, role, author, name or from) and a date (date, timestamp, time, created_at or ts)';

const isObject = (v: unknown): v is Fields => typeof v === 'object' && v !== null && !Array.isArray(v);
const kindOf = (v: unknown): string =>
  v === null ? 'null' : Array.isArray(v) ? 'an array' : typeof v === 'object' ? 'an object' : `a ${typeof v}`;

function firstKey(fields: Fields, keys: readonly string[]): string | undefined {
  return keys.find((key) => fields[key] !== undefined && fields[key] !== null);
}

function readContent(value: unknown, path: string): Read<string> {
  if (typeof value === 'string') return ok(value);
  if (isObject(value)) {
    const key = value['parts'] === undefined ? firstKey(value, TEXT_KEYS) : 'parts';
    return key === undefined ? ok('') : readContent(value[key], `${path}.${key}`);
  }
  if (!Array.isArray(value))
    return err(`${path} must be text or an array of text parts, but is ${kindOf(value)}`);
  const parts: string[] = [];
  for (const [i, part] of value.entries()) {
    if (typeof part === 'string') parts.push(part);
    else if (isObject(part)) {
      // Parts of other types are pictures, calls of tools and the like.
      if (typeof part['text'] === 'string') parts.push(part['text']);
    } else return err(`${path}[${i}] must be a text part, but is ${kindOf(part)}`);
  }
  return ok(parts.join('\n\n'));
}

function readSpeaker(fields: Fields): string {
  const key = firstKey(fields, SPEAKER_KEYS);
  const value = key === undefined ? undefined : fields[key];
  if (typeof value === 'string') return value.trim();
  return isObject(value) ? readSpeaker(value) : '';
}

/** One turn from one value of the data. Its text may be empty. */
export function readTurn(value: unknown, path: string): Read<Turn> {
  if (typeof value === 'string') return ok({ text: value, speaker: '', date: '' });
  if (!isObject(value)) return err(`${path} must be a turn, but is ${kindOf(value)}`);
  const textKey = firstKey(value, TEXT_KEYS);
  if (textKey === undefined) {
    const named = TEXT_KEYS.some((key) => key in value);
    return named ? ok({ text: '', speaker: '', date: '' }) : err(`${path} has no text`);
  }
  const text = readContent(value[textKey], `${path}.${textKey}`);
  if (!text.ok) return text;
  const inner = value[textKey];
  const speaker = readSpeaker(value) || (isObject(inner) ? readSpeaker(inner) : '');
  const dateKey = firstKey(value, DATE_KEYS);
  const dateValue = dateKey === undefined ? '' : value[dateKey];
  const date = dateValue === '' ? '' : readDate(dateValue);
  if (date === undefined)
    return err(
      `${path}.${dateKey} must be a date (ISO 8601, or seconds or milliseconds since 1970), got ${JSON.stringify(dateValue).slice(0, 40)}`,
    );
  return ok({ text: text.value, speaker, date });
}

function turnsKey(fields: Fields): string | undefined {
  const named = TURNS_KEYS.find((key) => Array.isArray(fields[key]));
  if (named !== undefined) return named;
  const arrays = Object.keys(fields).filter((key) => Array.isArray(fields[key]));
  return arrays.length === 1 ? arrays[0] : undefined;
}

const at = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);

/** The conversations in parsed JSON: an array of turns, an object around one, or an array of such objects. */
export function readConversations(value: unknown, path = ''): Read<Conversation[]> {
  if (isObject(value)) {
    const key = turnsKey(value);
    if (key === undefined)
      return err(
        `${path === '' ? 'the object' : path} has no single array of turns (such as messages, turns or conversation)`,
      );
    const inner = readConversations(value[key], at(path, key));
    if (!inner.ok) return inner;
    const title = ['title', 'name', 'id']
      .map((k) => value[k])
      .find((v) => typeof v === 'string' && v.trim() !== '');
    if (typeof title !== 'string') return inner;
    return ok(inner.value.map((c) => (c.title === '' ? { ...c, title: title.trim() } : c)));
  }
  if (!Array.isArray(value))
    return err(`${path === '' ? 'the file' : path} must hold an array of turns, but is ${kindOf(value)}`);
  const first: unknown = value[0];
  if (isObject(first) && firstKey(first, TEXT_KEYS) === undefined && turnsKey(first) !== undefined) {
    const out: Conversation[] = [];
    for (const [i, item] of value.entries()) {
      const inner = readConversations(item, `${path}[${i}]`);
      if (!inner.ok) return inner;
      out.push(...inner.value);
    }
    return ok(out);
  }
  const turns: Turn[] = [];
  for (const [i, item] of value.entries()) {
    const turn = readTurn(item, `${path}[${i}]`);
    if (!turn.ok) return turn;
    turns.push(turn.value);
  }
  return ok([{ title: '', turns }]);
}
