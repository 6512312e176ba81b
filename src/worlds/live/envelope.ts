/**
 * What goes to another thread travels in an envelope. A browser keeps an event, with all that it brought, until its next full
 * collection, so that every collection of young objects meanwhile copies what was dealt with long ago. Of a message in an
 * envelope the event keeps the envelope, which is empty.
 */
export type Envelope<T> = [T];

/** Takes out what an event brought. What came without an envelope is handed on as it is, for its reader to refuse. */
export const takeOut = <T>({ data }: MessageEvent<Envelope<T>>): T =>
  Array.isArray(data) ? (data as T[]).pop()! : data;
