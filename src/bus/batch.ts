import type { Message, PackedMessages } from './wire.ts';

/** A number of the wire: whole, safe, not negative. */
export const isCount = (v: unknown): v is number => Number.isSafeInteger(v) && (v as number) >= 0;

/**
 * Puts messages into columns. Structured clone pays for every object and every key of it, at both ends; senders, addressees
 * and kinds repeat, and stamps are close to each other.
 */
export function pack(messages: readonly Message[]): PackedMessages {
  const n = messages.length;
  const texts: string[] = [];
  const places = new Map<string, number>();
  const place = (text: string): number => {
    let at = places.get(text);
    if (at === undefined) {
      at = texts.push(text) - 1;
      places.set(text, at);
    }
    return at;
  };
  const codes = new Array<number>(3 * n);
  const stamps = new Array<number>(n);
  const bodies = new Array<unknown>(n);
  let [from, to, kind] = ['', '', ''];
  let [fromAt, toAt, kindAt, hlc] = [-1, -1, -1, 0];
  let rest = false;
  for (let i = 0; i < n; i++) {
    const m = messages[i]!;
    // Mostly it is the one of the message before.
    if (m.from !== from || fromAt < 0) fromAt = place((from = m.from));
    if (m.to !== to || toAt < 0) toAt = place((to = m.to));
    if (m.kind !== kind || kindAt < 0) kindAt = place((kind = m.kind));
    codes[3 * i] = fromAt;
    codes[3 * i + 1] = toAt;
    codes[3 * i + 2] = kindAt;
    stamps[i] = m.hlc - hlc;
    hlc = m.hlc;
    bodies[i] = m.body;
    rest ||= hasMore(m);
  }
  const packed = { texts, routes: String.fromCharCode(...codes), stamps, bodies };
  return rest ? { ...packed, rest: messages.map(restOf) } : packed;
}

/** It has more than sender, addressee, kind and body. */
export const hasMore = (m: Omit<Message, 'hlc'>): boolean =>
  m.deadlineAtMs !== undefined || m.request !== undefined || m.reply !== undefined || m.topic !== undefined;

/** What a message has beside the columns, in its order. */
function restOf(m: Message): object | null {
  if (!hasMore(m)) return null;
  const { from: _f, to: _t, kind: _k, body: _b, hlc: _h, ...rest } = m;
  return rest;
}

const isOptionalText = (v: unknown): boolean => v === undefined || typeof v === 'string';

/** Whether a value has the shape of a message. */
function isMessage(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const m = value as Record<keyof Message, unknown>;
  return (
    typeof m.from === 'string' &&
    typeof m.to === 'string' &&
    typeof m.kind === 'string' &&
    isCount(m.hlc) &&
    (m.deadlineAtMs === undefined || (typeof m.deadlineAtMs === 'number' && !Number.isNaN(m.deadlineAtMs))) &&
    isOptionalText(m.request) &&
    isOptionalText(m.reply) &&
    isOptionalText(m.topic)
  );
}

/** The messages of a batch that `pack` made, each checked; null for anything else. */
function unpack(value: object): Message[] | null {
  const { texts, routes, stamps, bodies, rest } = value as Record<keyof PackedMessages, unknown>;
  if (!Array.isArray(texts) || typeof routes !== 'string' || !Array.isArray(stamps) || !Array.isArray(bodies))
    return null;
  const n = bodies.length;
  if (routes.length !== 3 * n || stamps.length !== n) return null;
  if (rest !== undefined && (!Array.isArray(rest) || rest.length !== n)) return null;
  for (let i = 0; i < texts.length; i++) if (typeof texts[i] !== 'string') return null;
  const known = texts as readonly string[];
  const messages = new Array<Message>(n);
  let hlc = 0;
  for (let i = 0, j = 0; i < n; i++, j += 3) {
    const from = known[routes.charCodeAt(j)];
    const to = known[routes.charCodeAt(j + 1)];
    const kind = known[routes.charCodeAt(j + 2)];
    const stamp: unknown = stamps[i];
    if (from === undefined || to === undefined || kind === undefined || typeof stamp !== 'number')
      return null;
    hlc += stamp;
    if (!isCount(hlc)) return null;
    const body: unknown = bodies[i];
    const more: unknown = rest === undefined ? null : rest[i];
    if (more === null) messages[i] = { from, to, kind, body, hlc };
    else {
      const message = { from, to, kind, body, ...(more as object), hlc };
      if (typeof more !== 'object' || !isMessage(message)) return null;
      messages[i] = message;
    }
  }
  return messages;
}

/** The messages of a batch that arrived, or why it is refused. */
export function readMessages(value: unknown): readonly Message[] | 'shape' | 'message' {
  if (!Array.isArray(value))
    return typeof value === 'object' && value !== null ? (unpack(value) ?? 'message') : 'shape';
  for (let i = 0; i < value.length; i++) if (!isMessage(value[i])) return 'message';
  return value as readonly Message[];
}
