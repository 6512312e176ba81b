import { EXPLAINED } from './completion.ts';
import { isEventStream } from './completionStream.ts';
import { mixedContent, type Connection } from './connection.ts';
import { remedyFor, unreachable } from './endpointErrors.ts';
import type { FetchHandler } from './port.ts';
import { redact, Redactor } from './redact.ts';

/** Whether an address is there is not asked again sooner. */
const PROBE_MS = 2_000;

type Body = Record<string, unknown>;
/** What some endpoints want otherwise, by what they say when they refuse it. */
const QUIRKS: readonly { readonly says: RegExp; readonly cure: (body: Body) => Body }[] = [
  {
    says: /max_completion_tokens/,
    cure: ({ max_tokens, ...rest }) => ({ ...rest, max_completion_tokens: max_tokens }),
  },
  { says: /stream_options|include_usage/, cure: ({ stream_options: _gone, ...rest }) => rest },
];

/** A stream of events with the key taken out of it, whatever the endpoint may say. */
function withoutKey(response: Response, key: string): Response {
  const redactor = new Redactor(key);
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  const clean = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(piece, controller) {
      const text = redactor.push(decoder.decode(piece, { stream: true }));
      if (text !== '') controller.enqueue(encoder.encode(text));
    },
    flush(controller) {
      const text = redactor.end();
      if (text !== '') controller.enqueue(encoder.encode(text));
    },
  });
  const { status, headers } = response;
  return new Response(response.body!.pipeThrough(clean), {
    status,
    headers: plain(headers, key),
  });
}

/** Headers of an answer without the key; a body that was decoded is no longer as long as they say. */
function plain(headers: Headers, key: string | null): Headers {
  const out = new Headers();
  headers.forEach((value, name) => {
    if (name !== 'content-length' && name !== 'content-encoding') out.set(name, redact(value, key));
  });
  return out;
}

/**
 * An OpenAI-compatible endpoint of the visitor's, behind the handler that the grove asks: whatever host a request names, it
 * goes to `baseUrl` with the key, for `model`. Failures come back explained, with what to do; the key appears in nothing
 * that comes back.
 * @param fetch the browser's own
 * @param pageUrl where the page lies: what a browser lets it ask depends on that
 * @param now ms on a clock that never steps back
 */
export function createRealEndpoint(
  { baseUrl, model, key }: Connection,
  fetch: FetchHandler,
  pageUrl: string,
  now: () => number,
): FetchHandler {
  const quirks = new Set<(typeof QUIRKS)[number]>();
  let probe: { readonly atMs: number; readonly found: Promise<boolean> } | null = null;

  /** Whether anything is at that address, readable or not. The key does not go along. */
  function isThere(): Promise<boolean> {
    if (probe === null || now() - probe.atMs > PROBE_MS)
      probe = {
        atMs: now(),
        found: fetch(new Request(`${baseUrl}/models`, { mode: 'no-cors', credentials: 'omit' })).then(
          () => true,
          () => false,
        ),
      };
    return probe.found;
  }

  const send = (body: Body, signal: AbortSignal): Promise<Response> =>
    fetch(
      new Request(`${baseUrl}/chat/completions`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        },
        body: JSON.stringify([...quirks].reduce((b, quirk) => quirk.cure(b), body)),
        signal,
        credentials: 'omit',
      }),
    );

  async function ask(body: Body, signal: AbortSignal): Promise<Response> {
    try {
      return await send(body, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      throw new TypeError(unreachable(baseUrl, pageUrl, await isThere()));
    }
  }

  return async (request) => {
    const blocked = mixedContent(baseUrl, pageUrl);
    if (blocked !== null) throw new TypeError(blocked);
    const body = { ...((await request.json()) as Body), model };
    for (;;) {
      const response = await ask(body, request.signal);
      if (isEventStream(response)) return key === null ? response : withoutKey(response, key);
      const text = redact(await response.text(), key);
      const headers = plain(response.headers, key);
      const contentType = response.headers.get('content-type') ?? '';
      const { status } = response;
      const quirk = status === 400 ? QUIRKS.find((q) => !quirks.has(q) && q.says.test(text)) : undefined;
      if (quirk !== undefined) {
        quirks.add(quirk);
        continue;
      }
      const remedy = remedyFor({ status, contentType, body: text, baseUrl, model, hasKey: key !== null });
      if (remedy === null) return new Response(text, { status, headers });
      headers.set(EXPLAINED, 'true');
      headers.set('content-type', 'application/json');
      // No credit is a 429 at some endpoints, and a page of HTML a 200: neither is to be tried again.
      const final = status === 429 || status === 200 ? 400 : status;
      return new Response(JSON.stringify({ error: { message: redact(remedy, key) } }), {
        status: final,
        headers,
      });
    }
  };
}
