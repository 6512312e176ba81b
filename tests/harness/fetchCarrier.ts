import { expect } from 'vitest';
import type { FetchHandler } from '../../src/provider/port.ts';

/** Something that carries requests to a handler in another process, and answers back. */
export interface FetchCarrier {
  readonly name: string;
  /** The handler as seen from the other side. */
  over(handler: FetchHandler): FetchHandler;
  /** Lets everything happen that can. */
  settle(): Promise<void>;
}

/** An endpoint whose answer is written by hand, and that notes what befalls it. */
function source() {
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  const seen = { pulls: 0, cancelled: false, aborted: false };
  const utf8 = new TextEncoder();
  const body = new ReadableStream<Uint8Array>(
    {
      start: (c) => void (controller = c),
      pull() {
        seen.pulls++;
      },
      cancel: () => void (seen.cancelled = true),
    },
    { highWaterMark: 0 },
  );
  const handler: FetchHandler = (request) => {
    request.signal.addEventListener('abort', () => (seen.aborted = true));
    return Promise.resolve(
      new Response(body, { status: 200, headers: { 'content-type': 'text/event-stream', 'x-left': '7' } }),
    );
  };
  return {
    handler,
    seen,
    write: (text: string) => controller!.enqueue(utf8.encode(text)),
    close: () => controller!.close(),
    fail: (why: string) => controller!.error(new TypeError(why)),
  };
}

const ask = (signal?: AbortSignal): Request =>
  new Request('https://model.invalid/v1/chat/completions', {
    method: 'POST',
    body: '{}',
    ...(signal === undefined ? {} : { signal }),
  });

/** Watches a promise without waiting for it. */
function watched<T>(promise: Promise<T>): { value?: T; error?: unknown } {
  const out: { value?: T; error?: unknown } = {};
  promise.then(
    (value) => (out.value = value),
    (error: unknown) => (out.error = error),
  );
  return out;
}

type Carried = ReturnType<typeof source> & {
  readonly response: Response;
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
};

async function begun(carrier: FetchCarrier, signal?: AbortSignal): Promise<Carried> {
  const from = source();
  const answer = watched(carrier.over(from.handler)(ask(signal)));
  await carrier.settle();
  const response = answer.value!;
  return { ...from, response, reader: response.body!.getReader() };
}

async function next(carrier: FetchCarrier, { reader }: Carried): Promise<string> {
  const read = watched(reader.read());
  await carrier.settle();
  if (read.error !== undefined) throw read.error as Error;
  return read.value!.done ? 'end' : new TextDecoder().decode(read.value!.value);
}

/** What every world's way to the endpoint has to do with a stream. Each throws when it does not. */
export const streamClaims: Readonly<Record<string, (carrier: FetchCarrier) => Promise<void>>> = {
  async 'head first, then each piece when it is made, then the end'(carrier) {
    const it = await begun(carrier);
    expect([it.response.status, it.response.headers.get('x-left')]).toEqual([200, '7']);
    const early = watched(it.reader.read());
    await carrier.settle();
    expect(early).toEqual({});
    it.write('one');
    await carrier.settle();
    expect(new TextDecoder().decode(early.value!.value)).toBe('one');
    it.write('two');
    expect(await next(carrier, it)).toBe('two');
    it.close();
    expect(await next(carrier, it)).toBe('end');
  },
  async 'a reader that stops reading holds the endpoint back'(carrier) {
    const it = await begun(carrier);
    await carrier.settle();
    expect(it.seen.pulls).toBe(0);
    it.write('one');
    it.write('two');
    expect(await next(carrier, it)).toBe('one');
    await carrier.settle();
    expect(it.seen.pulls).toBeLessThan(2);
    expect(await next(carrier, it)).toBe('two');
  },
  async 'cancelling cancels the endpoint'(carrier) {
    const it = await begun(carrier);
    it.write('one');
    expect(await next(carrier, it)).toBe('one');
    watched(it.reader.cancel());
    await carrier.settle();
    expect(it.seen.cancelled).toBe(true);
  },
  async 'aborting between two pieces stops the endpoint and fails the reader'(carrier) {
    const control = new AbortController();
    const it = await begun(carrier, control.signal);
    it.write('one');
    expect(await next(carrier, it)).toBe('one');
    control.abort();
    await carrier.settle();
    expect(it.seen.aborted || it.seen.cancelled).toBe(true);
    await expect(next(carrier, it)).rejects.toThrow(/abort/i);
  },
  async 'an error inside the stream comes through with its words'(carrier) {
    const it = await begun(carrier);
    it.write('one');
    expect(await next(carrier, it)).toBe('one');
    it.fail('the line was cut');
    await expect(next(carrier, it)).rejects.toThrow(/the line was cut/);
  },
  async 'a whole answer and a failure before any answer come through as before'(carrier) {
    const whole = watched(carrier.over(() => Promise.resolve(new Response('all', { status: 418 })))(ask()));
    await carrier.settle();
    const text = watched(whole.value!.text());
    await carrier.settle();
    expect([whole.value!.status, text.value]).toEqual([418, 'all']);
    const gone = watched(carrier.over(() => Promise.reject(new TypeError('nobody there')))(ask()));
    await carrier.settle();
    expect(String(gone.error)).toMatch(/nobody there/);
  },
};
