import type { CancelTimer, Env } from '../kernel/env.ts';
import type { HeaderMap } from './dialect.ts';

/** How an answer reaches the client. All calls are in the order of time. */
export interface Reply {
  whole(response: Response): void;
  open(headers: HeaderMap): void;
  write(text: string): void;
  close(): void;
  cut(): void;
}

/** One request's way to the endpoint and its answer's way back. */
export interface Exchange {
  readonly request: Request;
  /** Of the network, one way; drawn anew each time. */
  readonly oneWayMs: () => number;
  /** Serves the request that has just arrived. Returns how to break it off; null when it is over. */
  readonly serve: (reply: Reply) => CancelTimer | null;
  /** The client cut it off before the answer was complete. */
  readonly onAborted: () => void;
}

/**
 * Carries a request over the network and what comes of it back, whole or as a stream, in order. A client that goes away
 * is known at the endpoint one network delay later.
 */
export function exchange(env: Env, { request, oneWayMs, serve, onAborted }: Exchange): Promise<Response> {
  return new Promise((resolve, reject) => {
    const utf8 = new TextEncoder();
    let cancelService: CancelTimer | null = null;
    let stream: ReadableStreamDefaultController<Uint8Array> | null = null;
    /** The client has heard the end, or gone. */
    let done = false;
    let cutOff = false;
    const goAway = (reason: Error): void => {
      if (done) return;
      done = true;
      if (stream) stream.error(reason);
      else reject(reason);
      leave();
    };
    const leave = (): void => {
      env.setTimer(oneWayMs(), () => {
        cutOff = true;
        if (cancelService === null) return;
        cancelService();
        cancelService = null;
        onAborted();
      });
    };
    const onAbort = (): void => goAway(request.signal.reason as Error);
    if (request.signal.aborted) {
      reject(request.signal.reason as Error);
      return;
    }
    // Through the request, not a copy of its signal: in Node a signal whose request was collected never fires.
    request.signal.addEventListener('abort', onAbort, { once: true });
    const over = (): void => {
      done = true;
      request.signal.removeEventListener('abort', onAbort);
    };
    /** What is on its way back keeps its order: whichever timer runs out, the first of them arrives. A browser's timers
     * count whole milliseconds, so that a later one may run out earlier. */
    const onItsWay: (() => void)[] = [];
    let lastAtMs = 0;
    const back = (fn: () => void): void => {
      lastAtMs = Math.max(lastAtMs, env.now() + oneWayMs());
      onItsWay.push(fn);
      env.setTimer(lastAtMs - env.now(), () => {
        const next = onItsWay.shift()!;
        if (!done) next();
      });
    };
    const reply: Reply = {
      whole(response) {
        cancelService = null;
        back(() => {
          over();
          resolve(response);
        });
      },
      open: (told) =>
        back(() => {
          const body = new ReadableStream<Uint8Array>({
            start: (controller) => void (stream = controller),
            cancel() {
              over();
              leave();
            },
          });
          resolve(new Response(body, { status: 200, headers: told }));
        }),
      write: (text) => back(() => stream?.enqueue(utf8.encode(text))),
      close() {
        cancelService = null;
        back(() => {
          over();
          stream?.close();
        });
      },
      cut() {
        cancelService = null;
        back(() => {
          over();
          stream?.error(new TypeError('the connection was cut'));
        });
      },
    };
    env.setTimer(oneWayMs(), () => {
      if (!cutOff) cancelService = serve(reply);
    });
  });
}
