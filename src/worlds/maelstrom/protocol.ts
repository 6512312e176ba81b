/**
 * What Maelstrom and its nodes say to each other, one JSON object a line (jepsen-io/maelstrom, doc/protocol.md).
 */
export interface Envelope {
  readonly src: string;
  readonly dest: string;
  readonly body: Body;
}

/** The payload. Requests carry a `msg_id`, and what answers them names it. */
export interface Body {
  readonly type: string;
  readonly msg_id?: number;
  readonly in_reply_to?: number;
  readonly [key: string]: unknown;
}

/** The codes of the protocol that nodes use. All but `timeout` and `crash` say that the operation surely did not happen. */
export const ERROR = {
  timeout: 0,
  notSupported: 10,
  temporarilyUnavailable: 11,
  malformedRequest: 12,
  crash: 13,
} as const;
type ErrorCode = (typeof ERROR)[keyof typeof ERROR];

/** An answer that says no. */
export const errorBody = (code: ErrorCode, text: string): Body => ({ type: 'error', code, text });

const isRecord = (v: unknown): v is Record<string, unknown> =>
  typeof v === 'object' && v !== null && !Array.isArray(v);
const isIdOrAbsent = (v: unknown): boolean => v === undefined || Number.isSafeInteger(v);

/** Reads one line; null when it is no message of this protocol. */
export function readEnvelope(line: string): Envelope | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (!isRecord(value) || !isRecord(value['body'])) return null;
  const { src, dest, body } = value;
  if (typeof src !== 'string' || typeof dest !== 'string' || typeof body['type'] !== 'string') return null;
  if (!isIdOrAbsent(body['msg_id']) || !isIdOrAbsent(body['in_reply_to'])) return null;
  return { src, dest, body: body as unknown as Body };
}

/** The whole numbers of an object by key, as `{ "k1": 3 }`; null when it is anything else. */
export function readOffsets(value: unknown): ReadonlyMap<string, number> | null {
  if (!isRecord(value)) return null;
  const offsets = new Map<string, number>();
  for (const [key, offset] of Object.entries(value)) {
    if (!Number.isSafeInteger(offset)) return null;
    offsets.set(key, offset as number);
  }
  return offsets;
}
