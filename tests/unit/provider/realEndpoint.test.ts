import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createModelClient } from '../../../src/provider/client.ts';
import {
  mixedContent,
  readBaseUrl,
  readKey,
  sourceRefusal,
  virtualRefusal,
} from '../../../src/provider/connection.ts';
import type { FetchHandler, ModelFailure } from '../../../src/provider/port.ts';
import { createRealEndpoint } from '../../../src/provider/realEndpoint.ts';
import { redact, Redactor } from '../../../src/provider/redact.ts';
import { OPEN_DOOR, optionsWith } from '../../harness/hammering.ts';
import { createTestEnv } from '../../harness/testEnv.ts';

const KEY = 'sk-very-secret-1234567890';
const PAGE = 'https://treering.example/some/where/';

interface Asked {
  readonly url: string;
  readonly auth: string | null;
  readonly body: Record<string, unknown>;
}

/** Asks a real endpoint, of which `answer` is the other side, by the grove's own client. */
async function ask(
  answer: (request: Request, body: Record<string, unknown>) => Promise<Response> | Response,
  given: { baseUrl?: string; pageUrl?: string; key?: string | null } = {},
) {
  const env = createTestEnv('real');
  const asked: Asked[] = [];
  const fetch: FetchHandler = async (request) => {
    if (request.method === 'GET') return answer(request, {});
    const body = (await request.clone().json()) as Record<string, unknown>;
    asked.push({ url: request.url, auth: request.headers.get('authorization'), body });
    return answer(request, body);
  };
  const { baseUrl = 'http://localhost:11434/v1', pageUrl = PAGE, key = KEY } = given;
  const endpoint = createRealEndpoint({ baseUrl, model: 'llama3.2', key }, fetch, pageUrl, () => env.now());
  const options = optionsWith({ source: 'url', stream: true, baseUrl, model: 'llama3.2' });
  const client = createModelClient(env, endpoint, OPEN_DOOR, options);
  const promise = client.complete({
    agent: 'a',
    messages: [{ role: 'user', content: 'What of the navy?' }],
    maxTokens: 40,
    deadlineAtMs: env.now() + 30_000,
  });
  await env.advance(31_000);
  return { outcome: await promise, asked };
}

const failureOf = async (...args: Parameters<typeof ask>): Promise<ModelFailure> => {
  const { outcome } = await ask(...args);
  if (outcome.ok) throw new Error('it answered');
  return outcome.error;
};
const json = (status: number, body: unknown): Response => Response.json(body, { status });
const whole = {
  choices: [{ message: { content: 'Eight ships.' } }],
  usage: { prompt_tokens: 9, completion_tokens: 3 },
};

describe('an endpoint of the visitor’s', () => {
  test('is asked at its address, for its model, with its key', async () => {
    const { outcome, asked } = await ask(() => json(200, whole));
    expect(outcome).toMatchObject({ ok: true, value: { text: 'Eight ships.', outputTokens: 3 } });
    expect(asked).toMatchObject([
      {
        url: 'http://localhost:11434/v1/chat/completions',
        auth: `Bearer ${KEY}`,
        body: { model: 'llama3.2', max_tokens: 40, stream: true },
      },
    ]);
    expect((await ask(() => json(200, whole), { key: null })).asked[0]!.auth).toBeNull();
  });

  test('that does not count is counted by estimate', async () => {
    const { outcome } = await ask(() => json(200, { choices: [{ message: { content: 'Eight ships.' } }] }));
    expect(outcome).toMatchObject({ ok: true, value: { inputTokens: 9, outputTokens: 3 } });
  });

  test('that wants a parameter by another name, or not at all, is asked so from then on', async () => {
    const { outcome, asked } = await ask((_r, body) => {
      if ('max_tokens' in body)
        return json(400, {
          error: { message: "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'." },
        });
      if ('stream_options' in body) return json(400, { error: { message: 'stream_options: unknown field' } });
      return json(200, whole);
    });
    expect(outcome.ok).toBe(true);
    expect(asked.at(-1)!.body).toMatchObject({ max_completion_tokens: 40 });
    expect(asked).toHaveLength(3);
  });
});

describe('a failure is explained, with what to do', () => {
  const gone = (): Promise<Response> => Promise.reject(new TypeError('Failed to fetch'));

  test.each([
    [
      'a wrong key',
      () => json(401, { error: { message: `Incorrect API key provided: ${KEY}.` } }),
      /does not accept this API key .*401.*Type it again/,
    ],
    [
      'an unknown model',
      () => json(404, { error: { message: 'model "llama3.2" not found', code: 'model_not_found' } }),
      /does not know the model "llama3.2".*pull it first/,
    ],
    [
      'a wrong base URL, plain',
      () => new Response('404 page not found', { status: 404, headers: { 'content-type': 'text/plain' } }),
      /nothing at http:\/\/localhost:11434\/v1\/chat\/completions .*most end in \/v1/,
    ],
    [
      'a wrong base URL, a web page',
      () => new Response('<!doctype html><title>Hi</title>', { headers: { 'content-type': 'text/html' } }),
      /answered with a web page.*most end in \/v1/,
    ],
    [
      'no credit, as OpenAI says it',
      () => json(429, { error: { message: 'You exceeded your current quota', code: 'insufficient_quota' } }),
      /no credit left.*waiting does not help/,
    ],
    [
      'no credit, as others say it',
      () => json(402, { error: { message: 'Insufficient credits' } }),
      /no credit left/,
    ],
    ['a key that may not', () => json(403, { error: { message: 'no access' } }), /status 403/],
  ] as const)('%s', async (_name, answer, words) => {
    const { message, attempts, reason } = await failureOf(answer);
    expect(message).toMatch(words);
    expect({ attempts, reason }).toEqual({ attempts: 1, reason: 'refused' });
    expect(message).not.toContain(KEY);
  });

  test('no key where one is wanted', async () => {
    expect((await failureOf(() => json(401, {}), { key: null })).message).toMatch(
      /wants an API key.*Type one/,
    );
  });

  test('a server that is there but does not allow the page (CORS), and one that is not there', async () => {
    const cors = await failureOf((r) => (r.mode === 'no-cors' ? new Response(null) : gone()));
    expect(cors.message).toMatch(/\(CORS\).*allow the origin https:\/\/treering\.example.*OLLAMA_ORIGINS/);
    expect((await failureOf(gone)).message).toMatch(
      /Nothing answers at http:\/\/localhost:11434\/v1\. Start the server/,
    );
    const far = await failureOf(gone, { baseUrl: 'https://models.example/v1' });
    expect(far.message).toMatch(/models\.example\/v1 cannot be reached/);
  });

  test('an http address from an https page, unless it is this machine', async () => {
    const far = await failureOf(() => json(200, whole), { baseUrl: 'http://192.168.1.5:8000/v1' });
    expect(far.message).toMatch(/came over https.*Serve the endpoint over https/);
    expect(mixedContent('http://127.0.0.1:1234/v1', PAGE)).toBeNull();
    expect(mixedContent('http://192.168.1.5/v1', 'http://treering.example/')).toBeNull();
  });
});

describe('the key', () => {
  test('comes back in nothing, however the endpoint says it and however its stream is cut', async () => {
    const sse = `data: {"choices":[{"delta":{"content":"Your key is ${KEY}, keep it."},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n`;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(sse.length), { maxLength: 8 }), async (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), sse.length];
        const body = new ReadableStream<Uint8Array>({
          start(c) {
            at.slice(1).forEach((end, i) => c.enqueue(new TextEncoder().encode(sse.slice(at[i], end))));
            c.close();
          },
        });
        const headers = { 'content-type': 'text/event-stream', 'x-echo': KEY };
        const endpoint = createRealEndpoint(
          { baseUrl: 'http://localhost:1/v1', model: 'm', key: KEY },
          () => Promise.resolve(new Response(body, { headers })),
          PAGE,
          () => 0,
        );
        const response = await endpoint(new Request('https://x.invalid/', { method: 'POST', body: '{}' }));
        const text = await response.text();
        expect(text).toBe(sse.replace(KEY, '[key]'));
        expect(response.headers.get('x-echo')).toBe('[key]');
      }),
      { numRuns: 60 },
    );
  });

  test('a redactor of pieces does what one of the whole does', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', 'b', 'aba', 'ab', 'abab', 'x'), { maxLength: 30 }),
        (pieces) => {
          const redactor = new Redactor('abab');
          const out = pieces.map((p) => redactor.push(p)).join('') + redactor.end();
          expect(out).not.toContain('abab');
          expect(out.replaceAll('[key]', 'abab')).toBe(pieces.join(''));
          if (!pieces.join('').includes('ababab')) expect(out).toBe(redact(pieces.join(''), 'abab'));
        },
      ),
    );
  });
});

describe('an address', () => {
  test('is taken with or without its last slash and its path, and refused where it would show a secret', () => {
    for (const given of [
      'http://localhost:11434/v1',
      ' http://localhost:11434/v1/ ',
      'http://localhost:11434/v1/chat/completions',
    ])
      expect(readBaseUrl(given)).toEqual({ ok: true, value: 'http://localhost:11434/v1' });
    const refusal = (given: string): string => {
      const read = readBaseUrl(given);
      return read.ok ? '' : read.error;
    };
    expect(refusal('https://me:secret@host/v1')).toMatch(/name or a password.*own field/);
    expect(refusal('https://host/v1?key=secret')).toMatch(/before \? and #/);
    expect(refusal('localhost:11434')).toMatch(/no address/);
    expect(refusal('')).toMatch(/first/);
    expect(readKey(' k ')).toEqual({ ok: true, value: 'k' });
    expect(readKey('ä').ok).toBe(false);
  });

  test('that a link brings is not asked before the visitor agreed; virtual time has no real model', () => {
    const wanted = { source: 'url', baseUrl: 'https://host/v1', model: 'm' } as const;
    const none = { baseUrl: null, builtIn: false };
    expect(sourceRefusal(wanted, none)).toMatch(
      /sends its prompts to https:\/\/host\/v1\. Agree to that first/,
    );
    expect(sourceRefusal(wanted, { baseUrl: 'https://other/v1', builtIn: true })).not.toBeNull();
    expect(sourceRefusal(wanted, { baseUrl: 'https://host/v1', builtIn: false })).toBeNull();
    expect(sourceRefusal({ ...wanted, model: '' }, none)).toMatch(/provider\.model is empty/);
    expect(sourceRefusal({ ...wanted, source: 'browser' }, none)).toMatch(/built into the browser/);
    expect(sourceRefusal({ ...wanted, source: 'simulated' }, none)).toBeNull();
    expect(virtualRefusal(wanted)).toMatch(/cannot be part of virtual time/);
    expect(virtualRefusal({ source: 'simulated' })).toBeNull();
  });
});
