/** A Request as plain data that `postMessage` carries. Its signal stays behind: abort is a message of its own. */
export interface RequestMessage {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  /** Null for none, as with GET. */
  readonly body: string | null;
}

/** A Response without its body, as plain data. */
export interface ResponseHead {
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly (readonly [string, string])[];
}

/** A Response as plain data. */
export interface ResponseMessage extends ResponseHead {
  /** Null where the status allows no body (204, 205, 304). */
  readonly body: string | null;
}

const pairs = (headers: Headers): [string, string][] => {
  const out: [string, string][] = [];
  headers.forEach((value, name) => out.push([name, value]));
  return out;
};
const mutable = (headers: readonly (readonly [string, string])[]): [string, string][] =>
  headers.map(([name, value]) => [name, value]);

/** Reads the request's body; rejects when it was read already. */
export async function toRequestMessage(request: Request): Promise<RequestMessage> {
  const bodiless = request.method === 'GET' || request.method === 'HEAD';
  return {
    method: request.method,
    url: request.url,
    headers: pairs(request.headers),
    body: bodiless ? null : await request.text(),
  };
}

/** @param signal aborts the rebuilt request */
export function fromRequestMessage(message: RequestMessage, signal?: AbortSignal): Request {
  return new Request(message.url, {
    method: message.method,
    headers: mutable(message.headers),
    body: message.body,
    ...(signal === undefined ? {} : { signal }),
  });
}

export function headOf({ status, statusText, headers }: Response): ResponseHead {
  return { status, statusText, headers: pairs(headers) };
}

/** Reads the response's body; rejects when it was read already. */
export async function toResponseMessage(response: Response): Promise<ResponseMessage> {
  const body = await response.text();
  return { ...headOf(response), body: response.body === null && body === '' ? null : body };
}

export function fromResponseMessage(
  { status, statusText, headers }: ResponseHead,
  body: string | ReadableStream<Uint8Array<ArrayBuffer>> | null,
): Response {
  return new Response(body, { status, statusText, headers: mutable(headers) });
}
