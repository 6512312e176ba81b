import { isEventStream } from '../../provider/completionStream.ts';
import {
  fromRequestMessage,
  fromResponseMessage,
  headOf,
  toRequestMessage,
  toResponseMessage,
  type RequestMessage,
  type ResponseHead,
  type ResponseMessage,
} from '../../provider/httpMessage.ts';
import type { FetchHandler } from '../../provider/port.ts';
import { serveCalls, type Caller } from './portCalls.ts';

/** What comes of a request: whole, or its head and then piece by piece, each asked for. */
type FetchAnswer =
  { readonly response: ResponseMessage } | { readonly head: ResponseHead } | { readonly error: string };
type PieceAnswer =
  { readonly piece: Uint8Array<ArrayBuffer> } | { readonly end: true } | { readonly error: string };

const aborted = (): DOMException => new DOMException('The request was aborted.', 'AbortError');
const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * The model endpoint on the other end of a port, as a fetch handler. A stream of events comes through piece by piece, no
 * faster than it is read; whoever stops reading, or aborts, stops the endpoint.
 */
export function fetchOver(caller: Caller): FetchHandler {
  /** In Node a signal whose request was collected never fires, so requests under way are held. */
  const underWay = new Set<Request>();
  let n = 0;

  /** The rest of a streamed answer. */
  function bodyOf(
    call: number,
    request: Request,
    onAbort: (error: (e: Error) => void) => void,
    over: () => void,
  ) {
    let ended = false;
    const end = (): void => {
      ended = true;
      over();
    };
    return new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        start(controller) {
          onAbort((error) => {
            if (ended) return;
            end();
            controller.error(error);
          });
        },
        pull: (controller) =>
          new Promise<void>((resolve) => {
            caller.call('piece', call, (answer: PieceAnswer) => {
              resolve();
              if (ended) return;
              if ('piece' in answer) return controller.enqueue(answer.piece);
              end();
              if ('end' in answer) controller.close();
              else controller.error(new TypeError(answer.error));
            });
          }),
        cancel() {
          if (ended) return;
          end();
          caller.call('abort', call);
        },
      },
      { highWaterMark: 0 },
    );
  }

  return async (request) => {
    const call = ++n;
    const message = await toRequestMessage(request);
    return new Promise<Response>((resolve, reject) => {
      if (request.signal.aborted) return reject(aborted());
      underWay.add(request);
      let fail: (error: Error) => void = reject;
      const onAbort = (): void => {
        caller.call('abort', call);
        over();
        fail(aborted());
      };
      const over = (): void => {
        underWay.delete(request);
        request.signal.removeEventListener('abort', onAbort);
      };
      request.signal.addEventListener('abort', onAbort);
      caller.call('fetch', { call, message }, (answer: FetchAnswer) => {
        if ('head' in answer) {
          const body = bodyOf(call, request, (error) => (fail = error), over);
          return resolve(fromResponseMessage(answer.head, body));
        }
        over();
        if ('response' in answer) resolve(fromResponseMessage(answer.response, answer.response.body));
        else reject(new TypeError(answer.error));
      });
    });
  };
}

interface Call {
  readonly controller: AbortController;
  /** Of a streamed answer whose head was told. */
  reader?: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
}

/** Serves the calls of `fetchOver`; returns how to end all that are under way. */
export function serveFetch(port: MessagePort, handler: FetchHandler): () => void {
  const calls = new Map<number, Call>();

  function end(call: number): void {
    const found = calls.get(call);
    calls.delete(call);
    found?.controller.abort();
    found?.reader?.cancel().catch(() => undefined);
  }

  async function respond(call: number, message: RequestMessage): Promise<FetchAnswer> {
    const mine: Call = { controller: new AbortController() };
    calls.set(call, mine);
    let streams = false;
    try {
      const response = await handler(fromRequestMessage(message, mine.controller.signal));
      if (!isEventStream(response) || response.body === null)
        return { response: await toResponseMessage(response) };
      streams = calls.has(call);
      mine.reader = response.body.getReader();
      if (!streams) void mine.reader.cancel().catch(() => undefined);
      return { head: headOf(response) };
    } catch (error) {
      return { error: words(error) };
    } finally {
      if (!streams) calls.delete(call);
    }
  }

  async function nextPiece(call: number): Promise<PieceAnswer> {
    const reader = calls.get(call)?.reader;
    if (reader === undefined) return { error: 'the answer is over' };
    try {
      const { done, value } = await reader.read();
      if (!done) return { piece: value };
      calls.delete(call);
      return { end: true };
    } catch (error) {
      calls.delete(call);
      return { error: words(error) };
    }
  }

  serveCalls(port, {
    fetch: ({ call, message }: { call: number; message: RequestMessage }, answer) =>
      void respond(call, message).then(answer),
    piece: (call: number, answer) => void nextPiece(call).then(answer),
    abort: end,
  });
  return () => {
    for (const call of [...calls.keys()]) end(call);
  };
}
