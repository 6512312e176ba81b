import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FetchHandler } from '../../provider/port.ts';

/** A longer body is refused (413). */
const BODY_BYTES_MAX = 10_000_000;
/** A browser asks leave for a request of another origin once in so many seconds. */
const PREFLIGHT_S = 600;

/** A server on a port of this machine. */
export interface HttpServer {
  readonly url: string;
  /** Ends it, and every answer under way. */
  close(): Promise<void>;
}

/** What a page of another origin may send: all that it asks for; a star would leave `authorization` out (Fetch standard). */
function allowAnyOrigin(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('access-control-allow-origin', '*');
  response.setHeader('vary', 'origin');
  if (request.method !== 'OPTIONS') return;
  response.setHeader('access-control-allow-methods', 'GET, POST, OPTIONS');
  response.setHeader(
    'access-control-allow-headers',
    request.headers['access-control-request-headers'] ?? '*',
  );
  response.setHeader('access-control-max-age', String(PREFLIGHT_S));
  if (request.headers['access-control-request-private-network'] === 'true')
    response.setHeader('access-control-allow-private-network', 'true');
}

/** The body as text; null when it is too long. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function headersOf(request: IncomingMessage): [string, string][] {
  return Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
  );
}

/** Sends an answer's body as it comes, no faster than the client takes it. */
async function pipe(body: ReadableStream<Uint8Array>, to: ServerResponse): Promise<void> {
  const reader = body.getReader();
  to.once('close', () => void reader.cancel().catch(() => undefined));
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    if (!to.write(value)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
  }
}

async function serve(
  handler: FetchHandler,
  origin: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  allowAnyOrigin(incoming, outgoing);
  if (incoming.method === 'OPTIONS') {
    outgoing.writeHead(204).end();
    return;
  }
  const body = await bodyOf(incoming);
  if (body === null) {
    outgoing.writeHead(413, { connection: 'close' }).end();
    return;
  }
  const gone = new AbortController();
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) gone.abort(new Error('the client went away'));
  });
  const method = incoming.method ?? 'GET';
  const request = new Request(new URL(incoming.url ?? '/', origin), {
    method,
    headers: headersOf(incoming),
    body: method === 'GET' || method === 'HEAD' ? null : body,
    signal: gone.signal,
  });
  const response = await handler(request);
  const names: string[] = [];
  response.headers.forEach((value, name) => {
    names.push(name);
    outgoing.setHeader(name, value);
  });
  // A page may read the headers that tell of limits only when they are named.
  outgoing.setHeader('access-control-expose-headers', names.join(', '));
  outgoing.writeHead(response.status);
  outgoing.flushHeaders();
  if (response.body !== null) await pipe(response.body, outgoing);
  outgoing.end();
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  server.listen(port, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/**
 * Serves a fetch handler over HTTP/1.1 to pages of any origin. A client that goes away aborts its request; an answer whose
 * stream fails is cut off, so that the client sees that it is not whole.
 * @param port 0 for any free one
 * @throws Error with the code EADDRINUSE and the like when it cannot listen
 */
export async function serveHttp(handler: FetchHandler, port = 0, host = '127.0.0.1'): Promise<HttpServer> {
  let origin = '';
  const server = createServer((incoming, outgoing) => {
    serve(handler, origin, incoming, outgoing).catch(() => outgoing.destroy());
  });
  const got = await listen(server, port, host);
  origin = `http://${host === '127.0.0.1' ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${got}`;
  return {
    url: origin,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}
