/** A request as the engine has it, its body written as JSON. */
export const newRequest = (url: string, init: RequestInit, body: unknown): Request =>
  new Request(url, { ...init, body: JSON.stringify(body) });

/** What a plain request or response carries in the place of a text. */
interface Given {
  readonly given?: unknown;
}

/** The body of a plain request or response, not to be changed; undefined for one of the engine's own, which has a text. */
export const givenOf = (carrier: Request | Response): unknown => (carrier as Given).given;

/**
 * Requests and responses for a client and an endpoint in one thread: what both read of them, and nothing else; bodies are
 * handed over as they are, since both sides make each anew. The engine's own classes take a tenth of a millisecond each and
 * tasks of their own to give out their text, and writing and reading JSON takes as long again; millions of calls of simulated
 * time have no use for that.
 */
export function plainRequest(url: string, { method, signal }: RequestInit, body: unknown): Request {
  const text = (): Promise<string> => Promise.resolve(JSON.stringify(body));
  return { url, method, signal, given: body, text } as unknown as Request;
}

/** A whole response; header names in lower case. */
export function plainResponse(body: unknown, { status = 200, headers = {} }: ResponseInit): Response {
  const told = headers as Readonly<Record<string, string>>;
  return {
    status,
    headers: {
      get: (name: string) => told[name] ?? null,
      has: (name: string) => told[name] !== undefined,
    },
    given: body,
    text: () => Promise.resolve(JSON.stringify(body)),
  } as unknown as Response;
}

/** An AbortController for plain requests, to whose signal one listens at a time. */
export function plainAbort(): AbortController {
  let heard: (() => void) | null = null;
  const signal = {
    aborted: false,
    reason: undefined as unknown,
    addEventListener: (_type: 'abort', fn: () => void) => void (heard = fn),
    removeEventListener: () => void (heard = null),
  };
  return {
    signal: signal as unknown as AbortSignal,
    abort(reason: unknown = new Error('This operation was aborted')) {
      if (signal.aborted) return;
      signal.aborted = true;
      signal.reason = reason;
      const fn = heard;
      heard = null;
      fn?.();
    },
  };
}
