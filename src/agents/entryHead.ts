/** How a text of a node's log begins: which entry, with which peer, under which number. */
export interface EntryHead {
  readonly kind: string;
  /** NaN for an entry of another shape, as a `state`. */
  readonly peer: number;
  readonly seq: number;
  /** Where the rest of the entry begins in its text. */
  readonly rest: number;
}

/**
 * Reads the beginning of a committed text, as `JSON.stringify` wrote it, without the rest: most of a log's bytes are bodies
 * of messages, and whoever keeps accounts of numbers need not build them again.
 */
export function entryHead(text: string): EntryHead {
  const kindEnd = text.indexOf('"', 2);
  const kind = text.slice(2, kindEnd);
  let at = kindEnd + 2;
  const number = (): number => {
    const from = at;
    let value = 0;
    for (let c = text.charCodeAt(at); c >= 48 && c <= 57; c = text.charCodeAt(++at))
      value = 10 * value + c - 48;
    const read = at > from;
    // Past the comma.
    at++;
    return read ? value : NaN;
  };
  return { kind, peer: number(), seq: number(), rest: at };
}

/** The JSON of the message in an `out` or an `in`: it is the last object there, whatever numbers follow. */
export const messageIn = (text: string, { rest }: EntryHead): string =>
  text.slice(rest, text.lastIndexOf('}') + 1);

/** The number in a log's owner, e.g. 3 of `node/3`; -1 for another owner. */
export const nodeOfOwner = (owner: string): number =>
  owner.startsWith('node/') ? Number(owner.slice(5)) : -1;
